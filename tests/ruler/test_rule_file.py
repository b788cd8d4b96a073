"""Rule files: what they mean, and what is said of those that mean nothing."""

import re
from pathlib import Path

import pytest

from sigyn.model.time import MINUTE
from sigyn.ruler.rule import AlertingRule, RecordingRule
from sigyn.ruler.rule_file import RuleFileError, read_rule_file, read_rule_group
from sigyn.ruler.rule_text import group_text, namespaces_text

GOLDEN = (Path(__file__).parent / "golden" / "rule_problems.txt").read_text(encoding="utf-8")
PROBLEMS = [tuple(case.split("---\n")) for case in GOLDEN.split("===\n")]

FILE = """
groups:
- name: shop
  interval: 30s
  limit: 10
  rules:
  - record: app:errors:rate5m
    expr: sum by (app) (rate({job="shop"} |= "error" [5m]))
    labels: {team: shop}
  - alert: Errors
    expr: |
      app:errors:rate5m > 0.1
    for: 5m
    keep_firing_for: 1h30m
    labels: {severity: page, level: 1}
    annotations:
      summary: '{{ $labels.app }} has {{ $value }} errors'
"""


@pytest.mark.parametrize(("text", "expected"), PROBLEMS)
def test_what_is_wrong(text: str, expected: str) -> None:
    with pytest.raises(RuleFileError) as caught:
        read_rule_file(text, "rules.yaml")
    assert str(caught.value) == expected.rstrip("\n")


def test_what_a_file_means() -> None:
    (group,) = read_rule_file(FILE, "rules.yaml")
    assert (group.name, group.interval, group.limit) == ("shop", MINUTE // 2, 10)
    record, alert = group.rules
    assert isinstance(record, RecordingRule)
    assert (record.name, record.labels, record.line) == ("app:errors:rate5m", (("team", "shop"),), 7)
    assert record.expression.over == "logs"
    assert isinstance(alert, AlertingRule)
    assert (alert.hold, alert.keep_firing, alert.line) == (5 * MINUTE, 90 * MINUTE, 10)
    assert alert.labels == (("level", "1"), ("severity", "page"))
    assert alert.expression.metrics == {"app:errors:rate5m"}


def test_series_are_named_in_front_of_braces_or_within() -> None:
    text = "groups: [{name: a, rules: [{record: b, expr: 'avg_over_time({__name__=~\"app:.+\"} [5m])'}]}]"
    assert read_rule_file(text, "rules.yaml")[0].rules[0].expression.over == "series"


def test_a_group_as_text_is_the_same_group() -> None:
    (group,) = read_rule_file(FILE, "rules.yaml")
    assert read_rule_group(group_text(group)) == group
    assert read_rule_file(namespaces_text({"groups": [group]}), "") == (group,)


def test_keys_of_others_are_taken_without_effect() -> None:
    text = "name: a\nquery_offset: 1m\npartial_response_strategy: warn\nrules: [{record: x, expr: vector(1)}]"
    assert read_rule_group(text).name == "a"


def test_a_problem_of_a_body_names_its_line_alone() -> None:
    with pytest.raises(RuleFileError, match=r"^line 2: unknown key `rulez` of a group"):
        read_rule_group("name: a\nrulez: []\nrules: [{record: x, expr: vector(1)}]")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "name: shop\ninterval: 999ms\nrules: [{record: a, expr: vector(1)}]",
            "`interval` is `999ms`: the shortest is 1s",
        ),
        ('name: "\\uD800"\nrules: [{record: a, expr: vector(1)}]', "line 1: this is not YAML: half a surrogate pair"),
        ('name: a\nrules: [{alert: a, expr: vector(1), labels: {b: "\\uDC00"}}]', "line 2: this is not YAML: half a"),
    ],
)
def test_groups_that_would_hurt_the_server(text: str, expected: str) -> None:
    with pytest.raises(RuleFileError, match=re.escape(expected)):
        read_rule_group(text)


def test_a_limit_in_digits_that_are_no_number_is_named() -> None:
    with pytest.raises(RuleFileError, match="`limit` is `²`: write a whole number"):
        read_rule_file(FILE.replace("limit: 10", "limit: ²"), "rules.yaml")
