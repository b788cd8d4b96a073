"""What Grafana is provisioned with: the dashboards ask only what the server answers, the links lead somewhere."""

import json
import re
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from sigyn.ui.dashboards.library import BUILT_IN, built_in

DEPLOY = Path(__file__).parent.parent.parent / "deploy" / "grafana"
HEADERS = {"User-Agent": "Grafana/13.0.1", "X-Loki-Response-Encoding-Flags": "categorize-labels"}
VALUES = {"service": ".+", "trace_id": "0af7", "__interval": "30s", "__range": "3600s", "__auto": "30s"}


def panels_of(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for row in dashboard["panels"] for panel in (row, *row.get("panels", [])) if panel["type"] != "row"]


def queries_of(dashboard: dict[str, Any]) -> list[tuple[str, bool]]:
    targets = [target for panel in panels_of(dashboard) for target in panel.get("targets", [])]
    return [(target["expr"], target["queryType"] == "instant") for target in targets]


@pytest.mark.parametrize("uid", built_in())
def test_every_query_of_a_dashboard_is_answered_as_grafana_asks_it(server_url: str, uid: str) -> None:
    end = time.time_ns()
    for text, instant in queries_of(built_in()[uid]):
        query = re.sub(r"\$(\w+)", lambda found: VALUES[found[1]], text)
        times = (
            {"time": str(end)} if instant else {"start": str(end - 3_600 * 10**9), "end": str(end), "step": "30000ms"}
        )
        path = f"{server_url}/loki/api/v1/{'query' if instant else 'query_range'}"
        answer = httpx.get(path, params={"query": query, "limit": "1000", **times}, headers=HEADERS, timeout=30)
        assert answer.status_code == 200, (query, answer.text)
        assert answer.json()["data"]["resultType"] in ("streams", "matrix", "vector")


@pytest.mark.parametrize("path", sorted(BUILT_IN.glob("*.json")), ids=lambda path: path.stem)
def test_a_dashboard_names_no_data_source_of_its_own(path: Path) -> None:
    dashboard = json.loads(path.read_text())
    assert path.stem == dashboard["uid"]
    assert {panel["datasource"]["uid"] for panel in panels_of(dashboard)} == {"${datasource}"}
    assert len({panel["id"] for panel in panels_of(dashboard)}) == len(panels_of(dashboard))


def test_the_folder_for_grafana_holds_the_same_dashboards() -> None:
    assert (DEPLOY / "dashboards").resolve() == BUILT_IN


def test_derived_fields_find_trace_ids_and_lead_to_the_page(server_url: str) -> None:
    (source,) = yaml.safe_load((DEPLOY / "provisioning/datasources/sigyn.yaml").read_text())["datasources"]
    lines = {'{"level":"info","trace_id":"4bf92f35"}': 1, "level=info trace_id=4bf92f35 took=3ms": 1, "no trace": 0}
    expressions = [field["matcherRegex"] for field in source["jsonData"]["derivedFields"] if "matcherType" not in field]
    for line, count in lines.items():
        assert [found[1] for expression in expressions if (found := re.search(expression, line))] == [
            "4bf92f35"
        ] * count
    for field in source["jsonData"]["derivedFields"]:
        assert field["url"] == "${SIGYN_PUBLIC_URL}/trace/$${__value.raw}"
    answer = httpx.get(f"{server_url}/trace/4bf92f35")
    assert (answer.status_code, answer.headers["location"]) == (302, "../#/traces?id=4bf92f35")
