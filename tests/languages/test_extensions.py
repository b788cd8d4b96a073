"""What Sigyn's dialect adds to LogQL: how it reads, and how it says what is wrong."""

import pytest

from sigyn.languages.lexer import excerpt
from sigyn.languages.logql import ast, parse, parse_with_infos, pipes, print_query
from sigyn.languages.logql.lowering import lower
from sigyn.languages.logql.pipes.stats import Key, Measure
from sigyn.model.errors import ParseError
from sigyn.model.time import HOUR, MINUTE


def piped(text: str) -> ast.PipedQuery:
    query = parse(text)
    assert isinstance(query, ast.PipedQuery)
    return query


def error_of(text: str) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ('{a="b"} | stats count()', '{a="b"} | stats count() as count'),
        ('{a="b"} | stats by (c) count() n', '{a="b"} | stats count() as n by (c)'),
        (
            '{a="b"}|stats COUNT(*) AS n,SUM(x) By c,_time:5m',
            '{a="b"} | stats count() as n, sum(x) as sum_x by (c, _time:5m)',
        ),
        (
            '{a="b"} | stats quantile(0.999, duration(took)), median(x), count(x), count_uniq(x)',
            '{a="b"} | stats quantile(0.999, duration(took)) as p99_9_took, median(x) as median_x, '
            "count(x) as count_x, count_uniq(x) as count_uniq_x",
        ),
        ('{a="b"} | sort by x, y desc, z asc', '{a="b"} | sort by (x, y desc, z)'),
        ('{a="b"} | order by (x, y desc) desc', '{a="b"} | sort by (x desc, y)'),
        ('{a="b"} | head 3 | offset 2 | limit', '{a="b"} | limit 3 | offset 2 | limit 10'),
        ('{a="b"} | uniq by x, y, x', '{a="b"} | uniq by (x, y)'),
        ('{a="b"} | top by (x)', '{a="b"} | top 10 by (x)'),
        ('{a="b"} | fields x, line', '{a="b"} | fields x, line'),
        ('{a="b"} | math x = y / 2 - -1, y + 1 as z', '{a="b"} | math x = ((y / 2) - -1), z = (y + 1)'),
        ('{a="b"} | math x = max(round(y), 3) ^ 2 ^ z', '{a="b"} | math x = (max(round(y), 3) ^ (2 ^ z))'),
        ('{a="b"} | stats count() | count > 5', '{a="b"} | stats count() as count | where count>5'),
        ('{a="b"} | stats count() | filter count > 5', '{a="b"} | stats count() as count | where count>5'),
        ('{a="b"} | where c = "d" | limit 1', '{a="b"} | c="d" | limit 1'),
        ('{a="b"}[90m]', '{a="b"}[1h30m]'),
        ('{a="b"} | json [1h] | limit 5', '{a="b"} | json[1h] | limit 5'),
        ('{a="b"} [1h] | json | limit 5', '{a="b"} | json[1h] | limit 5'),
        ('{a="b"} | unwrap duration(x) | x > 5', '{a="b"} | unwrap duration(x) | x>5'),
        ('{a="b"} |= i"x" or "y" != i`z`', '{a="b"} |= i"x" or "y" != i"z"'),
        ('{a="b"} | c in ("d", "e") and f NOT IN ("g")', '{a="b"} | ( c in ("d", "e") , f not in ("g") )'),
        ('{a="b"} | c in ({d="e"} | json | fields c)', '{a="b"} | c in ({d="e"} | json | fields c)'),
        ('count({a="b"} | json) by (c)', 'count by (c)({a="b"} | json)'),
        ('sum(rate({a="b"})) by c', 'sum by (c)(rate({a="b"}))'),
        ('sum by c, d (rate({a="b"}[5m])) > 1', '(sum by (c,d)(rate({a="b"}[5m])) > 1)'),
        ('bytes_over_time({a="b"} | json)', 'bytes_over_time({a="b"} | json)'),
        ('histogram_quantile(.9, rate({a="b"}[5m]))', 'histogram_quantile(0.9,rate({a="b"}[5m]))'),
        ('let x = rate({a="b"}[5m]); x / 2;', 'let x = rate({a="b"}[5m]); (x / 2)'),
    ],
)  # fmt: skip
def test_reads_as(text: str, printed: str) -> None:
    tree = parse(text)
    assert print_query(tree) == printed
    assert parse(printed) == tree
    with pytest.raises(ParseError):
        parse(text, strict=True)


@pytest.mark.parametrize(
    "text",
    [
        '{a="b"} | stats="x"',
        '{a="b"} | sort > 5 | limit == 3 | where = "x"',
        '{a="b"} | top =~ "x" | math != 5ms',
        '{in="x", let="y", stats="z"} | in="x" | not != "y"',
        'sum by (stats, sort) (rate({limit="x"} | json fields, math [5m]))',
    ],
)
def test_words_of_pipes_are_labels_to_loki_and_to_us(text: str) -> None:
    tree = parse(text, strict=True)
    assert parse(text) == tree
    extended = parse(text if text.startswith("sum") else f"{text} | limit 5")
    if isinstance(extended, ast.PipedQuery):
        assert extended.query == tree


def test_measures_and_keys() -> None:
    (stats,) = piped('{a="b"} | stats avg(bytes(size)) as mean by (level, _time:5m)').pipes
    assert stats == pipes.Stats((Measure("avg", "mean", "size", "bytes"),), (Key("level"), Key("_time", 5 * MINUTE)))
    text = '{a="b"} | stats count()'
    span = piped(text).pipes[0].span
    assert text[span.start : span.end] == "| stats count()"


@pytest.mark.parametrize(
    ("text", "info"),
    [
        (
            'rate(count_over_time({a="b"}[5m]))',
            "rate(count_over_time(...)) was read as count_over_time(...) per second: rate(...) alone does",
        ),
        (
            'sum(sum_over_time({a="b"} | json | x [1h]))',
            "`| x` in front of the range was read as `| unwrap x`",
        ),
    ],
)
def test_what_was_read_otherwise_is_told(text: str, info: str) -> None:
    parsed = parse_with_infos(text)
    assert parsed.infos == (info,)
    assert parse_with_infos(print_query(parsed.query)).infos == ()


def test_short_forms_become_long_ones() -> None:
    def lowered(text: str) -> str:
        query = parse(text)
        assert not isinstance(query, ast.LogQuery | ast.PipedQuery)
        return print_query(lower(query, HOUR))

    assert lowered('count({a="b"})') == 'sum(count_over_time({a="b"}[1h]))'
    assert lowered('count({a="b"}) by c') == 'sum by (c)(count_over_time({a="b"}[1h]))'
    assert lowered('rate({a="b"})') == 'rate({a="b"}[1h])'
    assert lowered('let x = rate({a="b"}); x / x') == '(rate({a="b"}[1h]) / rate({a="b"}[1h]))'
    assert lowered('let x = rate({a="b"}); let y = x * 2; y') == '(rate({a="b"}[1h]) * 2)'


@pytest.mark.parametrize(
    ("text", "lowered"),
    [
        (
            'let x = rate({a="1"}[5m]); let y = rate({a="2"}[5m]); x / y',
            '(rate({a="1"}[5m]) / ignoring (a) rate({a="2"}[5m]))',
        ),
        (
            'let x = sum by (b) (rate({a="1"}[5m])); let y = sum by (b) (rate({a="2"}[5m])); x / y',
            '(sum by (b)(rate({a="1"}[5m])) / sum by (b)(rate({a="2"}[5m])))',
        ),
        (
            'let x = rate({a="1"}[5m]); let y = rate({a="2"}[5m]); x or y',
            '(rate({a="1"}[5m]) or rate({a="2"}[5m]))',
        ),
        (
            'let x = rate({a="1"}[5m]); let y = rate({a="2"}[5m]); x / on (c) y',
            '(rate({a="1"}[5m]) / on (c) rate({a="2"}[5m]))',
        ),
    ],
)
def test_names_are_joined_by_labels_that_can_match(text: str, lowered: str) -> None:
    query = parse(text)
    assert isinstance(query, ast.Let)
    assert print_query(lower(query, HOUR)) == lowered


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ('{a="b"} | sort count desc', "`sort` needs `by`", "write: | sort by count desc"),
        ('{a="b"} | top 5', "`top` needs `by`", "write: | top 10 by (path)"),
        ('{a="b"} | stats cnt()', "`stats` knows no function `cnt`, only avg, count", "write: | stats count() as n"),
        ('{a="b"} | stats quantile(x)', "`quantile` needs the quantile first", "write: | stats quantile(0.99, dura"),
        ('{a="b"} | stats count() by _time', "`_time` needs the length of its buckets", "write: | stats count() by"),
        ('{a="b"} | stats count(), count()', "`stats` gives two columns the name `count`", "write: | stats sum(x)"),
        ('{a="b"} | limit many', "`limit` needs a whole number here", "write: | limit 10"),
        ('rate({a="b"} | stats count() [5m])', "`stats` is a pipe, and a range aggregation takes", "put the pipes"),
        ('{a="b"} | limit 5 | json', "`json` can't stand behind a pipe", "stages stand in front of pipes"),
        ('{a="b"} | limit 5 |= "x"', "a line filter can't stand behind a pipe", "move it in front of all pipes"),
        ('{a="b"} | math x + 1', "`math` needs a name for what it computes", "write: | math share ="),
        ('{a="b"} | math x = round(1, 2)', "`round` takes 1 argument", "write: "),
        ('let x = {a="b"}; x', "`let` names metric queries", "write: let errors = count_over_time"),
        ("let x = vector(1); let x = vector(2); x", "`x` is bound already", "each name is bound once"),
        ('{a="b"} | stat count()', "syntax error: unexpected COUNT", "there is no stage `stat`; did you mean `stats`?"),
        ('{a="b"} | limit 5 | sotr by x', "there is no pipe `sotr`", "there is no stage `sotr`; did you mean `sort`?"),
    ],
)  # fmt: skip
def test_what_is_wrong(text: str, message: str, hint: str) -> None:
    error = error_of(text)
    assert str(error).startswith(f"parse error at line {error.line}, col {error.column}: {message}")
    assert error.hint.startswith(hint)
    line, marks = excerpt(error).split("\n")
    assert line == text
    assert marks.strip("^ ") == ""


def test_of_two_readings_the_error_of_the_longer_one_is_told() -> None:
    assert "unexpected $end" in str(error_of('{a="b"} | stats count() | x ='))
    assert str(error_of('{a="b",}')) == "parse error at line 1, col 8: syntax error: unexpected }, expecting IDENTIFIER"


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("increase(errors_total[1h])", 'count_over_time({job="shop"} [1h])'),
        ('max(node_load{host="a"})', 'max(last_over_time({host="a"} | json | unwrap node_load [5m]))'),
        ("up{} == 0", 'last_over_time({job="shop"} | json | unwrap up [5m]) == 0'),
    ],
)
def test_promql(text: str, nearest: str) -> None:
    error = error_of(text)
    assert str(error).endswith(f"metrics are not stored yet; over log lines the nearest query is: {nearest}")
    parse(nearest, strict=True)


@pytest.mark.parametrize(
    "text", ["{service=my_service}", '{a="b"} | json | my_label', "sum by (a_b) x", '{a="b"} | x > 5 and a_b', "errors"]
)
def test_not_everything_is_promql(text: str) -> None:
    assert "metrics" not in str(error_of(text))


def test_names_that_multiply_are_bounded() -> None:
    doubled = "let a0 = vector(1); " + " ".join(f"let a{n} = a{n - 1} + a{n - 1};" for n in range(1, 30))
    assert "more than 2000 operations once its names are replaced" in str(error_of(f"{doubled} a29"))
    deep = "let a0 = vector(1); " + " ".join(f"let a{n} = a{n - 1} + 1;" for n in range(1, 200))
    assert str(error_of(f"{deep} a199")).endswith("the query nests deeper than 150 levels")


@pytest.mark.parametrize(
    "text",
    [
        '{a="b"} | c in (' + '{a="b"} | c in (' * 5000,
        '{a="b"} | math x = ' + "(" * 5000,
        '{a="b"} | math x = ' + "-" * 5000 + "1",
        '{a="b"} | math x = y' + " ^ y" * 5000,
        'count({a="b"}) ' + "+ count({})" * 5000,
    ],
)
def test_hostile_text_is_refused(text: str) -> None:
    error_of(text)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ('label_format __error__="x"', "__error__ cannot be formatted"),
        ("label_format x=y, x=z", "multiple label name 'x' not allowed"),
        ('line_format "{{ .x"', "unclosed action"),
    ],
)
def test_a_stage_that_cannot_work_is_told_of_in_front_of_pipes_too(stage: str, message: str) -> None:
    alone, piped = error_of(f'{{a="b"}} | {stage}'), error_of(f'{{a="b"}} | {stage} | stats count() by (x)')
    assert message in str(alone)
    assert str(piped) == str(alone)
    assert (piped.line, piped.column) == (alone.line, alone.column)


@pytest.mark.parametrize(("stage", "meant"), [("jsn", "json"), ("logfm", "logfmt"), ("unpak", "unpack")])
def test_a_slip_of_a_stage_in_front_of_a_range_is_no_number(stage: str, meant: str) -> None:
    with pytest.raises(ParseError, match="unexpected RANGE") as refused:
        parse(f'sum(rate({{a="b"}} | {stage} [5m]))')
    assert refused.value.hint == f"there is no stage `{stage}`; did you mean `{meant}`?"
