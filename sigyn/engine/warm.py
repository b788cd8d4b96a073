"""Compile the kernels, or load them from numba's cache on disk, before the first query needs them."""

import msgspec
import numpy as np
import pyarrow as pa

from sigyn.engine.automata.automaton import automaton_of
from sigyn.engine.automata.lines import find_in_lines
from sigyn.engine.frame import Frame
from sigyn.engine.sql.parsing import parse_lines
from sigyn.engine.sql.steps import Parse
from sigyn.engine.sql.text import column
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql.pattern import Capture
from sigyn.store.portion import Layout, Portion
from sigyn.store.shapes.forms import plain_numbers
from sigyn.store.shapes.shaping import shape_lines


def warm_kernels() -> None:
    """Parse one line with every parser. Takes seconds the first time on a machine, else some 100 ms."""
    lines = pa.table({"line": ['{"a":"b"}']})
    portion = Portion(1, lambda names: lines.select(list(names)), None, has_metadata=False)
    frame = Frame([portion], np.zeros(1, np.int32), QueryStreams([]))
    wanted = {"a": "a"}
    plain_numbers(pa.array(["1"]))
    parse_lines(Parse("json", column("line"), "hard", "failed", wanted=wanted), frame)
    parse_lines(Parse("logfmt", column("line"), "hard", "failed", wanted=wanted), frame)
    _warm_shapes()
    parse_lines(Parse("pattern", column("line"), "hard", "failed", pieces=("{", Capture("a")), wanted=wanted), frame)


def _warm_shapes() -> None:
    """Take lines apart, put them together again, and look for something in them."""
    stamp = "2026-01-01T00:00:00.000Z"
    lines = pa.array([f'{{"t":"{stamp}","i":"{n:032x}","d":{n}.5,"u":"user {n}","k":"a"}}' for n in range(32)])
    times = np.zeros(len(lines), np.int64)
    shaped = shape_lines(lines, times, len(lines))
    assert shaped is not None  # all have one shape
    columns = {
        "line": pa.nulls(len(lines), pa.string()),
        "shape": pa.array(shaped.of_line),
        "timestamp": pa.array(times),
        **shaped.columns,
    }
    layout = Layout.of(msgspec.json.encode(shaped.table.shapes), msgspec.json.encode(shaped.forms))
    portion = Portion(len(lines), lambda names: pa.table({n: columns[n] for n in names}), layout, has_metadata=False)
    portion.column("line")
    automaton = automaton_of("user 7", is_expression=False)
    assert automaton is not None  # a plain text
    find_in_lines(portion, np.arange(len(lines)), automaton)
