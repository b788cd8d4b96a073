"""Compile the kernels, or load them from numba's cache on disk, before the first query needs them."""

import numpy as np
import pyarrow as pa

from sigyn.engine.kernels.json import extract_json
from sigyn.engine.kernels.logfmt import extract_logfmt
from sigyn.engine.kernels.pattern import extract_pattern
from sigyn.engine.kernels.slices import joined, room, slice_column, string_buffers


def warm_kernels() -> None:
    """Run every kernel once on one line. Takes seconds the first time on a machine, else some 100 ms."""
    data, offsets = string_buffers(pa.array(['{"a":"b"}']))
    rows = np.zeros(1, np.int64)
    names, ends = joined([b"a"])
    starts, lengths, hard = room(1, 1)
    extract_json(data, offsets, rows, names, ends, starts, lengths, hard, np.zeros(1, np.bool_))
    extract_logfmt(data, offsets, rows, names, ends, False, starts, lengths, hard)
    extract_pattern(data, offsets, rows, names, ends, np.zeros(1, np.bool_), starts, lengths)
    slice_column(data, starts[0], lengths[0])
