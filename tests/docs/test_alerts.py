"""The alerts and the dashboard for Sigyn itself: well-formed, over metrics that there are, each alert with its page."""

import json
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
DASHBOARD = ROOT / "deploy" / "grafana" / "prometheus" / "sigyn-itself.json"
RUNBOOKS = ROOT / "docs" / "runbooks"
METRIC = re.compile(r"\b(?:loki|sigyn|process)_[a-z_]+")

panels = json.loads(DASHBOARD.read_text())["panels"]
expressions = [target["expr"] for panel in panels for target in panel.get("targets", [])]
alerts = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


@pytest.mark.parametrize("asked", [("check", "rules", str(RULES)), ("test", "rules", str(TESTS))])
def test_prometheus_takes_the_rules_and_their_tests(asked: tuple[str, ...]) -> None:
    done = subprocess.run(["promtool", *asked], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_takes_what_the_dashboard_asks(tmp_path: Path) -> None:
    values = {"instance": ".+", "__rate_interval": "5m", "__range": "6h"}
    asked = [re.sub(r"\$(\w+)", lambda found: values[found[1]], text) for text in expressions]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(asked)]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(tmp_path / "rules.yaml")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(asked)} rules found" in done.stdout


def test_panels_of_the_dashboard_have_places_and_the_source_that_was_chosen() -> None:
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len(places)
    assert {panel["datasource"]["uid"] for panel in panels if panel["type"] != "row"} == {"${datasource}"}


def test_panels_name_the_pages_of_all_alerts_over_what_the_server_tells() -> None:
    described = " ".join(panel.get("description", "") for panel in panels)
    named = set(re.findall(r"`docs/runbooks/(\w+)\.md`", described))
    assert named == {alert["alert"] for alert in alerts if METRIC.search(alert["expr"])}


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


def test_rules_panels_and_runbooks_name_only_metrics_of_the_server(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as running:
        text = httpx.get(f"{running.url}/metrics", timeout=60).text
    there: set[str] = set()
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        there |= {name, *(f"{name}_{part}" for part in ("bucket", "count", "sum") if kind in ("histogram", "summary"))}
    texts = [*expressions, *(alert["expr"] for alert in alerts), *(page.read_text() for page in RUNBOOKS.glob("*.md"))]
    named = {name for text in texts for name in METRIC.findall(re.sub(r'"[^"\n]*"', "", text))}
    assert named - there == set()
