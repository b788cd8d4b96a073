"""`| fields a, b`."""

import pyarrow as pa

from sigyn.engine.pipes.rows import Rows, TableRows
from sigyn.languages.logql.pipes import Fields


def run_fields(pipe: Fields, rows: Rows) -> Rows:
    """A table of these columns."""
    return TableRows(pa.table({name: rows.column(name) for name in pipe.names}))
