"""Dashboards in Grafana's model: those that come with Sigyn, and those that people bring."""

import json
import re
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Dialog, Route, expect

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
    reader.click("Delete it")
    expect(reader.page.get_by_role("heading", name="Log volume")).to_be_visible()
    expect(reader.page.get_by_role("heading", name=str(SEED["title"]))).to_have_count(0)


def test_a_dashboard_of_ones_own(reader: Reader) -> None:
    page = reader.page
    reader.open("dashboards")
    reader.click("New")
    page.get_by_label("Title").fill("Errors")  # as one is called that comes with Sigyn, which stays
    reader.click("Create")
    expect(page.get_by_role("heading", name="No panels yet")).to_be_visible()
    assert reader.state["uid"] == "errors-2"
    assert reader.serious_faults() == []
    reader.click("Add a panel")
    dialog = page.get_by_role("dialog", name="Panel")
    dialog.get_by_label("Title").fill("Lines of ryot")
    dialog.get_by_label("Query 1").click()
    page.keyboard.type("sum(count_over_time({serv")
    expect(page.locator(".cm-tooltip-autocomplete li").first).to_have_text("service")
    page.keyboard.press("Tab")
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.keyboard.insert_text('sum(count_over_time({service="ryot"}[5m]))')
    page.keyboard.press("Escape")  # leaves the editor, not the dialog
    dialog.get_by_label("Query 1").click()
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    page.get_by_label("Title of the dashboard").fill("Errors of ryot")
    reader.click("Save")
    expect(reader.button("Edit")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Errors of ryot")).to_be_visible()
    expect(page.get_by_role("region", name="Lines of ryot").get_by_role("img")).to_be_visible()
    reader.click("Delete")
    question = page.get_by_role("dialog", name="Delete Errors of ryot?")
    assert reader.serious_faults() == []
    question.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("region", name="Lines of ryot")).to_be_visible()
    reader.click("Delete")
    page.route("**/sigyn/api/v1/dashboards/errors-2", lambda route: route.abort())
    reader.click("Delete it")
    expect(question.get_by_role("alert")).to_have_text("the server does not answer")
    page.unroute("**/sigyn/api/v1/dashboards/errors-2")
    reader.click("Delete it")
    expect(page.get_by_role("heading", name="Errors", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Errors of ryot")).to_have_count(0)


def test_changes_wait_while_somebody_looks_elsewhere(reader: Reader) -> None:
    page = reader.page
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    reader.open("dashboards", uid="errors")
    reader.click("Edit")
    page.get_by_label("Title of the dashboard").fill("Faults")
    page.get_by_role("link", name="Logs", exact=True).click()
    expect(page.locator(".services")).to_be_visible()
    page.go_back()
    expect(page.get_by_label("Title of the dashboard")).to_have_value("Faults")
    page.reload()
    assert asked == ["beforeunload"]
    reader.click("Edit")
    page.reload()
    assert asked == ["beforeunload"], "nothing was changed"
    reader.click("Edit")
    page.get_by_label("Title of the dashboard").fill("Faults")
    reader.click("Discard")
    page.reload()
    assert asked == ["beforeunload"], "nothing is left to lose"
    expect(page.get_by_role("heading", name="Dashboards / Errors")).to_be_visible()


def test_a_text_is_kept_while_it_is_typed_and_panels_load(reader: Reader) -> None:
    reader.open("dashboards")
    reader.click("Import")
    reader.page.get_by_label("Dashboard in Grafana’s JSON model").fill(json.dumps({"dashboard": SEED}))
    reader.click("Save")
    field = reader.page.get_by_label("trace_id")
    field.fill("half a tr")
    with reader.page.expect_response(lambda response: "/query" in response.url):
        reader.page.get_by_role("button", name="Refresh").first.evaluate("button => button.click()")  # keeps the focus
    expect(
        reader.page.get_by_role("region", name="Trace Logs").get_by_role("link", name="View in Jaeger")
    ).to_be_visible()
    expect(field).to_have_value("half a tr")
    reader.click("Delete")
    reader.click("Delete it")
    expect(reader.page.get_by_role("heading", name=str(SEED["title"]))).to_have_count(0)


TYPE_AT_ONCE = """
new MutationObserver((_, observer) => {
  const field = document.querySelector('.variable input')
  if (!field) return
  observer.disconnect()
  field.value = 'typed at once'
  field.dispatchEvent(new InputEvent('input', { bubbles: true }))
}).observe(document, { childList: true, subtree: true })
"""


def test_a_text_is_kept_that_is_typed_as_soon_as_there_is_a_field(reader: Reader) -> None:
    reader.page.add_init_script(TYPE_AT_ONCE)
    reader.open("dashboards", uid="trace-logs")
    # A panel is drawn after all effects of the first drawing.
    expect(reader.page.locator(".panel").first).to_be_visible()
    expect(reader.page.get_by_label("trace_id")).to_have_value("typed at once")


def test_an_import_asks_before_it_replaces_a_dashboard(reader: Reader) -> None:
    address = f"{reader.url}/sigyn/api/v1/dashboards"
    httpx.post(address, json={"uid": "mine", "title": "Mine", "panels": []}).raise_for_status()
    theirs = json.dumps({"dashboard": {"uid": "mine", "title": "Theirs", "panels": [], "tags": ["new"]}})

    def title_of(uid: str) -> str:
        return str(httpx.get(f"{address}/{uid}").raise_for_status().json()["data"]["title"])

    def send() -> None:
        reader.open("dashboards")
        reader.click("Import")
        reader.page.get_by_label("Dashboard in Grafana’s JSON model").fill(theirs)
        reader.click("Save")

    send()
    expect(reader.page.get_by_role("alert")).to_contain_text("“Mine” is there with the same uid, mine")
    assert title_of("mine") == "Mine"
    assert reader.serious_faults() == []
    reader.click("Keep both")
    expect(reader.page.get_by_role("heading", name="Dashboards / Theirs")).to_be_visible()
    assert reader.state["uid"] == "mine-2"
    assert (title_of("mine"), title_of("mine-2")) == ("Mine", "Theirs")
    send()
    reader.click("Replace it")
    expect(reader.page.get_by_role("heading", name="Dashboards / Theirs")).to_be_visible()
    assert (reader.state["uid"], title_of("mine")) == ("mine", "Theirs")
    reader.click("Edit")
    reader.click("JSON")
    reader.page.get_by_role("dialog").get_by_role("button", name="Save").click()  # its own uid: nothing to ask
    expect(reader.page.get_by_role("dialog")).to_have_count(0)
    for uid in ("mine", "mine-2"):
        httpx.delete(f"{address}/{uid}").raise_for_status()


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


MANY: dict[str, Any] = {
    "uid": "many",
    "title": "Many",
    "panels": [
        {
            "type": "table",
            "title": "Lines of $service",
            "gridPos": {"x": 0, "y": 0, "w": 24, "h": 8},
            "targets": [
                {"refId": "A", "expr": 'sum by (service) (count_over_time({service=~"$service"}[1h]))', "instant": True}
            ],
        },
        {
            "type": "text",
            "title": "What else",
            "gridPos": {"x": 0, "y": 8, "w": 12, "h": 4},
            "options": {"content": "kept"},
            "pluginVersion": "11.0.0",
        },
    ],
    "templating": {
        "list": [
            {
                "name": "service",
                "type": "query",
                "multi": True,
                "includeAll": True,
                "query": "label_values(service)",
                "current": {"value": ["ryot", "sigmavault"]},
            }
        ]
    },
}
"""A variable of several values, All among them, without an `allValue`."""


def test_several_values_and_all(reader: Reader) -> None:
    httpx.put(f"{reader.url}/sigyn/api/v1/dashboards/many", json=MANY).raise_for_status()
    queries: list[str] = []
    reader.page.on("request", lambda request: queries.append(request.url) if "count_over_time" in request.url else None)
    reader.open("dashboards", uid="many")
    rows = reader.page.get_by_role("region", name="Lines of ryot + sigmavault").locator("tbody tr")
    expect(rows).to_have_count(2)
    reader.click("Choose service")
    choices = reader.page.get_by_role("list", name="service")
    choices.get_by_label("sigmavault").uncheck()
    expect(reader.page.get_by_role("region", name="Lines of ryot", exact=True).locator("tbody tr")).to_have_count(1)
    choices.get_by_label("All").check()
    everything = httpx.get(f"{reader.url}/loki/api/v1/label/service/values").json()["data"]
    assert len(everything) > 2
    region = reader.page.get_by_role("region", name=f"Lines of {' + '.join(everything)}")
    expect(region.locator("tbody tr")).to_have_count(len(everything))
    assert reader.state["var-service"] == "$__all"
    assert any("ryot%7Csigmavault" in query for query in queries), queries
    httpx.delete(f"{reader.url}/sigyn/api/v1/dashboards/many")


def test_editing_panels_without_json(reader: Reader) -> None:
    path = f"{reader.url}/sigyn/api/v1/dashboards/many"
    httpx.put(path, json=MANY).raise_for_status()
    page = reader.page
    reader.open("dashboards", uid="many")
    reader.click("Edit")
    page.get_by_role("button", name="Edit What else").click()
    dialog = page.get_by_role("dialog", name="Panel")
    dialog.get_by_label("Title").fill("Errors a second")
    dialog.get_by_label("Type").select_option("timeseries")
    dialog.get_by_label("Query 1").fill('sum by (service) (rate({level="error"}[5m]))')
    dialog.get_by_label("Legend 1").fill("of {{service}}")
    dialog.get_by_label("Unit").select_option("percentunit")
    dialog.get_by_role("button", name="Add a threshold").click()
    dialog.get_by_role("spinbutton", name="Threshold 2").fill("0.5")
    dialog.get_by_label("Width").fill("24")
    assert reader.serious_faults() == []
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("region", name="Errors a second").locator(".legend li").first).to_contain_text("of ")

    page.get_by_role("button", name="Move earlier Errors a second").click()
    expect(page.locator(".panel h2").first).to_have_text("Errors a second")
    page.get_by_role("button", name="Panel", exact=True).click()
    dialog.get_by_label("Title").fill("Not for long")
    dialog.get_by_role("button", name="Apply").click()
    page.get_by_role("button", name="Remove Not for long").click()
    expect(page.get_by_role("region", name="Not for long")).to_have_count(0)
    assert httpx.get(path).json()["data"]["panels"] == MANY["panels"], "nothing is saved before Save"
    held: list[Route] = []
    page.route("**/sigyn/api/v1/dashboards/many", lambda route: held.append(route))
    with page.expect_request("**/sigyn/api/v1/dashboards/many"):
        reader.click("Save")
    expect(reader.button("Discard")).to_be_visible()
    expect(reader.button("Edit")).to_have_count(0)  # not before what was saved is there: it would be undone
    held.pop().continue_()
    page.unroute("**/sigyn/api/v1/dashboards/many")
    expect(reader.button("Edit")).to_be_visible()

    saved = httpx.get(path).json()["data"]
    changed, table = saved["panels"]
    assert (changed["title"], changed["type"], changed["gridPos"]) == (
        "Errors a second",
        "timeseries",
        {"x": 0, "y": 0, "w": 24, "h": 4},
    )
    assert changed["targets"][0]["legendFormat"] == "of {{service}}"
    defaults = changed["fieldConfig"]["defaults"]
    assert defaults["unit"] == "percentunit"
    assert defaults["thresholds"]["steps"] == [{"color": "green", "value": None}, {"color": "red", "value": 0.5}]
    assert (changed["pluginVersion"], table["targets"], saved["templating"]) == (
        "11.0.0",
        MANY["panels"][0]["targets"],
        MANY["templating"],
    )
    reader.click("Edit")
    page.get_by_role("button", name="Remove Errors a second").click()
    reader.click("Discard")
    expect(page.get_by_role("region", name="Errors a second")).to_be_visible()
    reader.click("Edit")
    page.get_by_role("button", name="JSON").click()
    expect(page.get_by_label("Dashboard in Grafana’s JSON model")).to_have_value(re.compile("Errors a second"))
    httpx.delete(path)


def test_variables_without_json(reader: Reader) -> None:
    path = f"{reader.url}/sigyn/api/v1/dashboards/many"
    kept = {"name": "source", "type": "datasource", "query": "loki", "regex": "x"}
    httpx.put(path, json=MANY | {"templating": {"list": [kept]}}).raise_for_status()
    page = reader.page
    reader.open("dashboards", uid="many")
    reader.click("Edit")
    reader.click("Variables")
    dialog = page.get_by_role("dialog", name="Variables")
    dialog.get_by_role("button", name="Add a variable").click()
    dialog.get_by_label("Name 2").fill("of what")
    expect(dialog.get_by_role("alert")).to_contain_text("“of what” can’t be a name")
    expect(dialog.get_by_role("button", name="Apply")).to_be_disabled()
    dialog.get_by_label("Name 2").fill("level")
    dialog.get_by_label("Shown as 2").fill("Level")
    dialog.get_by_label("Label 2").fill("level")
    dialog.get_by_label("Of streams 2").fill('{service="ryot"}')
    dialog.get_by_label("Several values 2").check()
    dialog.get_by_role("button", name="Add a variable").click()
    dialog.get_by_label("Name 3").fill("level")
    expect(dialog.get_by_role("alert")).to_have_text("there are two variables “level”")
    dialog.get_by_label("Name 3").fill("every")
    dialog.get_by_label("Kind 3").select_option("a list")
    dialog.get_by_label("Value 3").fill("5m, 1h")
    assert reader.serious_faults() == []
    dialog.get_by_role("button", name="Move variable 3 up").click()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator(".variable > span")).to_have_text(["every", "Level"])
    expect(page.get_by_label("every", exact=True).get_by_role("option")).to_have_text(["5m", "1h"])
    page.get_by_role("button", name="Choose Level").click()
    page.get_by_role("checkbox", name="error").check()
    expect(page).to_have_url(re.compile("var-level=error"))
    reader.click("Save")
    expect(reader.button("Edit")).to_be_visible()
    assert httpx.get(path).json()["data"]["templating"]["list"] == [
        kept,
        {"name": "every", "type": "custom", "query": "5m, 1h"},
        {
            "name": "level",
            "label": "Level",
            "type": "query",
            "query": {
                "type": 1,
                "refId": "LokiVariableQueryEditor-VariableQuery",
                "label": "level",
                "stream": '{service="ryot"}',
            },
            "includeAll": True,
            "multi": True,
        },
    ]
    reader.click("Edit")
    reader.click("Variables")
    dialog.get_by_role("button", name="Remove variable 2").click()
    dialog.get_by_role("button", name="Apply").click()
    expect(page.locator(".variable > span")).to_have_text(["Level"])
    httpx.delete(path)


def test_editing_on_a_phone(browser: Browser, server_url: str) -> None:
    path = f"{server_url}/sigyn/api/v1/dashboards/many"
    httpx.put(path, json=MANY).raise_for_status()
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone = Reader(context.new_page(), server_url)
    phone.open("dashboards", uid="many")
    expect(phone.page.get_by_role("button", name=re.compile("^Explore "))).to_have_css("opacity", "1")
    phone.button("Edit").tap()
    phone.page.get_by_role("button", name="Edit What else").tap()
    dialog = phone.page.get_by_role("dialog", name="Panel")
    dialog.get_by_label("Title").fill("Seen on a phone")
    dialog.get_by_role("button", name="Apply").tap()
    expect(phone.page.get_by_role("region", name="Seen on a phone")).to_be_attached()
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 360
    phone.button("Variables").tap()
    variables = phone.page.get_by_role("dialog", name="Variables")
    variables.get_by_role("button", name="Add a variable").tap()
    assert variables.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
    variables.get_by_role("button", name="Apply").tap()
    expect(phone.page.get_by_label("service2", exact=True)).to_be_in_viewport()
    phone.button("Save").tap()
    expect(phone.button("Edit")).to_be_visible()
    titles = [panel["title"] for panel in httpx.get(path).json()["data"]["panels"]]
    assert "Seen on a phone" in titles
    context.close()
    httpx.delete(path)


def test_panels_without_data_say_so(reader: Reader) -> None:
    kinds = ("timeseries", "stat", "gauge", "bargauge", "table")
    targets = [{"expr": 'sum by (app) (rate({app="nobody"}[1m]))', "refId": "A"}]
    panels = [{"id": at, "title": kind, "type": kind, "targets": targets} for at, kind in enumerate(kinds)]
    path = f"{reader.url}/sigyn/api/v1/dashboards/nothing"
    httpx.put(path, json={"uid": "nothing", "title": "Nothing", "panels": panels}).raise_for_status()
    reader.open("dashboards", uid="nothing")
    for kind in kinds:
        region = reader.page.get_by_role("region", name=kind, exact=True)
        expect(region.get_by_text("No data in this range")).to_be_visible()
    httpx.delete(path)
