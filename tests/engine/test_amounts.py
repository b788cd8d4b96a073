"""Durations and sizes are read by loops as they are one by one."""

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sigyn.engine.sql.conversions import byte_count, duration_nanoseconds, duration_seconds
from sigyn.engine.sql.mapping import AMOUNT_LOOPS, mapped_texts
from sigyn.engine.sql.steps import Convert

MANY = 5000  # so many that loops are asked

digits = st.text("0123456789", max_size=18)
numbers = st.builds(lambda whole, point, behind: f"{whole}{point}{behind}", digits, st.sampled_from(("", ".")), digits)
time_units = st.sampled_from(("ns", "us", "\u00b5s", "\u03bcs", "ms", "s", "m", "h", "d", "", "S", "x\u00b5", " s"))
durations = st.lists(st.builds(lambda number, unit: number + unit, numbers, time_units), max_size=3).map("".join)
size_units = st.sampled_from(
    ("", "B", "b", "kB", "KB", "K", "MiB", "mib", "Mi", "gb", "TIB", "p", "EB", "ki", "bb", "kx", "ib", "bi")
)
sizes = st.builds(
    lambda number, blank, unit, behind: number + blank + unit + behind,
    numbers | st.sampled_from(("1,000", "1.2.3", "1e3")),
    st.sampled_from(("", " ", "  ", "\t")),
    size_units,
    st.sampled_from(("", " ", ".")),
)
signed = st.builds(lambda sign, text: sign + text, st.sampled_from(("", "", "", "-", "+")), durations | sizes)


@pytest.fixture(scope="module", autouse=True)
def loops() -> None:
    AMOUNT_LOOPS.warm()


@pytest.mark.parametrize("convert", [duration_seconds, duration_nanoseconds, byte_count])
@settings(max_examples=300, deadline=None)
@given(texts=st.lists(st.none() | signed | st.text(max_size=4), min_size=1, max_size=30))
@example(texts=["1.5s", "2h45m", "0.000000001s", "1h0.5ns", "9007199254740993ns", "0", None, ""])
@example(texts=["3KB", "1.1 MiB", ".5k", "5.", "9007199254740993", "16EB", "1 k i", None, ""])
def test_loops_read_what_is_read_one_by_one(convert: Convert, texts: list[str | None]) -> None:
    column = pa.array((texts * MANY)[:MANY], pa.string())
    expected = [None if text is None else convert(text) for text in texts]
    found = mapped_texts(column, convert)
    assert found[: len(texts)].to_pylist() == expected
    assert found.null_count == sum(expected[place % len(texts)] is None for place in range(MANY))
