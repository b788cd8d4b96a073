"""Dashboards in Grafana's model: those that come with Sigyn, and those that people bring."""

import json
import re

import httpx
import pytest
from playwright.sync_api import expect

from sigyn.ui.dashboards.library import built_in

from .dashboard_models import MANY, MARKDOWN, REPEATED, SEED
from .reader import Reader


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
    reader.expect_query('{service_name="ryot"} | detected_level=~"error|critical|fatal"')


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


def test_a_row_repeats_for_each_value_and_is_edited_once(reader: Reader) -> None:
    httpx.put(f"{reader.url}/sigyn/api/v1/dashboards/repeated", json=REPEATED).raise_for_status()
    reader.open("dashboards", uid="repeated")
    rows = reader.page.locator(".row-title")
    expect(rows).to_have_text([" All of ryot", " All of agents"])
    for service in ("ryot", "agents"):
        panel = reader.page.get_by_role("region", name=f"Lines of {service}", exact=True)
        expect(panel.locator(".panel-body")).to_have_text(re.compile(r"^[\d.]+K?$"))
        expect(reader.page.get_by_text(f"asks for {service}", exact=True)).to_be_visible()
    reader.click("Edit")
    expect(rows).to_have_count(1)
    reader.click("Discard")
    reader.open("dashboards", **{"uid": "repeated", "var-service": "agents"})
    expect(rows).to_have_text([" All of agents"])
    httpx.delete(f"{reader.url}/sigyn/api/v1/dashboards/repeated")


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


def test_text_panels_show_markdown_and_nothing_of_html(reader: Reader) -> None:
    contents = {"markdown": MARKDOWN, "code": "# **code**", "html": "<b>bold</b>", "deep": ">" * 3000 + " # deep"}
    panels = [
        {
            "title": title,
            "type": "text",
            "gridPos": {"x": 0, "y": at * 16, "w": 24, "h": 16 if title == "markdown" else 4},
            "options": {"content": content} | ({"mode": title} if title != "deep" else {}),
        }
        for at, (title, content) in enumerate(contents.items())
    ]
    variables = {"list": [{"name": "service", "type": "textbox", "query": "ryot", "current": {"value": "ryot"}}]}
    path = f"{reader.url}/sigyn/api/v1/dashboards/texts"
    model = {"uid": "texts", "title": "Texts", "panels": panels, "templating": variables}
    httpx.put(path, json=model).raise_for_status()
    reader.open("dashboards", uid="texts")
    panel = reader.page.get_by_role("region", name="markdown", exact=True)
    expect(panel.get_by_role("heading", name="About ryot")).to_be_visible()
    expect(panel.locator("h3 em")).to_have_text("ryot")
    expect(panel.locator("strong")).to_have_text("bold")
    expect(panel.locator("del")).to_have_text("gone")
    expect(panel.locator("p > code")).to_have_text("some code")
    expect(panel.locator("pre code")).to_have_text("a <b>block</b> **as it is**")
    expect(panel.locator("blockquote")).to_have_text("quoted")
    expect(panel.locator("ul > li > ol > li")).to_have_text("three")
    expect(panel.get_by_role("checkbox", name="done")).to_be_checked()
    expect(panel.get_by_role("cell")).to_have_text(["error", "yesnow"])
    expect(panel.get_by_text("The second line <here>")).to_be_visible()
    links = panel.locator("a")
    assert [link.get_attribute("href") for link in links.all()] == [
        "https://runbooks.example/a?b=1&c=2",
        "#/logs",
        "https://auto.example",
        "http://127.0.0.1:9/b.png",
    ]
    assert {link.get_attribute("rel") for link in links.all()} == {"noopener noreferrer"}
    expect(panel.get_by_text("<script>window.ran = 1</script>")).to_be_visible()
    expect(panel.locator("img, script")).to_have_count(0)
    assert reader.page.evaluate("window.ran") is None
    for title in ("code", "html"):
        body = reader.page.get_by_role("region", name=title, exact=True).locator(".panel-body")
        expect(body).to_have_text(contents[title])
    expect(reader.page.get_by_role("region", name="deep").locator(".panel-body")).to_contain_text("# deep")
    assert reader.serious_faults() == []
    httpx.delete(path).raise_for_status()
