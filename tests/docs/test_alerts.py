"""The alerts for Sigyn itself: well-formed, tested, over metrics that there are, each with its page."""

import re
import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from tests.cli.server import running_server

ROOT = Path(__file__).parent.parent.parent
RULES = ROOT / "deploy" / "prometheus" / "sigyn.rules.yaml"
TESTS = ROOT / "deploy" / "prometheus" / "sigyn.test.yaml"
RUNBOOKS = ROOT / "docs" / "runbooks"
METRIC = re.compile(r"\b(?:loki|sigyn)_[a-z_]+")

alerts = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("asked", [("check", "rules", str(RULES)), ("test", "rules", str(TESTS))])
def test_prometheus_takes_the_rules_and_their_tests(asked: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *asked], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_alert_is_tested_and_has_its_page() -> None:
    names = {alert["alert"] for alert in alerts}
    tested = {
        case["alertname"]
        for group in yaml.safe_load(TESTS.read_text())["tests"]
        for case in group["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert tested == names
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == names
    for alert in alerts:
        page = ROOT / alert["annotations"]["runbook_url"]
        assert page == RUNBOOKS / f"{alert['alert']}.md"
        text = page.read_text()
        assert text.startswith(f"# {alert['alert']}\n")
        assert "## What to look at" in text
        assert "## What to do" in text


def test_rules_and_runbooks_name_only_metrics_of_the_server(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as running:
        text = httpx.get(f"{running.url}/metrics", timeout=60).text
    there: set[str] = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        there |= {name, *(f"{name}_{part}" for part in ("bucket", "count", "sum") if kind in ("histogram", "summary"))}
    texts = [*(alert["expr"] for alert in alerts), *(page.read_text() for page in RUNBOOKS.glob("*.md"))]
    named = {name for text in texts for name in METRIC.findall(re.sub(r'"[^"\n]*"', "", text))}
    assert named - there == set()
