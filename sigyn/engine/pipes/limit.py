"""`| limit 10`, `| offset 10`."""

import numpy as np

from sigyn.engine.pipes.rows import Rows
from sigyn.languages.logql.pipes import Limit, Offset


def run_limit(pipe: Limit, rows: Rows) -> Rows:
    """The first rows."""
    return rows.take(np.arange(min(pipe.count, len(rows)), dtype=np.int64))


def run_offset(pipe: Offset, rows: Rows) -> Rows:
    """All rows but the first."""
    return rows.take(np.arange(min(pipe.count, len(rows)), len(rows), dtype=np.int64))
