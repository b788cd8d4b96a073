"""Every tree prints as text that parses to the same tree."""

import pytest
from hypothesis import HealthCheck, given, settings

from sigyn.languages.logql import ast, format_query, parse, print_query
from tests.languages import strategies


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.queries())
def test_printed_text_parses_to_the_same_tree(query: ast.Query) -> None:
    assert parse(print_query(query)) == query


@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.extended_queries())
def test_extensions_print_back_too(query: ast.Query) -> None:
    assert parse(print_query(query)) == query
    assert parse(format_query(print_query(query))) == query


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(strategies.queries())
def test_text_over_several_lines_parses_to_the_same_tree(query: ast.Query) -> None:
    assert parse(format_query(print_query(query))) == query


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("{}", "{}"),
        ('{ a = "b",c=~`d\\d` }', '{a="b", c=~"d\\\\d"}'),
        ('{a="b"}|="x"or`y"`!=ip("::1")', '{a="b"} |= "x" or "y\\"" != ip("::1")'),
        ('{a="b"} | json x, y="z"', '{a="b"} | json x="x",y="z"'),
        ('{a="b"} | logfmt --keep-empty --strict x', '{a="b"} | logfmt --strict --keep-empty x="x"'),
        ('{a="b"} | x>5 y<=1h, z=~"a" or w=1.50', '{a="b"} | ( ( ( x>5 , y<=1h0m0s ) , z=~"a" ) or w==1.5 )'),
        ('{a="b"} | x>5KB and y=512KiB', '{a="b"} | ( x>5.0kB , y==524288B )'),
        ('{a="b"} | label_format x=y, z=`{{.x}}`', '{a="b"} | label_format x=y,z="{{.x}}"'),
        ('{a="b"} | drop x, y="z" | keep w', '{a="b"} | drop x,y="z" | keep w'),
        ('rate({a="b"}[90m] | json)', 'rate({a="b"} | json[1h30m])'),
        ('rate({a="b"} [1500us] offset -1d)', 'rate({a="b"}[1.5ms] offset -24h0m0s)'),
        ('sum(rate({a="b"}[5m])) without (x, y)', 'sum without (x,y)(rate({a="b"}[5m]))'),
        ("1 + 2 * 3 ^ 4", "(1 + (2 * (3 ^ 4)))"),
        ("vector(1) / on (x,y) group_right vector(2)", "(vector(1.000000) / on (x,y) group_right vector(2.000000))"),
        ("vector(0.12345678)", "vector(0.12345678)"),
        ('label_replace(vector(1), "a", "$1", "b", "(.*)")', 'label_replace(vector(1.000000),"a","$1","b","(.*)")'),
    ],
)
def test_canonical_text(text: str, printed: str) -> None:
    assert print_query(parse(text)) == printed
    assert format_query(text) == printed


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (
            'quantile_over_time(0.99,{container="ingress-nginx",service="hosted-grafana"}|json'
            '|unwrap response_latency_seconds|__error__=""[1m])by(cluster)',
            """\
quantile_over_time(
  0.99,
  {container="ingress-nginx", service="hosted-grafana"} | json
    | unwrap response_latency_seconds
    | __error__="" [1m]
) by (cluster)""",
        ),
        (
            'sum(rate({job="loki",cluster="loki-dev-us"}|="err"[5m]))'
            '/sum(rate({job="loki",cluster="loki-dev-us"}|json|level="error"[5m]))*vector(100)',
            """\
  (
      sum(rate({job="loki", cluster="loki-dev-us"} |= "err"[5m]))
    /
      sum(rate({job="loki", cluster="loki-dev-us"} | json | level="error"[5m]))
  )
*
  vector(100.000000)""",
        ),
        (
            '{job="loki",cluster="loki-dev-us"}|="a long text to look for"|json|level="error"'
            '|line_format"{{.message}} {{.caller}}"',
            """\
{job="loki", cluster="loki-dev-us"}
  |= "a long text to look for"
  | json
  | level="error"
  | line_format "{{.message}} {{.caller}}\"""",
        ),
        (
            'label_replace(topk(10,sum by(service)(rate({job="api-server",service="a:c"}|="err"[5m]))),'
            '"destination","$1","service","(.*):.*")',
            """\
label_replace(
  topk(10,sum by (service)(rate({job="api-server", service="a:c"} |= "err"[5m]))),
  "destination","$1","service","(.*):.*"
)""",
        ),
    ],
)
def test_long_queries_over_several_lines(text: str, lines: str) -> None:
    assert format_query(text) == lines
    assert parse(lines) == parse(text)
