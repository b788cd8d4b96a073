"""Binary operations: scalars, series, matching, sets."""

import pytest

from sigyn.model.errors import QueryError
from tests.engine.vectors.blocks import evaluated


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("1 + 2 * 3", "7"),
        ("2 ^ 3 ^ 2", "512"),
        ("2 ^ -1", "0.5"),
        ("7 % 4", "3"),
        ("1 / 0", "nan"),
        ("1 % 0", "nan"),
        ("1 > 2", "0"),
        ("2 >= 2", "1"),
        ("1 > bool 2", "0"),
        ("1 == bool 1", "1"),
    ],
)
def test_scalars(query: str, value: str) -> None:
    assert evaluated(query) == [value]


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("$v + 1", ["a=1: 5 - 1"]),
        ("10 - $v", ["a=1: 6 - 10"]),
        ("$v / 0", ["a=1: nan - nan"]),
        ("8 / $v", ["a=1: 2 - nan"]),
        ("$v % 3", ["a=1: 1 - 0"]),
        ("$v ^ 2", ["a=1: 16 - 0"]),
        ("$v > 3", ["a=1: 4 - -"]),
        ("3 < $v", ["a=1: 4 - -"]),
        ("$v > bool 3", ["a=1: 1 - 0"]),
        ("3 < bool $v", ["a=1: 1 - 0"]),
        ("$v > 9", []),
        ("vector(2) * 3", [": 6 6 6"]),
        ("vector(3) > vector(5)", []),
        ("vector(1) / vector(0)", [": nan nan nan"]),
    ],
)
def test_series_and_scalars(query: str, rows: list[str]) -> None:
    assert evaluated(query, v="a=1: 4 - 0") == rows


LEFT = """
a=1 b=x: 6 6
a=2 b=x: 8 -
a=3 b=x: 9 9
"""
RIGHT = """
a=1 c=k: 2 -
a=2 c=l: 4 4
a=4 c=m: 5 5
"""


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("$l / on(a) $r", ["a=1: 3 -", "a=2: 2 -"]),
        ("$l / ignoring(b, c) $r", ["a=1: 3 -", "a=2: 2 -"]),
        ("$l / $r", []),
        ("$l + $l", ["a=1 b=x: 12 12", "a=2 b=x: 16 -", "a=3 b=x: 18 18"]),
        ("$l > on(a) $r * 3", []),
        ("$l > on(a) $r * 2", ["a=1: 6 -"]),
        ("$l > bool on(a) $r * 2", ["a=1: 1 -", "a=2: 0 -"]),
        ("$l * on(a) group_left $r", ["a=1 b=x: 12 -", "a=2 b=x: 32 -"]),
        ("$l * on(a) group_left(c) $r", ["a=1 b=x c=k: 12 -", "a=2 b=x c=l: 32 -"]),
        ("$l - on(a) group_right(b) $r", ["a=1 b=x c=k: 4 -", "a=2 b=x c=l: 4 -"]),
        ("$l > on(a) group_right $r", ["a=1 c=k: 6 -", "a=2 c=l: 8 -"]),
        ("$l - ignoring(a) group_left sum by (b) ($l)", ["a=1 b=x: -17 -9", "a=2 b=x: -15 -", "a=3 b=x: -14 -6"]),
        ("$l and on(a) $r", ["a=1 b=x: 6 -", "a=2 b=x: 8 -"]),
        ("$l unless on(a) $r", ["a=1 b=x: - 6", "a=3 b=x: 9 9"]),
        ("$l or on(a) $r", ["a=1 b=x: 6 6", "a=2 b=x: 8 -", "a=3 b=x: 9 9", "a=2 c=l: - 4", "a=4 c=m: 5 5"]),
        ("$l and on() vector(1)", ["a=1 b=x: 6 6", "a=2 b=x: 8 -", "a=3 b=x: 9 9"]),
        ("$l unless on() vector(1)", []),
        ("($l > 100) or on() vector(7)", [": 7 7"]),
        ("($l > 8) or $l", ["a=3 b=x: 9 9", "a=1 b=x: 6 6", "a=2 b=x: 8 -"]),
        ("($l > 6) or ($l + 1)", ["a=2 b=x: 8 -", "a=3 b=x: 9 9", "a=1 b=x: 7 7"]),
    ],
)  # fmt: skip
def test_series(query: str, rows: list[str]) -> None:
    assert evaluated(query, l=LEFT, r=RIGHT) == rows


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("$l + on(b) $l", "found duplicate series on the right hand-side;many-to-many matching not allowed"),
        ("$l + on(b) sum by (b) ($l)", "multiple matches for labels: many-to-one matching must be explicit"),
        ("sum by (b) ($l) * on(b) $l", "found duplicate series on the right hand-side"),
        ("$l * on(b) group_left $l", "found duplicate series on the right hand-side"),
        ("$l * on(b) group_right $l", "found duplicate series on the left hand-side"),
        ("$l * on(b) group_left(a) sum by (b) ($l)", "grouping labels must ensure unique matches"),
    ],
)
def test_ambiguity_is_refused(query: str, message: str) -> None:
    with pytest.raises(QueryError, match=message):
        evaluated(query, l=LEFT)


def test_series_of_one_signature_take_turns() -> None:
    turns = """
    a=1 pod=old: 2 -
    a=1 pod=new: - 4
    """
    assert evaluated("$l * on(a) $r", l="a=1: 10 10", r=turns) == ["a=1: 20 40"]
    assert evaluated("$r * on(a) $l", l="a=1: 10 10", r=turns) == ["a=1: 20 40"]
    assert evaluated("$l * on(a) group_left(pod) $r", l="a=1: 10 10", r=turns) == [
        "a=1 pod=old: 20 -",
        "a=1 pod=new: - 40",
    ]
