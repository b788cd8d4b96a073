"""Editing a dashboard in the page: panels, variables, what is kept while it is not saved."""

import json
import re

import httpx
from playwright.sync_api import Browser, Dialog, Route, expect

from .dashboard_models import MANY, SEED
from .reader import Reader


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
