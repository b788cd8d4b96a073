"""What each construct of LogQL parses to."""

import pytest

from sigyn.languages.logql import ast, parse, parse_selector
from sigyn.languages.logql.ast import (
    And,
    BytesPredicate,
    Drop,
    DurationPredicate,
    Extraction,
    IpPredicate,
    JsonParser,
    Keep,
    LabelAssignment,
    LabelChoice,
    LabelFilter,
    LabelFormat,
    LineFilter,
    LineFormat,
    LineOperand,
    LogfmtParser,
    Matcher,
    NumberPredicate,
    Or,
    PatternParser,
    RegexpParser,
    StringPredicate,
    Unpack,
    Unwrap,
)
from sigyn.model.errors import ParseError
from sigyn.model.time import DAY, HOUR, MINUTE, SECOND, WEEK

SELECTOR = ast.Selector((Matcher("a", "=", "b"),))
LOGS = ast.LogQuery(SELECTOR)
RATE = ast.RangeAggregation("rate", ast.LogRange(LOGS, 5 * MINUTE))


def stages_of(text: str) -> tuple[ast.Stage, ...]:
    query = parse(f'{{a="b"}} {text}')
    assert isinstance(query, ast.LogQuery)
    return query.stages


def predicate_of(text: str) -> ast.Predicate:
    (stage,) = stages_of(f"| {text}")
    assert isinstance(stage, LabelFilter)
    return stage.predicate


@pytest.mark.parametrize(
    ("text", "matchers"),
    [
        ("{}", ()),
        ('{a="b"}', (Matcher("a", "=", "b"),)),
        (
            '{ a != "b",\n\tc=~"d+" , e!~`f|"g"` }',
            (Matcher("a", "!=", "b"), Matcher("c", "=~", "d+"), Matcher("e", "!~", 'f|"g"')),
        ),
        ('({a="b"})', (Matcher("a", "=", "b"),)),
        (
            '{rate="1", ip="2", sum="3", bytes="4"}',
            tuple(Matcher(name, "=", str(i)) for i, name in enumerate(("rate", "ip", "sum", "bytes"), 1)),
        ),
        (r'{a="tab\t\"quoted\" \u00e9"}', (Matcher("a", "=", 'tab\t"quoted" é'),)),
    ],
)
def test_selectors(text: str, matchers: tuple[Matcher, ...]) -> None:
    assert parse(text) == ast.LogQuery(ast.Selector(matchers))
    assert parse_selector(text) == ast.Selector(matchers)


@pytest.mark.parametrize("text", ['{a="b"} |= "x"', 'rate({a="b"}[5m])', "1"])
def test_selector_alone(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        parse_selector(text)
    assert str(caught.value) == "only label matchers are supported"


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ('|= "x"', (LineFilter("|=", (LineOperand("x"),)),)),
        (
            '!= "x" |~ "y" !~ "z"',
            (
                LineFilter("!=", (LineOperand("x"),)),
                LineFilter("|~", (LineOperand("y"),)),
                LineFilter("!~", (LineOperand("z"),)),
            ),
        ),
        ('|> "<_> x" !> "y"', (LineFilter("|>", (LineOperand("<_> x"),)), LineFilter("!>", (LineOperand("y"),)))),
        ('|= "x" or "y" or `z`', (LineFilter("|=", tuple(map(LineOperand, "xyz"))),)),
        (
            '|= ip("::1") or "x" != ip("10.0.0.0/8")',
            (
                LineFilter("|=", (LineOperand("::1", ip=True), LineOperand("x"))),
                LineFilter("!=", (LineOperand("10.0.0.0/8", ip=True),)),
            ),
        ),
        (
            '|="x"!="y"|json',
            (LineFilter("|=", (LineOperand("x"),)), LineFilter("!=", (LineOperand("y"),)), JsonParser()),
        ),
    ],
)
def test_line_filters(text: str, stages: tuple[ast.Stage, ...]) -> None:
    assert stages_of(text) == stages


@pytest.mark.parametrize(
    ("text", "stage"),
    [
        ("| json", JsonParser()),
        ('| json x, y="z[0]"', JsonParser((Extraction("x", "x"), Extraction("y", "z[0]")))),
        ("| logfmt", LogfmtParser()),
        ("| logfmt --strict", LogfmtParser(strict=True)),
        ("| logfmt --keep-empty --strict", LogfmtParser(strict=True, keep_empty=True)),
        (
            '| logfmt --strict x, y="z"',
            LogfmtParser(strict=True, extractions=(Extraction("x", "x"), Extraction("y", "z"))),
        ),
        (r"| regexp `(?P<x>\d+)`", RegexpParser(r"(?P<x>\d+)")),
        ('| pattern "<x> <_>"', PatternParser("<x> <_>")),
        ("| unpack", Unpack()),
        ("| decolorize", ast.Decolorize()),
        ('| line_format "{{.x}}"', LineFormat("{{.x}}")),
        (
            '| label_format x=y, z="{{.x}}"',
            LabelFormat((LabelAssignment("x", "y", rename=True), LabelAssignment("z", "{{.x}}"))),
        ),
        ("| drop x, y", Drop((LabelChoice("x"), LabelChoice("y")))),
        ('| drop x="y", z', Drop((LabelChoice("x", Matcher("x", "=", "y")), LabelChoice("z")))),
        ('| keep x, y=~"z+"', Keep((LabelChoice("x"), LabelChoice("y", Matcher("y", "=~", "z+"))))),
    ],
)
def test_stages(text: str, stage: ast.Stage) -> None:
    assert stages_of(text) == (stage,)


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ('x="y"', StringPredicate("x", "=", "y")),
        ('x!~"y+"', StringPredicate("x", "!~", "y+")),
        ("x = 5", NumberPredicate("x", "==", 5.0)),
        ("x == -5.5", NumberPredicate("x", "==", -5.5)),
        ("x >= +1e3", NumberPredicate("x", ">=", 1000.0)),
        ("x != 5", NumberPredicate("x", "!=", 5.0)),
        ("x > 1h2m3.5s", DurationPredicate("x", ">", HOUR + 2 * MINUTE + 3500 * SECOND // 1000)),
        ("x < 1d", DurationPredicate("x", "<", DAY)),
        ("x > -5s", DurationPredicate("x", ">", -5 * SECOND)),
        ("x <= 10KB", BytesPredicate("x", "<=", 10_000)),
        ("x = 1.5GiB", BytesPredicate("x", "==", 3 << 29)),
        ("x = 5kB", BytesPredicate("x", "==", 5000)),
        ('x != ip("10.0.0.1-10.0.0.9")', IpPredicate("x", "!=", "10.0.0.1-10.0.0.9")),
        ("duration > 1s", DurationPredicate("duration", ">", SECOND)),
        ('ip = ip("::1")', IpPredicate("ip", "=", "::1")),
    ],
)
def test_predicates(text: str, predicate: ast.Predicate) -> None:
    assert predicate_of(text) == predicate


X, Y, Z = (NumberPredicate(name, ">", 1.0) for name in "xyz")


@pytest.mark.parametrize(
    ("text", "predicate"),
    [
        ("x>1 and y>1", And(X, Y)),
        ("x>1, y>1", And(X, Y)),
        ("x>1 y>1", And(X, Y)),
        ("x>1 or y>1", Or(X, Y)),
        ("x>1 or y>1 and z>1", Or(X, And(Y, Z))),
        ("x>1 or y>1, z>1", Or(X, And(Y, Z))),
        ("x>1 y>1 or z>1", Or(And(X, Y), Z)),
        ("(x>1 or y>1) and z>1", And(Or(X, Y), Z)),
        ("x>1 (y>1 or z>1)", And(X, Or(Y, Z))),
        ("x>1 AND y>1 OR z>1", Or(And(X, Y), Z)),
        ("((x>1))", X),
        ("x>1 or y>1 or z>1", Or(Or(X, Y), Z)),
    ],
)
def test_predicates_joined(text: str, predicate: ast.Predicate) -> None:
    assert predicate_of(text) == predicate


PIPELINE = (JsonParser(), LabelFilter(NumberPredicate("x", ">", 5.0)))
PIPED = ast.LogQuery(SELECTOR, PIPELINE)
UNWRAP = Unwrap("y", "duration", (LabelFilter(StringPredicate("__error__", "=", "")),))


@pytest.mark.parametrize(
    ("text", "log_range"),
    [
        ('{a="b"}[5m]', ast.LogRange(LOGS, 5 * MINUTE)),
        ('{a="b"} [1d] offset 1h', ast.LogRange(LOGS, DAY, HOUR)),
        ('{a="b"}[1w] offset -10m', ast.LogRange(LOGS, WEEK, -10 * MINUTE)),
        ('({a="b"})[5m]', ast.LogRange(LOGS, 5 * MINUTE)),
        ('({a="b"}[5m])', ast.LogRange(LOGS, 5 * MINUTE)),
        ('{a="b"} | json | x > 5 [5m]', ast.LogRange(PIPED, 5 * MINUTE)),
        ('{a="b"}[5m] | json | x > 5', ast.LogRange(PIPED, 5 * MINUTE)),
        ('{a="b"}[5m] offset 1h | json | x > 5', ast.LogRange(PIPED, 5 * MINUTE, HOUR)),
        ('({a="b"} | json | x > 5)[5m] offset 1h', ast.LogRange(PIPED, 5 * MINUTE, HOUR)),
        (
            '{a="b"} | json | x > 5 | unwrap duration(y) | __error__="" [5m]',
            ast.LogRange(PIPED, 5 * MINUTE, 0, UNWRAP),
        ),
        (
            '{a="b"}[5m] | json | x > 5 | unwrap duration(y) | __error__=""',
            ast.LogRange(PIPED, 5 * MINUTE, 0, UNWRAP),
        ),
        (
            '({a="b"} | json | x > 5 | unwrap duration(y) | __error__="")[5m]',
            ast.LogRange(PIPED, 5 * MINUTE, 0, UNWRAP),
        ),
        ('{a="b"} | unwrap y [5m]', ast.LogRange(LOGS, 5 * MINUTE, 0, Unwrap("y"))),
        ('{a="b"} | unwrap bytes [5m]', ast.LogRange(LOGS, 5 * MINUTE, 0, Unwrap("bytes"))),
        ('{a="b"} | unwrap bytes(y) [5m]', ast.LogRange(LOGS, 5 * MINUTE, 0, Unwrap("y", "bytes"))),
    ],
)
def test_ranges(text: str, log_range: ast.LogRange) -> None:
    assert parse(f"absent_over_time({text})") == ast.RangeAggregation("absent_over_time", log_range)


UNWRAPPED = ast.LogRange(LOGS, 5 * MINUTE, 0, Unwrap("y"))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ('rate({a="b"}[5m])', RATE),
        ('RATE({a="b"}[5m])', RATE),
        ('sum_over_time({a="b"} | unwrap y [5m])', ast.RangeAggregation("sum_over_time", UNWRAPPED)),
        (
            'avg_over_time({a="b"} | unwrap y [5m]) by (c, d)',
            ast.RangeAggregation("avg_over_time", UNWRAPPED, None, ast.Grouping(("c", "d"))),
        ),
        (
            'quantile_over_time(0.99, {a="b"} | unwrap y [5m]) without ()',
            ast.RangeAggregation("quantile_over_time", UNWRAPPED, 0.99, ast.Grouping((), without=True)),
        ),
    ],
)
def test_range_aggregations(text: str, query: ast.Query) -> None:
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ('sum(rate({a="b"}[5m]))', ast.VectorAggregation("sum", RATE)),
        ('sum by (c) (rate({a="b"}[5m]))', ast.VectorAggregation("sum", RATE, None, ast.Grouping(("c",)))),
        ('sum(rate({a="b"}[5m])) by (c)', ast.VectorAggregation("sum", RATE, None, ast.Grouping(("c",)))),
        ('sum without(c)(rate({a="b"}[5m]))', ast.VectorAggregation("sum", RATE, None, ast.Grouping(("c",), True))),
        ('sum by () (rate({a="b"}[5m]))', ast.VectorAggregation("sum", RATE, None, ast.Grouping(()))),
        ('topk(5, rate({a="b"}[5m]))', ast.VectorAggregation("topk", RATE, 5.0)),
        (
            'bottomk by (c) (5, rate({a="b"}[5m]))',
            ast.VectorAggregation("bottomk", RATE, 5.0, ast.Grouping(("c",))),
        ),
        ('approx_topk(5, rate({a="b"}[5m]))', ast.VectorAggregation("approx_topk", RATE, 5.0)),
        ('sort_desc(rate({a="b"}[5m]))', ast.VectorAggregation("sort_desc", RATE)),
        ("sum(5 + vector(1))", ast.VectorAggregation("sum", ast.BinaryOperation("+", ast.Number(5), ast.Vector(1)))),
        (
            'label_replace(rate({a="b"}[5m]), "x", "$1", "y", "(.*)")',
            ast.LabelReplace(RATE, "x", "$1", "y", "(.*)"),
        ),
        ("vector(0.5)", ast.Vector(0.5)),
        ("-1.5", ast.Number(-1.5)),
        ("+1e3", ast.Number(1000.0)),
        ("((1))", ast.Number(1.0)),
    ],
)
def test_vector_aggregations_and_functions(text: str, query: ast.Query) -> None:
    assert parse(text) == query


def operation(
    operator: ast.BinaryOperator, left: ast.MetricQuery | int, right: ast.MetricQuery | int
) -> ast.MetricQuery:
    def leg(value: ast.MetricQuery | int) -> ast.MetricQuery:
        return ast.Vector(value) if isinstance(value, int) else value

    return ast.BinaryOperation(operator, leg(left), leg(right))


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("1 + 2 * 3", operation("+", 1, operation("*", 2, 3))),
        ("1 * 2 + 3", operation("+", operation("*", 1, 2), 3)),
        ("1 - 2 - 3", operation("-", operation("-", 1, 2), 3)),
        ("1 ^ 2 ^ 3", operation("^", 1, operation("^", 2, 3))),
        ("1 * 2 ^ 3 % 4", operation("%", operation("*", 1, operation("^", 2, 3)), 4)),
        ("1 or 2 and 3 unless 4", operation("or", 1, operation("unless", operation("and", 2, 3), 4))),
        ("1 > 2 + 3", operation(">", 1, operation("+", 2, 3))),
        ("1 > 2 == 3", operation("==", operation(">", 1, 2), 3)),
        ("1 and 2 > 3", operation("and", 1, operation(">", 2, 3))),
        ("(1 + 2) * 3", operation("*", operation("+", 1, 2), 3)),
    ],
)
def test_precedence(text: str, query: ast.Query) -> None:
    for digit in "1234":
        text = text.replace(digit, f"vector({digit})")
    assert parse(text) == query


@pytest.mark.parametrize(
    ("text", "return_bool", "matching"),
    [
        (">", False, None),
        ("> bool", True, None),
        ("> on (c)", False, ast.VectorMatching(("c",), on=True)),
        ("> on ()", False, ast.VectorMatching((), on=True)),
        ("> ignoring(c, d)", False, ast.VectorMatching(("c", "d"))),
        ("> bool on(c) group_left", True, ast.VectorMatching(("c",), on=True, group="left")),
        ("> on(c) group_right()", False, ast.VectorMatching(("c",), on=True, group="right")),
        ("> on(c) group_left(d,e)", False, ast.VectorMatching(("c",), on=True, group="left", include=("d", "e"))),
    ],
)
def test_matching(text: str, return_bool: bool, matching: ast.VectorMatching | None) -> None:
    expected = ast.BinaryOperation(">", ast.Vector(1), ast.Vector(2), return_bool, matching)
    assert parse(f"vector(1) {text} vector(2)") == expected
    assert parse(f"vector(1) {text} (vector(2))") == expected


def test_group_left_before_an_operand_in_parentheses() -> None:
    assert parse("vector(1) * on(c) group_left (sum(vector(2)))") == ast.BinaryOperation(
        "*",
        ast.Vector(1),
        ast.VectorAggregation("sum", ast.Vector(2)),
        matching=ast.VectorMatching(("c",), on=True, group="left"),
    )


def test_bool_means_nothing_to_arithmetic() -> None:
    assert parse("1 + bool 2") == ast.BinaryOperation("+", ast.Number(1), ast.Number(2))


@pytest.mark.parametrize(
    "text",
    [
        'rate({a="b"}[5m]) # a comment',
        '# first\nrate( # inside "quotes"\n{a="b"}[5m] # {c="d"}\n)\n#last',
        'rate({a="b"} // to the end of the line\n[5m])',
        'rate(/* between\nlines */{a="b"}[5m])',
    ],
)
def test_comments(text: str) -> None:
    assert parse(text) == RATE


def test_no_comment_in_a_string() -> None:
    assert stages_of("|= `# no // comment` # one") == (LineFilter("|=", (LineOperand("# no // comment"),)),)


def test_places() -> None:
    text = 'sum by (c) (rate({a="b"} |= "x" | json | x > 5 [5m])) > 1'
    query = parse(text)
    assert isinstance(query, ast.BinaryOperation)
    total = query.left
    assert isinstance(total, ast.VectorAggregation)
    rate = total.expression
    assert isinstance(rate, ast.RangeAggregation)
    logs = rate.log_range.query

    def words(node: ast.Query | ast.Stage | ast.Matcher | ast.LogRange) -> str:
        return text[node.span.start : node.span.end]

    assert words(query) == text
    assert words(total) == 'sum by (c) (rate({a="b"} |= "x" | json | x > 5 [5m]))'
    assert words(rate) == 'rate({a="b"} |= "x" | json | x > 5 [5m])'
    assert words(rate.log_range) == '{a="b"} |= "x" | json | x > 5 [5m]'
    assert words(logs) == '{a="b"} |= "x" | json | x > 5'
    assert words(logs.selector.matchers[0]) == 'a="b"'
    assert [words(stage) for stage in logs.stages] == ['|= "x"', "| json", "| x > 5"]
    assert words(query.right) == "1"


def test_equal_whatever_the_place() -> None:
    assert parse('{a="b"}|json') == parse('  {a = "b"} # comment\n | json')
