"""`ip("...")` finds the same addresses fast and by the interpreter."""

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.engine.interpreter.addresses import compile_addresses
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels
from sigyn.model.time import SECOND
from tests.engine.test_agreement import START, WIDE, Row, World, assert_log_query_agrees, rows_of

EXAMPLES = 3000 if os.environ.get("SIGYN_LONG") else 20
STREAM: Labels = (("app", "shop"),)

PATTERNS = (
    "10.0.0.7", "10.0.0.0/8", "10.0.0.7-10.0.0.9", "0.0.0.0/0", "128.0.0.0/1", "255.255.255.255",
    "2001:db8::/32", "::1",
)  # fmt: skip
lines = st.lists(
    st.sampled_from(
        ("10.0.0.7", "10.0.0.8", "10.0.0.300", "010.0.0.7", "10.0.0", "255.255.255.255", "0.0.0.0", "2001:db8::1",
         "::1", "06:26:10.250", ":80", ".", ".", ":", "::", "1", "12", "123", "7", "a", "abcd", "face", "g", " ", " ",
         "/", "ä")
    ),
    max_size=6,
).map("".join)  # fmt: skip
filters = st.builds(
    lambda operator, patterns: ast.LineFilter(operator, tuple(ast.LineOperand(each, ip=True) for each in patterns)),
    st.sampled_from(("|=", "!=")),
    st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2),
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(entries=rows_of(lines, st.none(), least=16), line_filter=filters)
def test_log_queries_agree(world: World, entries: list[Row], line_filter: ast.LineFilter) -> None:
    assert_log_query_agrees(world, [STREAM], entries, ast.LogQuery(WIDE, (line_filter,)), 100, backward=False)


@pytest.mark.parametrize(
    ("line", "holds"),
    [
        ("10.0.0.7", True),
        ("from 10.0.0.7:80 to", True),
        ("x10.0.0.7x", True),
        ("910.0.0.7", False),
        ("9910.0.0.7", False),
        ("0010.0.0.7", False),
        ("10.0.0.7 abcde:10.0.0.300", True),
        ("abcde:10.0.0.7", False),  # bcde: begins a candidate for IPv6
        ("1234:10.0.0.7", False),
        ("10.0.0.7.", False),
        ("10.0.0.7.1", False),
        ("10.0.0.07", False),
        ("ab:10.0.0.7", False),  # a candidate for IPv6
        ("g:10.0.0.7", True),
        ("::10.0.0.7", False),
        ("10.0.0.256", False),
        ("10.0.0.256 10.0.0.7", True),
    ],
)
def test_what_an_address_is(world: World, line: str, holds: bool) -> None:
    entries = [Row(0, START + place * SECOND, line, None, None, 0) for place in range(20)]
    line_filter = ast.LineFilter("|=" if holds else "!=", (ast.LineOperand("10.0.0.0/8", ip=True),))
    query = ast.LogQuery(WIDE, (line_filter,))
    assert_log_query_agrees(world, [STREAM], entries, query, 100, backward=False)
    assert compile_addresses("10.0.0.0/8")(line) == holds
