"""Dashboards in Grafana's model: those that come with Sigyn, and those that people bring."""

import json
import re

import httpx
import pytest
from playwright.sync_api import expect

from sigyn.ui.dashboards.library import built_in

from .reader import Reader

SEED = {
    "title": "Service Health - Metrics + Traces + Logs",
    "panels": [
        {
            "title": "Error Analysis",
            "type": "row",
            "panels": [
                {
                    "title": "Error Logs (Log)",
                    "type": "logs",
                    "targets": [{"expr": '{level="error"}', "refId": "A"}],
                    "fieldConfig": {
                        "defaults": {
                            "custom": {
                                "links": [
                                    {
                                        "title": "View Trace",
                                        "url": '/explore?left={"datasource":"Jaeger","queries":[{"queryType":"search",'
                                        '"query":{"traceID":"${trace_id}"}}]}',
                                    }
                                ]
                            }
                        }
                    },
                }
            ],
        },
        {
            "type": "logs",
            "title": "Trace Logs",
            "targets": [{"expr": '{service_name=~".+"} | trace_id="$trace_id"', "refId": "A"}],
            "options": {"showTime": True, "showLabels": ["service", "level"], "sortOrder": "Ascending"},
            "links": [{"title": "View in Jaeger", "url": "http://jaeger:16686/trace/${trace_id}", "targetBlank": True}],
        },
        {
            "type": "gauge",
            "title": "Lines",
            "targets": [{"expr": 'sum(count_over_time({service="ryot"}[5m]))', "instant": True}],
        },
    ],
    "templating": {"list": [{"name": "trace_id", "type": "textbox", "query": "", "current": {"value": ""}}]},
}
"""Panels as the seeds write them: snippets without places, links to Jaeger, `$trace_id`."""


def test_the_built_in_dashboards_are_there(reader: Reader) -> None:
    reader.open("dashboards")
    for title in ("Log volume", "Errors", "Performance", "Service health", "Trace logs"):
        expect(reader.page.get_by_role("heading", name=title, exact=True)).to_be_visible()
    reader.page.get_by_role("link", name=re.compile("^Errors")).click()
    expect(reader.page.get_by_label("Error rate").get_by_role("img")).to_be_visible()


@pytest.mark.parametrize("uid", built_in())
def test_every_panel_shows_data(reader: Reader, uid: str) -> None:
    trace = reader_trace(reader.url)
    reader.open("dashboards", uid=uid, from_="now-3h", **{"var-trace_id": trace} if uid == "trace-logs" else {})
    panels = reader.page.locator(".panel")
    expect(panels.first).to_be_visible()
    shown = ".chart canvas, .stat strong, .gauge strong, .bar-list li, .data-table tbody tr, .log-row"
    for index in range(panels.count()):
        expect(panels.nth(index).locator(shown).first).to_be_visible()
    expect(reader.page.get_by_role("alert")).to_have_count(0)
    expect(reader.page.get_by_text("Infinity")).to_have_count(0)


def reader_trace(url: str) -> str:
    parameters = {"query": '{service="ryot", level="info", job="ryot"}', "limit": "1"}
    answer = httpx.get(f"{url}/loki/api/v1/query_range", params=parameters).json()
    return str(answer["data"]["result"][0]["stream"]["trace_id"])


def test_a_variable_chooses(reader: Reader) -> None:
    reader.open("dashboards", uid="log-volume")
    choice = reader.page.get_by_label("service", exact=True)
    expect(choice.locator("option", has_text="agents")).to_be_attached()
    choice.select_option("agents")
    expect(reader.page.get_by_label("Total log rate by job").locator(".legend li")).to_have_text([re.compile("agents")])
    assert reader.state["var-service"] == "agents"


def test_importing_exporting_and_deleting(reader: Reader) -> None:
    reader.open("dashboards")
    reader.click("Import")
    reader.page.get_by_label("Dashboard in Grafana’s JSON model").fill(json.dumps({"dashboard": SEED}))
    reader.click("Save")
    trace = reader_trace(reader.url)
    field = reader.page.get_by_label("trace_id")
    field.fill(trace)
    field.press("Enter")
    field.blur()
    panel = reader.page.get_by_role("region", name="Trace Logs")
    expect(panel.locator(".log-row").first).to_be_visible()
    times = panel.locator(".log-row .log-time").all_inner_texts()
    assert times == sorted(times)
    expect(panel.get_by_role("link", name="View in Jaeger")).to_have_attribute(
        "href", f"http://jaeger:16686/trace/{trace}"
    )
    expect(reader.page.get_by_role("region", name="Error Logs (Log)").locator(".log-row").first).to_be_visible()
    with reader.page.expect_download() as download:
        reader.click("Export")
    exported = json.loads(download.value.path().read_bytes())
    assert exported["panels"] == SEED["panels"]
    reader.click("Delete")
    expect(reader.page.get_by_role("heading", name="Log volume")).to_be_visible()
    expect(reader.page.get_by_role("heading", name=str(SEED["title"]))).to_have_count(0)


def test_what_is_no_dashboard_is_refused_with_a_reason(reader: Reader) -> None:
    reader.open("dashboards")
    reader.click("Import")
    reader.page.get_by_label("Dashboard in Grafana’s JSON model").fill('{"panels": []}')
    reader.click("Save")
    expect(reader.page.get_by_role("alert")).to_have_text("the dashboard has no `title`")


def test_a_panel_leads_to_its_lines(reader: Reader) -> None:
    reader.open("dashboards", uid="service-health")
    panel = reader.page.get_by_role("region", name="Error logs")
    panel.hover()
    panel.get_by_role("button", name="Explore Error logs").click()
    reader.expect_query('{service_name="ryot"} | detected_level=~"error|critical"')
