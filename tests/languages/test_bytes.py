"""Amounts of bytes as humanize reads and writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.languages.bytes import BytesError, format_bytes, parse_bytes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("42 B", 42),
        ("10KB", 10_000),
        ("10kb", 10_000),
        ("10KiB", 10_240),
        ("1.5 MB", 1_500_000),
        ("6Gi", 6 << 30),
        ("3G", 3_000_000_000),
        ("1,024 b", 1024),
        ("2TiB", 2 << 40),
        ("1PB", 10**15),
        ("1EiB", 1 << 60),
    ],
)
def test_amounts(text: str, value: int) -> None:
    assert parse_bytes(text) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("many", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("-5MB", 'strconv.ParseFloat: parsing "": invalid syntax'),
        ("1.2.3MB", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
        ("5 parsecs", "unhandled size name: parsecs"),
        ("16EiB", "too large: 16EiB"),
    ],
)
def test_refused_in_the_words_of_humanize(text: str, message: str) -> None:
    with pytest.raises(BytesError) as caught:
        parse_bytes(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0B"), (9, "9B"), (10, "10B"), (999, "999B"), (5000, "5.0kB"), (1_500_000, "1.5MB"), (10_000_000, "10MB")],
)
def test_short_form(value: int, text: str) -> None:
    assert format_bytes(value) == text


@given(st.integers(0, 1 << 62))
def test_short_form_is_close(value: int) -> None:
    assert abs(parse_bytes(format_bytes(value)) - value) <= value * 0.05
