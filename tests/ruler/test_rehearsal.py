"""Unit tests for rules: their files, and what is said when they fail."""

from pathlib import Path

import pytest

from sigyn.model.errors import NotFound, SigynError
from sigyn.ruler.rehearsal.notation import read_series_labels, read_values
from sigyn.ruler.rehearsal.run import run_tests
from sigyn.ruler.rehearsal.script import read_test_script

from .rules import labels

RULES = """
groups:
- name: shop
  rules:
  - record: app:errors:count5m
    expr: sum by (app) (count_over_time({app=~".+"} | json | level="error" [5m]))
  - alert: Errors
    expr: app:errors:count5m > 2
    for: 2m
    labels: {severity: page}
    annotations: {summary: "{{ $labels.app }}: {{ $value }}"}
"""

TESTS = """
rule_files: [rules.yaml]
tests:
- name: errors
  input_streams:
  - stream: '{app="shop"}'
    entries:
    - '10s {"level":"error"}'
    - {at: 1m, line: '{"level":"error","n":1}', every: 30s, count: 4, metadata: {trace_id: abc}}
    - '2m {"level":"info"}'
  input_series:
  - series: 'app:errors:count5m{app="till"}'
    values: '3x3 stale'
  alert_rule_test:
  - {eval_time: 1m, alertname: Errors}
  - eval_time: 2m
    alertname: Errors
    exp_alerts:
    - exp_labels: {app: till, severity: page}
      exp_annotations: {summary: "till: 3"}
  - eval_time: 4m
    alertname: Errors
    exp_alerts:
    - exp_labels: {app: shop, severity: page}
      exp_annotations: {summary: "shop: 5"}
  logql_expr_test:
  - expr: app:errors:count5m
    eval_time: 3m
    exp_samples:
    - {labels: 'app:errors:count5m{app="shop"}', value: 5}
    - {labels: 'app:errors:count5m{app="till"}', value: 3}
  - expr: sum(count_over_time({app="shop"}[10m]))
    eval_time: 3m
    exp_samples:
    - {value: 6}
"""


def failures(folder: Path, tests: str, rules: str = RULES) -> list[str]:
    (folder / "rules.yaml").write_text(rules)
    return [str(failure) for failure in run_tests(read_test_script(tests, "rules_test.yaml"), folder)]


def test_what_holds_passes(tmp_path: Path) -> None:
    assert failures(tmp_path, TESTS) == []


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            'summary: "shop: 5"',
            'summary: "shop: 6"',
            "rules_test.yaml:21: test `errors`, at 240 s: alert `Errors`:\n"
            '    expected: {app="shop", severity="page"} with {summary="shop: 6"}\n'
            '    got:      {app="shop", severity="page"} with {summary="shop: 5"}',
        ),
        (
            "{eval_time: 1m, alertname: Errors}",
            "{eval_time: 3m, alertname: Errors}",
            "rules_test.yaml:15: test `errors`, at 180 s: alert `Errors`:\n"
            "    expected: nothing\n"
            '    got:      {app="till", severity="page"} with {summary="till: 3"}',
        ),
        (
            "{value: 6}",
            "{value: 7}",
            'rules_test.yaml:32: test `errors`, at 180 s: expression `sum(count_over_time({app="shop"}[10m]))`:\n'
            "    expected: {} 7\n"
            "    got:      {} 6",
        ),
    ],
)
def test_what_does_not_hold_is_told(tmp_path: Path, old: str, new: str, expected: str) -> None:
    assert failures(tmp_path, TESTS.replace(old, new)) == [expected]


def test_a_rule_that_fails_is_told(tmp_path: Path) -> None:
    rules = RULES.replace("    labels: {severity: page}", '    labels: {severity: page, app: ""}')
    told = failures(tmp_path, TESTS.split("  input_series")[0] + """
  alert_rule_test: [{eval_time: 4m, alertname: Errors}]
  input_series:
  - {series: 'app:errors:count5m{app="till"}', values: 3x4}
""", rules)  # fmt: skip
    assert any("rule `Errors` fails: vector contains metrics with the same labelset" in each for each in told), told


def test_a_rule_that_failed_once_is_told(tmp_path: Path) -> None:
    """Though it is well again when the test ends."""
    rules = """
groups:
- name: shop
  rules:
  - {alert: Load, expr: 'label_replace(load, "app", "all", "app", ".*") > 1'}
"""
    told = failures(tmp_path, """
rule_files: [rules.yaml]
tests:
- interval: 1m
  input_series:
  - {series: 'load{app="shop"}', values: '2 2 stale'}
  - {series: 'load{app="till"}', values: '2 2 stale'}
  alert_rule_test: [{eval_time: 5m, alertname: Load}]
""", rules)  # fmt: skip
    assert len(told) == 1
    assert "at 0 s: rule `Load` fails: label_replace gives two series the same labels" in told[0]


def test_an_alert_that_no_rule_makes_is_told(tmp_path: Path) -> None:
    misspelt = TESTS.replace("{eval_time: 1m, alertname: Errors}", "{eval_time: 1m, alertname: Error}")
    assert failures(tmp_path, misspelt) == [
        "rules_test.yaml:15: test `errors`: no rule makes alerts of the name `Error` (did you mean `Errors`?)"
    ]


def test_an_alert_on_the_absence_of_what_a_rule_records_fires_though_nothing_was_recorded_yet(tmp_path: Path) -> None:
    rules = """
groups:
- name: shop
  rules:
  - {record: beats, expr: 'sum(count_over_time({app="shop"} [5m]))'}
  - {alert: Dead, expr: absent(beats)}
  - {alert: Elsewhere, expr: absent(up)}
"""
    told = failures(tmp_path, """
rule_files: [rules.yaml]
tests:
- alert_rule_test:
  - {eval_time: 1m, alertname: Dead, exp_alerts: [{exp_labels: {}}]}
  - {eval_time: 1m, alertname: Elsewhere}
""", rules)  # fmt: skip
    assert told == []


def test_the_name_of_an_alert_may_stand_among_its_labels(tmp_path: Path) -> None:
    assert failures(tmp_path, TESTS.replace("{app: till,", "{alertname: Errors, app: till,")) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("tests: []", "rules_test.yaml:1: `rule_files` names no file of rules"),
        ("rule_files: [a]\ntets: []", "rules_test.yaml:2: unknown key `tets` (did you mean `tests`?)"),
        ("rule_files: [a]\ntests: [{input_series: [{series: a}]}]", "rules_test.yaml:2: `values` is missing"),
        (
            "rule_files: [a]\ntests:\n- input_series: [{series: a, values: one}]",
            "rules_test.yaml:3: `values` is `one`: `one` is no number: write 1, -0.5, NaN or Inf, or in a series "
            "0+10x5, _ or stale",
        ),
        (
            "rule_files: [a]\ntests:\n- promql_expr_test: [{expr: a, eval_time: 1m, exp_samples: [{value: many}]}]",
            "rules_test.yaml:3: `value` is `many`: `many` is no number: write 1, -0.5, NaN or Inf, or in a series "
            "0+10x5, _ or stale",
        ),
        (
            "rule_files: [a]\ntests:\n- input_streams: [{stream: '{a=\"b\"}', entries: [{line: x, count: many}]}]",
            "rules_test.yaml:3: `count` is `many`: write a whole number",
        ),
        (
            "rule_files: [a]\ntests:\n- input_streams: [{stream: '{a=\"b\"}', entries: [{line: x, count: 3}]}]",
            "rules_test.yaml:3: an entry with `count` says how far apart they are: `every`",
        ),
        (
            "rule_files: [a]\ntests:\n- alert_rule_test: [{eval_time: soon, alertname: A}]",
            'rules_test.yaml:3: `eval_time` is `soon`: not a valid duration string: "soon"',
        ),
        (
            "rule_files: [a]\ntests:\n- alert_rule_test: [{eval_time: 1m, alertname: A}]\n  alert_rule_test: []",
            "rules_test.yaml:4: `tests[0].alert_rule_test` stands here and in line 3; write it once",
        ),
        (
            "rule_files: [a]\nevaluation_interval: 0s",
            "rules_test.yaml:2: `evaluation_interval` is `0s`: write a duration such as 1m",
        ),
        (
            "rule_files: [a]\ntests: [{interval: 0}]",
            "rules_test.yaml:2: `interval` is `0`: write a duration such as 1m",
        ),
        ("rule_files: a", "rules_test.yaml:1: `rule_files` holds a list"),
        ("rule_files: [a]\ntests: [b]", "rules_test.yaml:2: a test is a map"),
    ],
)
def test_what_is_wrong_with_a_file(text: str, expected: str) -> None:
    with pytest.raises(SigynError) as caught:
        read_test_script(text, "rules_test.yaml")
    assert str(caught.value) == expected


def test_rule_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"there is no rule file .*/none\.yaml"):
        run_tests(read_test_script("rule_files: [none.yaml]", "t.yaml"), tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2.5 -3", (1.0, 2.5, -3.0)),
        ("0+10x3", (0.0, 10.0, 20.0, 30.0)),
        ("5-2x2", (5.0, 3.0, 1.0)),
        ("7x2 _ _x2 stale", (7.0, 7.0, 7.0, None, None, None, "stale")),
        ("", ()),
    ],
)
def test_samples_in_short(text: str, expected: tuple[object, ...]) -> None:
    assert read_values(text) == expected


@pytest.mark.parametrize("text", ["1x", "_x1000000", "0+1x1000000", "a"])
def test_samples_that_are_none(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_values(text)


def test_series_in_short() -> None:
    assert read_series_labels("up") == labels(__name__="up")
    assert read_series_labels('up{a="b"}') == labels(__name__="up", a="b")
    assert read_series_labels('{a="b"}') == labels(a="b")
    with pytest.raises(ValueError, match="said with ="):
        read_series_labels('up{a=~"b"}')


CHAIN = """
groups:
- name: last
  rules: [{record: c, expr: b + 1}]
- name: middle
  rules: [{record: b, expr: a + 1}]
- name: first
  rules: [{record: a, expr: vector(1)}]
"""
ASKED = """
rule_files: [rules.yaml]
tests:
- name: chain
  promql_expr_test:
  - {expr: c, eval_time: 0m, exp_samples: [{labels: c, value: 3}]}
"""


def test_groups_are_evaluated_in_the_order_that_is_given(tmp_path: Path) -> None:
    failure, *_ = failures(tmp_path, ASKED, CHAIN)
    assert "got:      nothing" in failure
    assert failures(tmp_path, f"group_eval_order: [first, middle]{ASKED}", CHAIN) == []
    assert failures(tmp_path, f"group_eval_order: [first, middle, last]{ASKED}", CHAIN) == []
    assert failures(tmp_path, f"group_eval_order: [last, middle, first]{ASKED}", CHAIN) != []


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("[first, frist]", "rules_test.yaml:1: no rule file has a group `frist` (did you mean `first`?)"),
        ("[first, last, first]", "rules_test.yaml:1: `group_eval_order` names `first` twice: in line 1 too"),
        ("first", "rules_test.yaml:1: `group_eval_order` holds a list"),
    ],
)
def test_an_order_that_makes_no_sense(tmp_path: Path, order: str, text: str) -> None:
    with pytest.raises(SigynError) as refused:
        failures(tmp_path, f"group_eval_order: {order}{ASKED}", CHAIN)
    assert text in str(refused.value)


SUM = """
rule_files: [rules.yaml]
tests:
- promql_expr_test:
  - {expr: vector(0.1) + vector(0.2), eval_time: 0m, exp_samples: [{labels: '{}', value: VALUE}]}
  - {expr: vector(0) / vector(0), eval_time: 0m, exp_samples: [{labels: '{}', value: .nan}]}
"""


def test_values_are_equal_unless_they_may_differ_in_their_last_bit(tmp_path: Path) -> None:
    exact, near, far = (SUM.replace("VALUE", value) for value in ("0.30000000000000004", "0.3", "0.3000000000000002"))
    assert failures(tmp_path, exact, CHAIN) == []
    (failure,) = failures(tmp_path, near, CHAIN)
    assert "differ in their last bit alone, which `fuzzy_compare: true` lets pass" in failure
    assert "expected: {} 0.3\n" in failure
    assert "got:      {} 0.30000000000000004" in failure
    assert failures(tmp_path, f"fuzzy_compare: true{near}", CHAIN) == []
    assert "last bit" not in failures(tmp_path, far, CHAIN)[0]
    assert len(failures(tmp_path, f"fuzzy_compare: true{far}", CHAIN)) == 1
    with pytest.raises(SigynError, match="`fuzzy_compare` is `maybe`: write true or false"):
        failures(tmp_path, f"fuzzy_compare: maybe{near}", CHAIN)
