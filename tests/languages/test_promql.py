"""PromQL over recorded series: what is read, and what is refused where."""

import pytest

from sigyn.languages.logql import ast
from sigyn.languages.promql import INSTANT, LOOK_BACK, metric_names, parse_promql
from sigyn.model.errors import ParseError
from sigyn.model.time import HOUR, MINUTE


def test_a_selector_is_its_newest_sample() -> None:
    query = parse_promql('app:errors:rate5m{app=~"shop|till",} offset 1h')
    assert isinstance(query, ast.RangeAggregation)
    assert query.operator == "last_over_time"
    assert (query.log_range.interval, query.log_range.offset) == (LOOK_BACK, HOUR)
    assert query.log_range.unwrap == ast.Unwrap(INSTANT)
    assert query.log_range.query.selector.matchers == (
        ast.Matcher("__name__", "=", "app:errors:rate5m"),
        ast.Matcher("app", "=~", "shop|till"),
    )


def test_a_function_takes_a_range() -> None:
    query = parse_promql("rate(errors_total[1h5m])")
    assert isinstance(query, ast.RangeAggregation)
    assert (query.operator, query.log_range.interval) == ("rate_counter", 65 * MINUTE)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("a + b * c", "a + (b * c)"),
        ("a - b - c", "(a - b) - c"),
        ("a ^ b ^ c", "a ^ (b ^ c)"),
        ("a or b and c", "a or (b and c)"),
        ("a > b + 1", "a > (b + 1)"),
        ("-a", "-1 * a"),
        ("-2 ^ 2", "-1 * (2 ^ 2)"),
        ("sum(a) by (x)", "sum by (x) (a)"),
        ("increase(a[1m])", "rate(a[1m]) * 60"),
        ("a{x='y\"'}", 'a{x="y\\""}'),
        ("SUM(a) # all of it", "sum(a)"),
        ("a / on (x) group_left (y) b", "a/on(x)group_left(y)b"),
    ],
)
def test_the_same_in_other_words(text: str, same: str) -> None:
    assert parse_promql(text) == parse_promql(same)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("sum(a_total) / b:c > 1", {"a_total", "b:c"}),
        ("histogram_quantile(0.9, sum by (le) (rate(d_bucket[5m])))", {"d_bucket"}),
        ('{job="x"}', set()),
        ('label_replace(a, "x", "$1", "y", "(.*)") or absent(b)', {"a", "b"}),
    ],
)
def test_the_metrics_that_are_read(text: str, names: set[str]) -> None:
    assert metric_names(parse_promql(text)) == names


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("", 1, "syntax error: unexpected end of the query, expecting IDENTIFIER"),
        ("rate(a)", 7, "rate takes a range: rate(name[5m])"),
        ("a[5m]", 2, "a range stands in a function: rate(name[5m])"),
        ("{}", 1, "a selector names its metric, or has a matcher"),
        ("rate(a[1h:5m])", 7, "subqueries are not supported over recorded series"),
        ("a{b~'c'}", 4, "unexpected character '~'"),
        ('a{b=~"("}', 6, "error parsing regexp"),
        ("absent(1)", 8, "absent takes a selector"),
        ("(a", 3, "syntax error: unexpected end of the query, expecting )"),
        ("a b", 3, "syntax error: unexpected IDENTIFIER"),
    ],
)
def test_what_is_refused(text: str, column: int, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_promql(text)
    assert caught.value.column == column
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("sum(rate(a[5m])", "`(` at line 1, column 4 is still open"),
        ("sum(\n  rate(a[5m]\n", "`(` at line 2, column 7 and `(` at line 1, column 4 are still open"),
        ('a{b="c"', "`{` at line 1, column 2 is still open"),
        ("a{b=", "`{` at line 1, column 2 is still open"),
        ('sum(rate(a{b="c"[5m]))', "`{` at line 1, column 11 is still open"),
        ('a{b="c" / 2', "`{` at line 1, column 2 is still open"),
        ("rate(a[5m] / rate(b[5m])", "`(` at line 1, column 5 is still open"),
        ("sum(rate(a[5m]) by (c)", "`(` at line 1, column 4 is still open"),
        ("sum by (a (b)", "`(` at line 1, column 8 is still open"),
        ("sum(a} + 1", "`(` at line 1, column 4 is still open"),
        ('a{b="c', "the quote at line 1, column 5 is not closed in its line"),
        ("a\n{b='c", "the quote at line 2, column 4 is not closed in its line"),
        ("a{b=`c", "the backquote at line 1, column 5 is not closed"),
        ('a{b="c, d="e"}', "the string at line 1, column 5 ends here, at the quote that was to begin the next one"),
        ("rate(a[5m)", "`[` at line 1, column 7 is not closed: `]` is missing"),
        ("rate(a[5m) / rate(b[5m])", "`[` at line 1, column 7 is not closed: `]` is missing"),
        ("rate(a[5x])", ""),
        ("rate(a[${__rate_interval}])", ""),
        ("a b", ""),
        ("sum(a b)", ""),
        ("a)", ""),
        ("sum by (a b) (c)", ""),
        ("sum(frobnicate(a))", ""),
    ],
)
def test_what_is_still_open(text: str, hint: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_promql(text)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('a{b="c', "parse error at line 1, col 5: literal not terminated"),
        ("rate(a[5m)", "parse error at line 1, col 7: missing closing ']' in duration"),
    ],
)
def test_what_has_no_end(text: str, message: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_promql(text)
    assert str(caught.value) == message


def test_a_text_of_any_depth_is_refused_in_time() -> None:
    with pytest.raises(ParseError, match="nests deeper"):
        parse_promql("(" * 5000 + "a")
