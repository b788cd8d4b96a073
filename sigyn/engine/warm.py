"""Compile the kernels, or load them from numba's cache on disk, before the first query needs them."""

import numpy as np
import pyarrow as pa

from sigyn.engine.frame import Frame
from sigyn.engine.sql.parsing import parse_lines
from sigyn.engine.sql.steps import Parse
from sigyn.engine.sql.text import column
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql.pattern import Capture
from sigyn.store.portion import Portion
from sigyn.store.shapes.forms import plain_numbers


def warm_kernels() -> None:
    """Parse one line with every parser. Takes seconds the first time on a machine, else some 100 ms."""
    lines = pa.table({"line": ['{"a":"b"}']})
    portion = Portion(1, lambda names: lines.select(list(names)), None, has_metadata=False)
    frame = Frame([portion], np.zeros(1, np.int32), QueryStreams([]))
    wanted = {"a": "a"}
    plain_numbers(pa.array(["1"]))
    parse_lines(Parse("json", column("line"), "hard", "failed", wanted=wanted), frame)
    parse_lines(Parse("logfmt", column("line"), "hard", "failed", wanted=wanted), frame)
    parse_lines(Parse("pattern", column("line"), "hard", "failed", pieces=("{", Capture("a")), wanted=wanted), frame)
