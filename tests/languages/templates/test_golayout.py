"""Go's time layouts, written and read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.templates.golayout import LAYOUTS, FixedZone, format_time, load_zone, parse_in_zone, parse_time

MOMENT = 1_770_094_805_006_700_089
"""2026-02-03T05:00:05.006700089Z"""


def ns(text: str) -> int:
    """Nanoseconds of an ISO time with at most microseconds."""
    moment = datetime.fromisoformat(text)
    delta = moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1_000_000_000 + delta.microseconds * 1000


@pytest.mark.parametrize(
    ("layout", "expected"),
    [
        ("2006-01-02T15:04:05.999999999Z07:00", "2026-02-03T05:00:05.006700089Z"),
        ("2006 06", "2026 26"),
        ("01 1 Jan January", "02 2 Feb February"),
        ("Monday Mon", "Tuesday Tue"),
        ("2 _2 02", "3  3 03"),
        ("__2 002", " 34 034"),
        ("15 3 03 PM pm", "05 5 05 AM am"),
        ("4 04 5 05", "0 00 5 05"),
        ("05.000 05.0 05,00", "05.006 05.0 05,00"),
        (".999 .99 .9 ,999999 .999999999", ".006   ,0067 .006700089"),
        (".000000000000", ".006700089"),
        ("MST", "UTC"),
        ("-0700 -07:00 -07 -070000 -07:00:00", "+0000 +00:00 +00 +000000 +00:00:00"),
        ("Z0700 Z07:00 Z07 Z070000 Z07:00:00", "Z Z Z Z Z"),
        ("Janet Month Monkey 0 7 9 x", "Janet Month Monkey 0 7 9 x"),
        ("_2006 __2006", "_2026  34026"),
        ("20060102150405", "20260203050005"),
        ("Jan2", "Feb3"),
        ("5.0001", "5.0002"),
        ("", ""),
        ("été", "été"),
    ],
)
def test_format(layout: str, expected: str) -> None:
    assert format_time(MOMENT, layout) == expected


@pytest.mark.parametrize(
    ("zone", "expected"),
    [
        ("UTC", "2026-02-03 05:00 UTC +0000 Z"),
        ("Local", "2026-02-03 05:00 UTC +0000 Z"),
        ("America/New_York", "2026-02-03 00:00 EST -0500 -05:00"),
        ("Asia/Kolkata", "2026-02-03 10:30 IST +0530 +05:30"),
        (FixedZone("", -12_600), "2026-02-03 01:30 -0330 -0330 -03:30"),
        (FixedZone("XYZ", 0), "2026-02-03 05:00 XYZ +0000 Z"),
    ],
)
def test_format_in_zone(zone: str | FixedZone, expected: str) -> None:
    assert format_time(MOMENT, "2006-01-02 15:04 MST -0700 Z07:00", zone) == expected


def test_format_seconds_of_an_offset() -> None:
    zone = FixedZone("LMT", -(3 * 3600 + 25 * 60 + 7))
    assert format_time(0, "-07:00:00 -070000 -0700 -07", zone) == "-03:25:07 -032507 -0325 -03"


@pytest.mark.parametrize(
    ("hour", "expected"),
    [(0, "12 12 AM am"), (1, "1 01 AM am"), (12, "12 12 PM pm"), (13, "1 01 PM pm"), (23, "11 11 PM pm")],
)
def test_twelve_hours(hour: int, expected: str) -> None:
    assert format_time(hour * 3600 * 10**9, "3 03 PM pm") == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Layout", "02/03 05:00:05AM '26 +0000"),
        ("ANSIC", "Tue Feb  3 05:00:05 2026"),
        ("UnixDate", "Tue Feb  3 05:00:05 UTC 2026"),
        ("RubyDate", "Tue Feb 03 05:00:05 +0000 2026"),
        ("RFC822", "03 Feb 26 05:00 UTC"),
        ("RFC822Z", "03 Feb 26 05:00 +0000"),
        ("RFC850", "Tuesday, 03-Feb-26 05:00:05 UTC"),
        ("RFC1123", "Tue, 03 Feb 2026 05:00:05 UTC"),
        ("RFC1123Z", "Tue, 03 Feb 2026 05:00:05 +0000"),
        ("RFC3339", "2026-02-03T05:00:05Z"),
        ("RFC3339Nano", "2026-02-03T05:00:05.006700089Z"),
        ("Kitchen", "5:00AM"),
        ("Stamp", "Feb  3 05:00:05"),
        ("StampMilli", "Feb  3 05:00:05.006"),
        ("StampMicro", "Feb  3 05:00:05.006700"),
        ("StampNano", "Feb  3 05:00:05.006700089"),
        ("DateTime", "2026-02-03 05:00:05"),
        ("DateOnly", "2026-02-03"),
        ("TimeOnly", "05:00:05"),
    ],
)
def test_named_layouts(name: str, expected: str) -> None:
    assert format_time(MOMENT, LAYOUTS[name]) == expected
    assert set(LAYOUTS) >= {name}
    assert format_time(parse_time(LAYOUTS[name], expected), LAYOUTS[name]) == expected


@pytest.mark.parametrize(
    ("layout", "text", "expected"),
    [
        ("2006-01-02", "2023-02-03", "2023-02-03T00:00:00"),
        ("2006-01-02 15:04:05", "2023-02-03 04:05:06.123456", "2023-02-03T04:05:06.123456"),
        ("2006-01-02 15:04:05", "2023-02-03 4:05:06,5", "2023-02-03T04:05:06.500"),
        ("2006-01-02 15:04:05.000", "2023-02-03 04:05:06,789", "2023-02-03T04:05:06.789"),
        ("2006-01-02 15:04:05.999", "2023-02-03 04:05:06", "2023-02-03T04:05:06"),
        ("2006-01-02 15:04:05.999", "2023-02-03 04:05:06.1234560", "2023-02-03T04:05:06.123456"),
        ("15:04:05 .000", "04:05:06 .123", "0000"),
        ("2006-01-02T15:04:05Z07:00", "2023-02-03T04:05:06Z", "2023-02-03T04:05:06"),
        ("2006-01-02T15:04:05Z07:00", "2023-02-03T04:05:06+05:30", "2023-02-02T22:35:06"),
        ("2006-01-02T15:04:05Z0700", "2023-02-03T04:05:06-0130", "2023-02-03T05:35:06"),
        ("2006-01-02T15:04:05-07", "2023-02-03T04:05:06-02", "2023-02-03T06:05:06"),
        ("2006-01-02T15:04:05-07:00:00", "2023-02-03T04:05:06-00:00:06", "2023-02-03T04:05:12"),
        ("2006-01-02 15:04 MST", "2023-02-03 04:05 UTC", "2023-02-03T04:05:00"),
        ("2006-01-02 15:04 MST", "2023-02-03 04:05 PST", "2023-02-03T04:05:00"),
        ("2006-01-02 15:04 MST", "2023-02-03 04:05 GMT+3", "2023-02-03T04:05:00"),
        ("2006-01-02 15:04 MST", "2023-02-03 04:05 +03", "2023-02-03T04:05:00"),
        ("2006-01-02 15:04 MST", "2023-02-03 04:05 WITA", "2023-02-03T04:05:00"),
        ("Monday, January 2, 2006 3:04:05 PM", "friday, FEBRUARY 3, 2023 12:00:00 AM", "2023-02-03T00:00:00"),
        ("3:04pm 2006", "12:30pm 2023", "2023-01-01T12:30:00"),
        ("Jan _2 2006", "Feb  3 2023", "2023-02-03T00:00:00"),
        ("Jan _2 2006", "Feb 13 2023", "2023-02-13T00:00:00"),
        ("Jan 2 2006", "Feb    3    2023", "2023-02-03T00:00:00"),
        ("06-002", "23-034", "2023-02-03T00:00:00"),
        ("06-002", "69-001", "1969-01-01T00:00:00"),
        ("06-002", "68-366", "2068-12-31T00:00:00"),
        ("2006 __2", "2024  60", "2024-02-29T00:00:00"),
        ("2006 __2 Jan 2", "2024 366 Dec 31", "2024-12-31T00:00:00"),
        ("2006", "2023", "2023-01-01T00:00:00"),
        ("02.01.2006 15h", "03.02.2023 04h", "2023-02-03T04:00:00"),
        ("20060102150405", "20230203040506", "2023-02-03T04:05:06"),
        ("2006-01-02 é", "2023-02-03 é", "2023-02-03T00:00:00"),
    ],
)
def test_parse(layout: str, text: str, expected: str) -> None:
    if expected == "0000":
        assert parse_time(layout, text) == ns("0001-01-01T04:05:06.123") - 366 * 86_400 * 10**9
    else:
        assert parse_time(layout, text) == ns(expected)


@pytest.mark.parametrize(
    ("layout", "text", "zone", "expected"),
    [
        ("2006-01-02", "2025-12-31", "America/New_York", "2025-12-31T05:00:00"),
        ("2006-01-02 15:04", "2024-07-01 12:00", "Europe/Berlin", "2024-07-01T10:00:00"),
        ("2006-01-02 15:04", "2024-12-01 12:00", "Europe/Berlin", "2024-12-01T11:00:00"),
        # Skipped by the clocks, and shown twice.
        ("2006-01-02 15:04", "2024-03-31 02:30", "Europe/Berlin", "2024-03-31T01:30:00"),
        ("2006-01-02 15:04", "2024-10-27 02:30", "Europe/Berlin", "2024-10-27T01:30:00"),
        ("2006-01-02 15:04 MST", "2024-07-01 12:00 CEST", "Europe/Berlin", "2024-07-01T10:00:00"),
        ("2006-01-02 15:04 MST", "2024-07-01 12:00 CET", "Europe/Berlin", "2024-07-01T11:00:00"),
        ("2006-01-02 15:04 MST", "2024-07-01 12:00 PST", "Europe/Berlin", "2024-07-01T12:00:00"),
        ("2006-01-02 15:04 Z07:00", "2024-07-01 12:00 Z", "Europe/Berlin", "2024-07-01T12:00:00"),
        ("2006-01-02 15:04 -0700", "2024-07-01 12:00 +0900", "Europe/Berlin", "2024-07-01T03:00:00"),
    ],
)
def test_parse_in_zone(layout: str, text: str, zone: str, expected: str) -> None:
    assert parse_time(layout, text, zone) == ns(expected)


@pytest.mark.parametrize(
    ("layout", "text", "zone", "shown"),
    [
        ("2006-01-02 -0700", "2024-07-01 +0200", "Europe/Berlin", "+0200 CEST"),
        ("2006-01-02 -0700", "2024-07-01 +0900", "Europe/Berlin", "+0900 +0900"),
        ("2006-01-02 MST", "2024-07-01 PST", "UTC", "+0000 PST"),
        ("2006-01-02 MST", "2024-07-01 GMT-8", "UTC", "-0800 GMT-8"),
        ("2006-01-02 MST -0700", "2024-07-01 ABC +0100", "UTC", "+0100 ABC"),
    ],
)
def test_zone_of_the_text(layout: str, text: str, zone: str, shown: str) -> None:
    moment, place = parse_in_zone(layout, text, zone)
    assert format_time(moment, "-0700 MST", place) == shown


@pytest.mark.parametrize(
    ("layout", "text", "reason"),
    [
        ("2006-01-02", "garbage", ' as "2006-01-02": cannot parse "garbage" as "2006"'),
        ("2006-01-02", "2023-02-03x", ': extra text: "x"'),
        ("2006-01-02", "2023-13-03", ": month out of range"),
        ("2006-01-02", "2023-02-30", ": day out of range"),
        ("2006-01-02", "2023-02-00", ": day out of range"),
        ("2006-01-02", "2023-2-3", ' as "2006-01-02": cannot parse "2-3" as "01"'),
        ("2006-01-02", "2023/02/03", ' as "2006-01-02": cannot parse "/02/03" as "-"'),
        ("15:04", "24:00", ": hour out of range"),
        ("03:04", "13:00", ": hour out of range"),
        ("15:04", "12:60", ": minute out of range"),
        ("15:04:05", "12:00:60", ": second out of range"),
        ("15:04:05.000", "12:00:01.7", ' as "15:04:05.000": cannot parse ".7" as ".000"'),
        ("15:04:05.000", "12:00:01", ' as "15:04:05.000": cannot parse "" as ".000"'),
        ("3PM", "3pm", ' as "3PM": cannot parse "pm" as "PM"'),
        ("Jan", "Foo", ' as "Jan": cannot parse "Foo" as "Jan"'),
        ("Monday", "Caturday", ' as "Monday": cannot parse "Caturday" as "Monday"'),
        ("-0700", "+2500", ": time zone offset hour out of range"),
        ("-07:00", "+0100", ' as "-07:00": cannot parse "+0100" as "-07:00"'),
        ("Z07:00", "X", ' as "Z07:00": cannot parse "X" as "Z07:00"'),
        ("MST", "ab", ' as "MST": cannot parse "ab" as "MST"'),
        ("MST", "ABCD", ' as "MST": cannot parse "ABCD" as "MST"'),
        ("2006 002", "2023 366", ": day-of-year out of range"),
        ("2006 002 Jan", "2023 034 Mar", ": day-of-year does not match month"),
        ("2006 002 2", "2023 034 5", ": day-of-year does not match day"),
        ("2006 002", "2023 34", ' as "2006 002": cannot parse "34" as "002"'),
        ("2006 x", "2023", ' as "2006 x": cannot parse "" as " x"'),
        ("2006", 'é"', ' as "2006": cannot parse "\\xc3\\xa9\\"" as "2006"'),
    ],
)
def test_parse_errors(layout: str, text: str, reason: str) -> None:
    with pytest.raises(ValueError, match="parsing time") as caught:
        parse_time(layout, text)
    shown = '"\\xc3\\xa9\\""' if text == 'é"' else f'"{text}"'
    assert str(caught.value) == f"parsing time {shown}{reason}"


def test_unknown_zone() -> None:
    for name in ("Nowhere/Else", "../etc/passwd", "Europe"):
        with pytest.raises(ValueError, match="unknown time zone"):
            load_zone(name)


def test_years_beyond_those_of_datetime() -> None:
    layout = LAYOUTS["RFC3339"]
    assert format_time(-62_135_596_801 * 10**9, layout) == "0000-12-31T23:59:59Z"
    assert format_time(-62_167_219_201 * 10**9, layout) == "-0001-12-31T23:59:59Z"
    assert format_time(253_402_300_800 * 10**9, layout, "Asia/Tokyo") == "10000-01-01T09:00:00+09:00"
    assert parse_time(layout, "0000-01-01T00:00:00Z") == -62_167_219_200 * 10**9


@given(
    st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30)),
    st.integers(0, 999),
    st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_what_is_written_reads_back(moment: datetime, nanoseconds: int, zone: str) -> None:
    value = ns(moment.isoformat()) + nanoseconds
    for layout in (
        "2006-01-02T15:04:05.999999999Z07:00:00",
        "Mon Jan _2 03:04:05.000000000PM -070000 2006",
        "2006 002 15:4:5.999999999 -07:00:00",
    ):
        assert parse_time(layout, format_time(value, layout, zone), zone) == value


@given(st.datetimes(), st.sampled_from(["%Y-%m-%d %H:%M:%S", "%a %b %d %j %y", "%A %B %I %p"]))
def test_agrees_with_strftime(moment: datetime, pattern: str) -> None:
    elements = {
        "%Y": "2006", "%m": "01", "%d": "02", "%H": "15", "%M": "04", "%S": "05",
        "%a": "Mon", "%b": "Jan", "%j": "002", "%y": "06", "%A": "Monday", "%B": "January", "%I": "03", "%p": "PM",
    }  # fmt: skip
    layout = pattern
    for code, element in elements.items():
        layout = layout.replace(code, element)
    if "%Y" in pattern:
        # strftime writes years before 1000 with fewer digits; 2000 years later is a leap year where this one is.
        moment = moment.replace(year=moment.year + 2000 if moment.year < 1000 else moment.year)
    assert format_time(ns(moment.isoformat()), layout) == moment.strftime(pattern)


def outcome(layout: str, text: str) -> str:
    try:
        parse_time(layout, text)
    except ValueError as error:
        return str(error)
    return "read"


@given(st.text(alphabet="0123456789:-+., JanMonPMZST_", max_size=30), st.text(max_size=20))
def test_any_layout_formats_and_parses_or_refuses(layout: str, text: str) -> None:
    for candidate in (format_time(MOMENT, layout), text):
        assert outcome(layout, candidate).startswith(("read", "parsing time "))
