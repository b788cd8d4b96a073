"""Compile the kernels, or load them from numba's cache on disk, before the first query needs them."""

import numpy as np
import pyarrow as pa

from sigyn.engine.automata.automaton import automaton_of
from sigyn.engine.automata.lines import find_in_lines
from sigyn.engine.frame import Frame
from sigyn.engine.placed import BUCKET_LOOPS
from sigyn.engine.sql.mapping import AMOUNT_LOOPS
from sigyn.engine.sql.parsing import addressed_lines, parse_lines
from sigyn.engine.sql.steps import PACKED_LINE, Parse
from sigyn.engine.sql.text import column
from sigyn.engine.streams import QueryStreams
from sigyn.languages.logql.ip_pattern import parse_ip_pattern
from sigyn.languages.logql.pattern import Capture
from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store.metadata_text import METADATA_TEXT_LOOPS
from sigyn.store.portion import Portion
from sigyn.store.reader import read_without_arrow, whole_portion
from sigyn.store.rewrite import rewrite
from sigyn.store.shapes.forms import DecimalForm, HexForm, NumberedForm, TimeForm, plain_numbers
from sigyn.store.shapes.lines import FEW_ROWS, rebuild_lines
from sigyn.store.shapes.shaping import ShapeTable
from sigyn.store.shapes.templates import Template, TemplatedForm


def warm_kernels() -> None:
    """Parse one line with every parser. Takes seconds the first time on a machine, else some 100 ms.

    First what a query can't do without where lines are held as shapes and columns: nothing else puts them together.
    """
    _warm_rebuilding()
    lines = pa.table({"line": ['{"a":"b"}', '{"a":"b","_entry":"\\n"}']})
    portion = Portion(2, lambda names: lines.select(list(names)), None, has_metadata=False)
    frame = Frame([portion], np.zeros(2, np.int32), QueryStreams([]))
    wanted = {"a": "a"}
    plain_numbers(pa.array(["1"]))
    parse_lines(Parse("json", column("line"), "hard", "failed", wanted=wanted), frame)
    parse_lines(Parse("logfmt", column("line"), "hard", "failed", wanted=wanted), frame)
    packed = {PACKED_LINE: "packed"} | wanted
    parse_lines(Parse("unpack", column("line"), "hard", "failed", wanted=packed), frame)
    addressed_lines([parse_ip_pattern("10.0.0.1")], "line", frame)
    _warm_shapes()
    BUCKET_LOOPS.warm()
    METADATA_TEXT_LOOPS.warm()
    AMOUNT_LOOPS.warm()
    parse_lines(Parse("pattern", column("line"), "hard", "failed", pieces=("{", Capture("a")), wanted=wanted), frame)


def _warm_rebuilding() -> None:
    """Give the texts of every form, and put lines together."""
    timestamps = np.zeros(1, np.int64)
    HexForm(16).decode("a", {"a": pa.array([bytes(8)], pa.binary(8))}, timestamps)
    for form in (NumberedForm("u"), DecimalForm(1), TimeForm("T", 3, "Z")):
        form.decode("a", {"a": pa.array([1])}, timestamps)
    templated = TemplatedForm((Template(("a ", ""), (0,)),))
    templated.decode("a", {"a": pa.array([0]), "a.1": pa.array([1])}, timestamps)
    count = FEW_ROWS + 1
    rebuild_lines(ShapeTable.of([]), np.full(count, -1, np.int32), {}, pa.array([""] * count))


def _warm_shapes() -> None:
    """Sort, take apart and index entries, read them again, and look for something in their lines."""
    shaped, count = 64, 65
    lines = [
        f'{{"t":"2026-01-01T00:00:{n % 60:02}.000Z","i":"{n:032x}","d":{n}.5,"e":{n}.{n},"u":"user {n}",'
        f'"k":"key {n % 4}","m":"took {n} ms"}}'
        for n in range(shaped)
    ] + ["a text"]
    columns = [[0] * count, [*range(count)], lines, [None] * count, ['{"a":"b"}'] * count]
    entries = pa.table(
        [pa.array(values, field.type) for values, field in zip(columns, ENTRY_SCHEMA, strict=True)], ENTRY_SCHEMA
    )
    (segment,) = rewrite("", [()], entries, 0, shaped, lambda: None)
    portion = whole_portion(segment.body)
    portion.column("line")
    read_without_arrow(segment.body, np.arange(2))
    for text in ("user 7", "key 2"):  # in a column of texts, and in one of codes
        automaton = automaton_of(text, "text")
        assert automaton is not None  # a plain text
        find_in_lines(portion, np.arange(count), automaton)
