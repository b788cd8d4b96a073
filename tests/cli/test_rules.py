"""`sigyn rules check` and `sigyn rules test`."""

from pathlib import Path

import pytest

from .commands import Sigyn

RULES = """\
groups:
- name: shop
  rules:
  - alert: Errors
    expr: sum by (app) (count_over_time({app="shop"} |= "error" [5m])) > 1
"""
TESTS = """\
rule_files: [rules.yaml]
tests:
- input_streams:
  - stream: '{app="shop"}'
    entries: [30s error, 40s error]
  alert_rule_test:
  - eval_time: 1m
    alertname: Errors
    exp_alerts: [{exp_labels: {app: shop}}]
"""


def test_a_folder_is_checked(sigyn: Sigyn, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "rules_test.yaml").write_text(TESTS)
    outcome = sigyn("rules", "check", str(tmp_path))
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.lines == [f"{tmp_path}/rules.yaml: 1 rule in 1 group, nothing wrong"]


def test_every_problem_of_every_file_is_named(sigyn: Sigyn, tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text(RULES.replace("expr", "exrp"))
    second.write_text("groups: []")
    outcome = sigyn("rules", "check", str(first), str(second))
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        f"{first}:4: group `shop`, rule `Errors` has no `expr`",
        f"{first}:5: unknown key `exrp` of group `shop`, rule `Errors` (did you mean `expr`?)",
        f"{second}:1: `groups` has to be a list with at least one element",
        "3 problems",
    ]


def test_how_an_expression_was_read_is_noted_and_no_mistake(sigyn: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    read = 'sum by (app) (count_over_time({app="shop"} |= "error" [5m]))'
    path.write_text(RULES.replace(read, 'sum(sum_over_time({app="shop"} | json | ms [5m]))'))
    outcome = sigyn("rules", "check", str(path))
    assert outcome.code == 0
    assert outcome.lines == [f"{path}: 1 rule in 1 group, nothing wrong"]
    assert outcome.err == (
        f"{path}:4: note: group `shop`, rule `Errors`: `| ms` in front of the range was read as `| unwrap ms`\n"
    )


def test_keys_without_effect_are_noted_and_no_mistake(sigyn: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.replace("  rules:", "  source_tenants: [a, b]\n  query_offset: 1m\n  rules:"))
    outcome = sigyn("rules", "check", str(path))
    assert outcome.code == 0
    assert outcome.err.splitlines() == [
        f"{path}:3: note: group `shop`: `source_tenants` has no effect: its rules see the entries of the tenant that "
        "it belongs to",
        f"{path}:4: note: group `shop`: `query_offset` has no effect",
    ]


def test_tests_pass_and_fail(sigyn: Sigyn, tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    tests = tmp_path / "rules_test.yaml"
    tests.write_text(TESTS)
    passed = sigyn("rules", "test", str(tmp_path))
    assert (passed.code, passed.lines) == (0, [f"{tests}: 1 test passed"])
    tests.write_text(TESTS.replace("app: shop", "app: till"))
    failed = sigyn("rules", "test", str(tests))
    assert failed.code == 1
    assert failed.err.splitlines()[0] == f"FAILED {tests}:7: test `in line 3`, at 60 s: alert `Errors`:"


def test_a_wrong_test_file_is_an_error_in_one_line(sigyn: Sigyn, tmp_path: Path) -> None:
    tests = tmp_path / "rules_test.yaml"
    tests.write_text("rule_files: [none.yaml]")
    outcome = sigyn("rules", "test", str(tests))
    assert outcome.code == 1
    assert outcome.err == f"error: {tests}: there is no rule file {tmp_path}/none.yaml\n"
    tests.write_text("rule_files: {}")
    outcome = sigyn("rules", "test", str(tests))
    assert (outcome.code, outcome.err) == (2, f"error: {tests}:1: `rule_files` holds a list\n")


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("check", "has no file of rules: .yaml, .yml or .rules"),
        ("test", "has no tests of rules: files such as shop_test.yaml"),
    ],
)
def test_a_folder_with_nothing_to_look_at_is_no_success(sigyn: Sigyn, tmp_path: Path, command: str, text: str) -> None:
    (tmp_path / "notes.txt").write_text("nothing")
    outcome = sigyn("rules", command, str(tmp_path))
    assert outcome.code == 1
    assert f"the folder {tmp_path} {text}" in outcome.err
