"""What is wrong, where, and what would be right, in Loki's language alone: the messages are Loki's, the hints ours."""

import pytest

from sigyn.languages.lexer import render
from sigyn.languages.logql import parse
from sigyn.languages.logql.checks import require_non_empty_matcher
from sigyn.model.errors import ParseError


def error_of(text: str) -> ParseError:
    with pytest.raises(ParseError) as caught:
        parse(text, strict=True)
    assert caught.value.status == 400
    assert caught.value.query == text
    return caught.value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "parse error : syntax error: unexpected $end"),
        (" ", "parse error at line 1, col 2: syntax error: unexpected $end"),
        ("{", "parse error at line 1, col 2: syntax error: unexpected $end, expecting IDENTIFIER or }"),
        ("{bad", "parse error at line 1, col 5: syntax error: unexpected $end, expecting = or =~ or !~ or !="),
        ("{job=", "parse error at line 1, col 6: syntax error: unexpected $end, expecting STRING"),
        ('{a="b"', "parse error at line 1, col 7: syntax error: unexpected $end, expecting } or ,"),
        ('{a="b",}', "parse error at line 1, col 8: syntax error: unexpected }, expecting IDENTIFIER"),
        ('{"a"="b"}', "parse error at line 1, col 2: syntax error: unexpected STRING, expecting IDENTIFIER or }"),
        ('{a="b"} |', "parse error at line 1, col 10: syntax error: unexpected $end"),
        ('{a="b"} |= "a" or', "parse error at line 1, col 18: syntax error: unexpected $end, expecting STRING or ip"),
        ('{a="b"} |= x', "parse error at line 1, col 12: syntax error: unexpected IDENTIFIER, expecting STRING or ip"),
        ('{a="b"} | json x=', "parse error at line 1, col 18: syntax error: unexpected $end, expecting STRING"),
        ('{a="b"} | json x,', "parse error at line 1, col 18: syntax error: unexpected $end, expecting IDENTIFIER"),
        (
            '{a="b"} | logfmt --nosuch',
            "parse error at line 1, col 20: syntax error: unexpected IDENTIFIER, expecting NUMBER",
        ),
        ('{a="b"} | regexp x', "parse error at line 1, col 18: syntax error: unexpected IDENTIFIER, expecting STRING"),
        (
            '{a="b"} | label_format x=5',
            "parse error at line 1, col 26: syntax error: unexpected NUMBER, expecting IDENTIFIER or STRING",
        ),
        ('{a="b"} | x', "parse error at line 1, col 12: syntax error: unexpected $end"),
        ('{a="b"} | x > "y"', "parse error at line 1, col 15: syntax error: unexpected STRING"),
        ('{a="b"} | x =~ 5', "parse error at line 1, col 16: syntax error: unexpected NUMBER, expecting STRING"),
        (
            '{a="b"} | x > 5 and',
            "parse error at line 1, col 20: syntax error: unexpected $end, expecting IDENTIFIER or (",
        ),
        ('{a="b"} | unwrap x', "parse error at line 1, col 11: syntax error: unexpected unwrap"),
        ('{a="b"}\n|= "x" [5m]', "parse error at line 0, col 8: syntax error: unexpected RANGE"),
        ("1 2", "parse error at line 1, col 3: syntax error: unexpected NUMBER"),
        ("1 + 5m", "parse error at line 0, col 5: syntax error: unexpected DURATION"),
        ("vector(-1)", "parse error at line 1, col 8: syntax error: unexpected -, expecting NUMBER"),
        ('sum({a="b"})', "parse error at line 1, col 12: syntax error: unexpected )"),
        ("sum by x (1)", "parse error at line 1, col 8: syntax error: unexpected IDENTIFIER, expecting ("),
        ("sum by (1) (1)", "parse error at line 1, col 9: syntax error: unexpected NUMBER, expecting IDENTIFIER or )"),
        ("sum by (a b) (1)", "parse error at line 1, col 11: syntax error: unexpected IDENTIFIER, expecting , or )"),
        (
            "rate(x[5m])",
            "parse error at line 1, col 6: syntax error: unexpected IDENTIFIER, expecting NUMBER or { or (",
        ),
        ('rate({a="b"})', "parse error at line 1, col 13: syntax error: unexpected )"),
        ('rate({a="b"}[5m]', "parse error at line 1, col 17: syntax error: unexpected $end, expecting )"),
        (
            'rate({a="b"}[5m] offset x)',
            "parse error at line 1, col 25: syntax error: unexpected IDENTIFIER, expecting DURATION",
        ),
        ('rate({a="b"}[5x])', 'parse error at line 0, col 13: unknown unit "x" in duration "5x"'),
        ('rate({a="b"}[])', "parse error at line 0, col 13: empty duration string"),
        ('rate({a="b"}[5m)', "parse error at line 0, col 13: missing closing ']' in duration"),
        ('rate({a="b"}[0s])', 'parse error at line 0, col 13: a range must be longer than nothing: "0s"'),
        ("{a='b'}", "parse error at line 1, col 4: invalid char literal"),
        ('{a="\\d"}', "parse error at line 1, col 4: invalid char escape"),
        ('{a="b', "parse error at line 1, col 4: literal not terminated"),
        ('{a="b"}\n |= `x', "parse error at line 2, col 5: literal not terminated"),
        ('{a="b"} /* x', "parse error at line 1, col 9: comment not terminated"),
        ('{a="b"} ; x', "parse error at line 1, col 9: unexpected character ';'"),
    ],
)
def test_syntax(text: str, message: str) -> None:
    assert str(error_of(text)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{a=~"["}', "error parsing regexp: missing closing ]: `[`"),
        ('{a="b"} | x=~"("', "error parsing regexp: missing closing ): `(`"),
        ('{a="b"} |~ "["', "stage '|~ \"[\"' : error parsing regexp: missing closing ]: `[`"),
        ('{a="b"} |> "<x> y"', "stage '|> \"<x> y\"' : named captures are not allowed"),
        ('{a="b"} |> "<_><_>"', "stage '|> \"<_><_>\"' : found consecutive capture '<_>': invalid expression"),
        ('{a="b"} |= ip("x")', 'stage \'|= ip("x")\' : ip: invalid pattern: "x"'),
        ('{a="b"} |~ ip("::1")', "stage '|~ ip(\"::1\")' : ip: invalid operation"),
        ('{a="b"} | x != ip("1.2.3.4-::1")', 'stage \'| x!=ip("1.2.3.4-::1")\' : ip: invalid pattern: "1.2.3.4-::1"'),
        (
            '{a="b"} | json x="y-z"',
            "stage '| json x=\"y-z\"' : cannot parse expression [y-z]: unexpected char -",
        ),
        ('{a="b"} | regexp "("', "invalid regexp parser: error parsing regexp: missing closing ): `(`"),
        ('{a="b"} | regexp "x"', "invalid regexp parser: at least one named capture must be supplied"),
        ('{a="b"} | regexp "(?P<x>a)(?P<x>b)"', "invalid regexp parser: duplicate extracted label name 'x'"),
        ('{a="b"} | regexp "(?P<9>a)"', "invalid regexp parser: invalid extracted label name '9'"),
        ('{a="b"} | pattern "x"', "invalid pattern parser: at least one capture is required"),
        ('{a="b"} | pattern "<_>"', "invalid pattern parser: at least one capture is required"),
        ('{a="b"} | pattern "<x><y>"', "invalid pattern parser: found consecutive capture '<x>': invalid expression"),
        ('{a="b"} | pattern "<x> <x>"', "invalid pattern parser: duplicate capture name (x): invalid expression"),
        (
            '{a="b"} | line_format "{{ .x"',
            "stage '| line_format \"{{ .x\"' : invalid line template: template: line:1: unclosed action",
        ),
        (
            '{a="b"} | label_format x="{{ y }}"',
            "stage '| label_format x=\"{{ y }}\"' : invalid template for label 'x': "
            'template: label:1: function "y" not defined',
        ),
        (
            '{a="b"} | label_format x=y,x=z',
            "stage '| label_format x=y,x=z' : multiple label name 'x' not allowed in a single format operation",
        ),
        ('{a="b"} | label_format __error__=x', "stage '| label_format __error__=x' : __error__ cannot be formatted"),
        ('rate({a="b"} | unwrap x | y=ip("z") [5m])', 'stage \'| y=ip("z")\' : ip: invalid pattern: "z"'),
        ("0x10", 'unable to parse literal as a float: strconv.ParseFloat: parsing "0x10": invalid syntax'),
        ('count_over_time({a="b"}[5m]) by (x)', "grouping not allowed for count_over_time aggregation"),
        ('sum_over_time({a="b"} | unwrap x [5m]) without (y)', "grouping not allowed for sum_over_time aggregation"),
        ('count_over_time({a="b"} | unwrap x [5m])', "invalid aggregation count_over_time with unwrap"),
        ('sum_over_time({a="b"}[5m])', "invalid aggregation sum_over_time without unwrap"),
        ('quantile_over_time({a="b"} | unwrap x [5m])', "parameter required for operation quantile_over_time"),
        ('rate(5, {a="b"}[5m])', "parameter 5 not supported for operation rate"),
        ('topk(rate({a="b"}[5m]))', "parameter required for operation topk"),
        ('topk(0, rate({a="b"}[5m]))', "invalid parameter (must be greater than 0) topk(0"),
        ('topk(1.5, rate({a="b"}[5m]))', "invalid parameter topk(1.5,"),
        ('sum(5, rate({a="b"}[5m]))', "unsupported parameter for operation sum(5,"),
        ('sort by (x) (rate({a="b"}[5m]))', "sort and sort_desc doesn't allow grouping by"),
        ('approx_topk(5, rate({a="b"}[5m])) by (x)', "grouping not allowed for approx_topk aggregation"),
        ('{a="b"} + 1', "unexpected type for left leg of binary operation (+): *syntax.MatchersExpr"),
        ('1 + {a="b"} | json', "unexpected type for right leg of binary operation (+): *syntax.PipelineExpr"),
        ("1 and 2", "unexpected literal for left leg of logical/set binary operation (and): 1.000000"),
        ("vector(1) or 2 * 3", "unexpected literal for right leg of logical/set binary operation (or): 6.000000"),
        ("1 / 0 unless vector(1)", "unexpected literal for left leg of logical/set binary operation (unless): +nan"),
        (
            'label_replace(rate({a="b"}[5m]), "x", "$1", "y", "(")',
            "invalid regex in label_replace: error parsing regexp: missing closing ): `^(?:()$`",
        ),
    ],
)
def test_meaning(text: str, message: str) -> None:
    error = error_of(text)
    assert str(error) == f"parse error : {message}"
    assert error.line == 1


def test_the_first_slip_is_told() -> None:
    assert "unexpected STRING" in str(error_of("""{a="b" "c" 'd'"""))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("{a=b}", 'a value stands in quotes: "b"'),
        ('{a="b"} |= x', 'a value stands in quotes: "x"'),
        ('{a="b"} | json | level=error', 'a value stands in quotes: "error"'),
        ('{a="b"} | json | level !~ error', 'a value stands in quotes: "error"'),
        ("{a='b'}", "a string stands between double quotes or backquotes: `b`"),
        ('{a=~"\\d"}', r"write \\ for a backslash, or put the string between backquotes: `\d+`"),
        ('{json="x"}', "`json` is a word of the language and can't be a label name here"),
        ('cuont_over_time({a="b"}[5m])', "there is no function `cuont_over_time`; did you mean `count_over_time`?"),
        ("frobnicate(1)", "there is no function `frobnicate`"),
        ("histogram_quantile(0.9, x)", "`histogram_quantile` is a function of PromQL; LogQL has none of that name"),
        (
            "rate(http_requests_total[5m])",
            'a range aggregation takes a log query with a range, and LogQL knows no metric names: {app="shop"}[5m]',
        ),
        (
            'rate(count_over_time({a="b"}[5m]))',
            "a range aggregation takes log lines, not an aggregation; here count_over_time(...) alone may do",
        ),
        ('sum(rate({a="b"}[5m])) by x', "labels stand in parentheses: by (x)"),
        (
            '{a="b"} | stats count() by x',
            "LogQL has no stage `stats`; Sigyn has, unless it is told to take Loki's language alone",
        ),
        ('{a="b"} | stat count() by x', "there is no stage `stat`; did you mean `stats`?"),
        ('{a="b"} | jsn | x="y"', "there is no stage `jsn`; did you mean `json`?"),
        ('{a="b"} | grep "x"', 'there is no stage `grep`; did you mean `|= "text"`?'),
        ('{a="b"} | json | x == "y"', 'text is compared with one `=`: ="y"'),
        ('{a="b"} | size > 5kb', "units of bytes are written B, kB, KB, KiB, MB, MiB, GB, ..."),
        ('{a="b"} | size > 5mb | json', "units of bytes are written B, kB, KB, KiB, MB, MiB, GB, ..."),
        ('rate({a="b"}[$__interval])', "[$__interval] is a variable of Grafana; outside of it write a duration: [5m]"),
        (
            'rate({a="b"} | json | x= [5m])',
            'what stands in front of [5m] is compared with nothing; the empty text is ""',
        ),
        (
            'rate({a="b"} | json | x=~[5m])',
            'what stands in front of [5m] is compared with nothing; the empty text is ""',
        ),
        ('{a="b"} [5m]', "a range belongs into a range aggregation: count_over_time({...}[5m])"),
        ('sum({a="b"})', "an aggregation takes a metric query: count_over_time({...}[5m])"),
        ('{a="b"} and 1', "operators join metric queries, such as count_over_time({...}[5m])"),
        ("1 or vector(1)", "a literal is no vector: vector(1.000000)"),
        ('count_over_time({a="b"}[5m]) by (x)', "group what it gives: sum by (x) (count_over_time(...))"),
        ('{a="b"} |', ""),
        ("{bad", "`{` at line 1, column 1 is still open"),
        ('rate({a="b"}[5m]', "`(` at line 1, column 5 is still open"),
        ('sum(\n  rate({a="b"}[5m])\n', "`(` at line 1, column 4 is still open"),
        ('sum(\n  rate({a="b"}', "`(` at line 2, column 7 and `(` at line 1, column 4 are still open"),
        (
            '((((({a="b"',
            "`{` at line 1, column 6 and `(` at line 1, column 5 and `(` at line 1, column 4 and 3 more are still open",
        ),
        ('sum(rate({a="b"[5m]))', "`{` at line 1, column 10 is still open"),
        ('{a="b" |= "x"}', "`{` at line 1, column 1 is still open"),
        ('sum by (a (rate({a="b"}[5m])))', "`(` at line 1, column 8 is still open"),
        ('sum(rate({a="b"}[5m])}', "`(` at line 1, column 4 is still open"),
        ('{a="b"} | json | (x="}" or y="("', "`(` at line 1, column 18 is still open"),
        ('{a="b"})', ""),
        ("sum by (1) (1)", ""),
        ('{a="b"} |= "x', "the quote at line 1, column 12 is not closed in its line"),
        ('{a="b"}\n|= `x', "the backquote at line 2, column 4 is not closed"),
        ("{a='b}", "a string stands between double quotes or backquotes"),
        ('{a="b"} /* x', "`/*` at line 1, column 9 is not closed: `*/` is missing"),
        ('rate({a="b"}[5m)', "`[` at line 1, column 13 is not closed: `]` is missing"),
        ('rate({a="b"}[5m) / rate({a="b"}[5m])', "`[` at line 1, column 13 is not closed: `]` is missing"),
        (
            '{a="b, c="d"}',
            "the string at line 1, column 4 ends here, at the quote that was to begin the next one",
        ),
    ],
)
def test_hints(text: str, hint: str) -> None:
    assert error_of(text).hint == hint


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        (
            '{app="a"}\n\t| json | level = error',
            "parse error at line 2, col 19: syntax error: unexpected IDENTIFIER\n"
            "   | json | level = error\n"
            "                    ~~~~~\n"
            '  a value stands in quotes: "error"',
        ),
        (
            "{app='a'}",
            "parse error at line 1, col 6: invalid char literal\n"
            "  {app='a'}\n"
            "       ~~~\n"
            "  a string stands between double quotes or backquotes: `a`",
        ),
        (
            '{app="a"} | pattern "none" | json',
            "parse error : invalid pattern parser: at least one capture is required\n"
            '  {app="a"} | pattern "none" | json\n'
            "                      ~~~~~~",
        ),
        (
            '{app="a"',
            "parse error at line 1, col 9: syntax error: unexpected $end, expecting } or ,\n"
            '  {app="a"\n'
            "          ~\n"
            "  `{` at line 1, column 1 is still open",
        ),
    ],
)
def test_rendered(text: str, rendered: str) -> None:
    assert render(error_of(text)) == rendered


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        '{a=""}',
        '{a!="b"}',
        '{a=~".*"}',
        '{a!~"b"}',
        'rate({a="b"}[5m]) / sum(rate({a=~"x?"}[5m]))',
    ],
)
def test_selectors_that_take_all(text: str) -> None:
    query = parse(text)
    expected = (
        "parse error : queries require at least one regexp or equality matcher that does not have an "
        'empty-compatible value. For instance, app=~".*" does not meet this requirement, but app=~".+" will'
    )
    for arguments in ((query,), (query, text)):
        with pytest.raises(ParseError) as caught:
            require_non_empty_matcher(*arguments)
        assert str(caught.value) == expected


@pytest.mark.parametrize("text", ['{a="b"}', '{a=~".+"}', '{a!=""}', '{a!~".*"}', '{a=~".*", c="d"}', "1"])
def test_selectors_that_do_not(text: str) -> None:
    require_non_empty_matcher(parse(text))


MANY = 20_000


@pytest.mark.parametrize(
    "text",
    [
        "(" * MANY,
        "sum(" * MANY,
        "rate(" + "(" * MANY,
        "1" + "+1" * MANY,
        "1" + "^1" * MANY,
        '{a="b"} | ' + "(" * MANY,
        '{a="b"} | x=1' + " or x=1" * MANY,
        '{a="b"} | x=1' + " x=1" * MANY,
    ],
)
def test_too_deep(text: str) -> None:
    assert str(error_of(text)).endswith("the query nests deeper than 150 levels")


@pytest.mark.parametrize(
    "text",
    [
        '{a="b"}' + ' |= "x"' * MANY,
        '{a="b"} |= "x"' + ' or "x"' * MANY,
        "sum by (" + "a," * MANY + "a) (vector(1))",
        "\n" * MANY + "1",
    ],
)
def test_long_is_not_deep(text: str) -> None:
    parse(text)


@pytest.mark.parametrize("text", ['"' + "\\" * MANY, "[" * MANY, "1m" * MANY, "/*" * MANY, "9" * MANY, "'" * MANY])
def test_hostile_text_is_refused(text: str) -> None:
    error_of(text)
