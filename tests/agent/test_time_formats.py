"""Formats of the timestamp stage: the fast way and the exact one say the same."""

import cramjam
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.agent.shipping.encode import EntryEncoder, encode_stream
from sigyn.agent.stages.time_formats import PREDEFINED, compile_format
from sigyn.languages.templates.golayout import LAYOUTS, parse_time
from sigyn.wire.loki_protobuf import decode_loki_protobuf

from .pipelines import NOW, SECOND, Bench, HandClock

GO_LAYOUTS = [
    *(LAYOUTS[name] for name in PREDEFINED),
    "2006-01-02T15:04:05.000Z07:00",
    "2006-01-02 15:04:05",
    "2006-01-02 15:04:05.000",
    "2006-01-02 15:04:05,000",
    "2006/01/02 15:04:05.000000 -0700",
    "02/Jan/2006:15:04:05 -0700",
    "2006-01-02T15:04:05.999",
    "20060102150405Z07",
]
DATES = ["2023-02-03", "2023-02-31", "2024-02-29", "2023/02/03", "03/Feb/2023", "20230203", "23-02-03", " 2023-02-03"]
CLOCKS = ["T04:05:06", " 04:05:06", " 4:05:06", ":04:05:06", "  04:05:06", "T24:05:06", "T04:05:60", "040506", "T04:05"]
FRACTIONS = ["", ".1", ".123", ",123", ".123456", ".123456789", ".1234567890", ".", ".12x", "\u0664"]
ZONES = ["", "Z", "+01:00", "-0730", " +0100", " -0700", "+25:00", "z", " UTC", "+01:00 ", "+01"]


@settings(max_examples=400)
@given(
    st.sampled_from(GO_LAYOUTS),
    st.lists(
        st.tuples(
            st.sampled_from(DATES), st.sampled_from(CLOCKS), st.sampled_from(FRACTIONS), st.sampled_from(ZONES)
        ).map("".join),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(["UTC", "America/New_York"]),
)
def test_reads_what_go_reads(layout: str, texts: list[str], location: str) -> None:
    parse = compile_format(layout, location, HandClock())
    for text in texts:
        try:
            expected: int | str = parse_time(layout, text, location)
        except ValueError as error:
            expected = str(error)
        try:
            result: int | str = parse(text)
        except ValueError as error:
            result = str(error)
        assert result == expected, text


@pytest.mark.parametrize(
    ("name", "text", "time"),
    [
        ("Unix", "1562708916", 1562708916 * SECOND),
        ("Unix", "1562708916.000000123", 1562708916 * SECOND + 123),
        ("Unix", "1562708916.5", 1562708916 * SECOND + SECOND // 2),
        ("UnixMs", "1562708916414", 1562708916414 * 10**6),
        ("UnixUs", "1562708916414123", 1562708916414123 * 10**3),
        ("UnixNs", "1562708916000000123", 1562708916000000123),
        ("RFC3339", "2023-02-03T04:05:06+01:00", 1675393506 * SECOND),
        ("Jan 2 15:04:05", "Nov 14 00:00:00", 1699920000 * SECOND),
    ],
)
def test_formats_with_names(name: str, text: str, time: int) -> None:
    assert compile_format(name, "", HandClock())(text) == time


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Unix", "1e9"),
        ("UnixMs", "1.5"),
        ("UnixNs", ""),
        ("Unix", "\u0661"),
        ("Unix", "9223372036854775808"),
        ("Unix", "-9223372036854775809.5"),
        ("UnixMs", "9" * 25),
        ("UnixUs", "-" + "9" * 30),
    ],
)
def test_numbers_that_are_none(name: str, text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        compile_format(name, "", HandClock())(text)


@pytest.mark.parametrize(("name", "unit"), [("Unix", SECOND), ("UnixMs", 10**6)])
def test_the_farthest_times_harm_no_other_entry(name: str, unit: int) -> None:
    """They are no times that a store takes, but those that are pushed with them are."""
    farthest = [-(1 << 63), (1 << 63) - 1]
    stages = f"- regex: {{expression: '(?P<t>.*)'}}\n- timestamp: {{source: t, format: {name}}}"
    entries = Bench(stages).feed(*map(str, farthest), "5")
    message = encode_stream({"app": "a"}, b"".join(EntryEncoder().encode(entries)))
    pushed = decode_loki_protobuf(bytes(cramjam.snappy.compress_raw(message)))
    assert pushed.entries["timestamp"].to_pylist() == [*farthest, 5 * unit]


def test_the_zone_of_a_layout_without_one() -> None:
    parse = compile_format("2006-01-02 15:04:05", "Europe/Berlin", HandClock())
    assert parse("2023-07-01 02:00:00") - parse("2023-01-01 01:00:00") == 181 * 86_400 * SECOND


def test_formats_is_a_list_of_alternatives() -> None:
    stages = "- regex: {expression: '(?P<t>.*)'}\n- timestamp: {source: t, formats: [RFC3339Nano, UnixMs, Unix]}"
    times = [entry.timestamp for entry in Bench(stages).feed("2023-02-03T04:05:06Z", "1562708916414", "never")]
    assert times == [1675397106 * SECOND, 1562708916414 * 10**6, 1562708916414 * 10**6 + 1]


def test_skip_leaves_the_time_of_reading() -> None:
    stages = "- timestamp: {source: nosuch, format: Unix, action_on_failure: skip}"
    assert [entry.timestamp for entry in Bench(stages).feed("x")] == [NOW]
