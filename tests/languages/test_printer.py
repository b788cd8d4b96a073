"""Every tree prints as text that parses to the same tree."""

from hypothesis import HealthCheck, given, settings

from sigyn.languages.logql import ast, format_query, parse, print_query
from tests.languages import strategies


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.queries())
def test_printed_text_parses_to_the_same_tree(query: ast.Query) -> None:
    assert parse(print_query(query)) == query


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.queries())
def test_text_over_several_lines_parses_to_the_same_tree(query: ast.Query) -> None:
    assert parse(format_query(print_query(query))) == query
