"""Vector aggregations, step by step."""

import math
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.engine.vectors.aggregations import aggregate
from sigyn.model.errors import QueryError
from tests.engine.vectors.blocks import block, evaluated, text_of

SERIES = """
a=1 b=x: 1 2 -
a=1 b=y: 3 - -
a=2 b=x: 5 nan -
b=z: 7 8 9
"""


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("sum($v)", [": 16 nan 9"]),
        ("sum by (a) ($v)", [": 7 8 9", "a=1: 4 2 -", "a=2: 5 nan -"]),
        ("sum by (a, nosuch) ($v)", [": 7 8 9", "a=1: 4 2 -", "a=2: 5 nan -"]),
        ("sum without (b) ($v)", [": 7 8 9", "a=1: 4 2 -", "a=2: 5 nan -"]),
        ("sum without () ($v)", ["a=1 b=x: 1 2 -", "a=1 b=y: 3 - -", "a=2 b=x: 5 nan -", "b=z: 7 8 9"]),
        ("count($v)", [": 4 3 1"]),
        ("avg by (a) ($v)", [": 7 8 9", "a=1: 2 2 -", "a=2: 5 nan -"]),
        ("min($v)", [": 1 2 9"]),
        ("max($v)", [": 7 8 9"]),
        ("max by (a) ($v)", [": 7 8 9", "a=1: 3 2 -", "a=2: 5 nan -"]),
        ("stdvar by (a) ($v)", [": 0 0 0", "a=1: 1 0 -", "a=2: 0 nan -"]),
        ("stddev by (a) ($v * 2)", [": 0 0 0", "a=1: 2 0 -", "a=2: 0 nan -"]),
        ("topk(2, $v)", ["a=1 b=x: - 2 -", "a=2 b=x: 5 - -", "b=z: 7 8 9"]),
        ("topk(3, $v)", ["a=1 b=x: - 2 -", "a=1 b=y: 3 - -", "a=2 b=x: 5 nan -", "b=z: 7 8 9"]),
        ("topk by (b) (1, $v)", ["a=1 b=x: - 2 -", "a=2 b=x: 5 - -", "a=1 b=y: 3 - -", "b=z: 7 8 9"]),
        ("bottomk(1, $v)", ["a=1 b=x: 1 2 -", "b=z: - - 9"]),
        ("sort($v)", ["a=1 b=x: 1 2 -", "a=1 b=y: 3 - -", "a=2 b=x: 5 nan -", "b=z: 7 8 9"]),
    ],
)
def test_over_steps(query: str, rows: list[str]) -> None:
    assert evaluated(query, v=SERIES) == rows


AT_ONE_TIME = """
a=1: 2
a=2: nan
a=3: 9
a=4: 2
"""


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("sort($v)", ["a=1: 2", "a=4: 2", "a=3: 9", "a=2: nan"]),
        ("sort_desc($v)", ["a=3: 9", "a=1: 2", "a=4: 2", "a=2: nan"]),
        ("topk(2, $v)", ["a=3: 9", "a=1: 2"]),
        ("bottomk(1, $v)", ["a=1: 2"]),
        ("topk(9, $v)", ["a=3: 9", "a=1: 2", "a=4: 2", "a=2: nan"]),
        ("sort(vector(1) > 2)", []),
        ("topk(1, vector(1) > 2)", []),
    ],
)
def test_order_at_one_time(query: str, rows: list[str]) -> None:
    assert evaluated(query, v=AT_ONE_TIME) == rows


def test_ties_do_not_depend_on_the_order_of_series() -> None:
    assert evaluated("topk(1, $v)", v="a=2: 5\na=1: 5\na=3: 5") == ["a=1: 5"]
    assert evaluated("sort($v)", v="a=2: 5\na=1: 5\na=3: 4") == ["a=3: 4", "a=1: 5", "a=2: 5"]


def test_approx_topk_is_refused() -> None:
    with pytest.raises(QueryError, match="approx_topk is not enabled"):
        evaluated("approx_topk(1, $v)", v=AT_ONE_TIME)


def test_nothing_stays_nothing() -> None:
    assert evaluated("sum(vector(1) > 2)") == []


@given(
    st.lists(st.lists(st.sampled_from(["-", "nan", "-inf", "inf", "0", "1", "2"]), min_size=2, max_size=2), max_size=9),
    st.integers(-1, 11),
    st.sampled_from(["topk", "bottomk"]),
)
def test_the_best_are_those_that_come_first_when_sorted(
    rows: list[list[str]], k: int, operator: Literal["topk", "bottomk"]
) -> None:
    sign = -1 if operator == "topk" else 1
    shown: list[list[str]] = [["-", "-"] for _ in rows]
    for step in range(2):
        there = [place for place, row in enumerate(rows) if row[step] != "-"]
        numbers = [place for place in there if not math.isnan(float(rows[place][step]))]
        numbers.sort(key=lambda place: sign * float(rows[place][step]))
        for place in [*numbers, *(place for place in there if place not in numbers)][: max(k, 0)]:
            shown[place][step] = rows[place][step]
    lines = [f"a={place}: {' '.join(row)}" for place, row in enumerate(rows)]
    expected = [f"a={place}: {' '.join(row)}" for place, row in enumerate(shown) if row != ["-", "-"]]
    assert text_of(aggregate(operator, block("\n".join(lines), steps=2), None, k)) == expected
