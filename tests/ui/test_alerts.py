"""Alerts in the browser: rules of a real ruler that fire on pushed lines, and silences in a real Alertmanager."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, Response, Route, expect

from tests.ruler.servers import RuledServer, group, ruled_server
from tests.ruler.upstream import Upstream, alertmanager, eventually

from .reader import Reader

RULES = group(
    {
        "alert": "CardDeclined",
        "expr": 'sum by (app) (count_over_time({app=~".+"} |= "declined" [1h])) > 1',
        "labels": {"severity": "page"},
        "annotations": {"summary": "{{ $labels.app }}: {{ $value }} declined"},
    },
    {"alert": "Brief", "expr": 'sum by (app) (count_over_time({app=~".+"} |= "declined" [8s])) > 1'},
    {"alert": "Slow", "expr": "vector(1)", "for": "10h", "annotations": {"summary": "{{ $value }} for hours"}},
    {"alert": "Quiet", "expr": "vector(0) > 1", "annotations": {"summary": "{{ $value }} is much"}},
    {"alert": "Later", "expr": 'sum by (app) (count_over_time({app="late"}[1h])) > 0'},
    {"record": "declined:count", "expr": 'sum by (app) (count_over_time({app=~".+"} |= "declined" [1h]))'},
    {"alert": "Often", "expr": "sum(declined:count) > 100"},
)


@pytest.fixture(scope="module")
def receiving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Upstream]:
    with alertmanager(tmp_path_factory.mktemp("receiving") / "alertmanager") as running:
        yield running


@pytest.fixture(scope="module")
def ruled(tmp_path_factory: pytest.TempPathFactory, receiving: Upstream) -> Iterator[RuledServer]:
    """A server whose alert fires on lines that were pushed, and another one of which came and went."""
    folder: Path = tmp_path_factory.mktemp("ruled")
    with ruled_server(folder, RULES, alertmanager_url=receiving.url, resend_delay="1s") as server:
        server.push({"app": "shop"}, "card declined", "card declined again", "all is well")
        eventually(lambda: [each for each in changes(server, "Brief") if each == "resolved"])
        eventually(lambda: receiving.get("/api/v2/alerts"))
        yield server


@pytest.fixture(scope="module")
def server_url(ruled: RuledServer) -> str:
    return ruled.running.url


def changes(server: RuledServer, rule: str) -> list[str]:
    found = server.get("/sigyn/api/v1/alerts/history")["changes"]
    return [each["state"] for each in found if each["rule"] == rule]


def test_rules_with_their_states(reader: Reader) -> None:
    reader.open("alerts")
    rules = reader.page.locator(".rule")
    expect(rules).to_have_count(7)
    reader.click("Pending")
    expect(rules).to_have_text([re.compile("Slow")])
    reader.click("Firing")
    expect(rules).to_have_text([re.compile("CardDeclined.*1 firing")])
    reader.page.locator(".rule-head").click()
    details = reader.page.locator(".rule-details")
    expect(reader.page.get_by_role("img", name=re.compile("CardDeclined.*threshold 1"))).to_be_visible()
    expect(details.locator("tbody tr")).to_contain_text("firing")
    expect(details.locator("tbody tr")).to_contain_text("shop")
    details.get_by_role("link", name="Open the query in Logs").click()
    expect(reader.page.locator(".graph canvas")).to_be_visible()


def test_an_alert_leads_to_its_lines(reader: Reader) -> None:
    reader.open("alerts")
    reader.page.locator(".rule-head", has_text="CardDeclined").click()
    reader.page.get_by_role("link", name="Lines", exact=True).click()
    reader.expect_query('{app="shop"} |= "declined"')
    expect(reader.lines).to_have_count(2)
    expect(reader.lines.first).to_contain_text("card declined again")
    expect(reader.page.locator(".time-text").first).to_have_text(re.compile(r"^20\d\d-\d\d-\d\d [\d:]{8} to now$"))


def test_of_very_many_alerts_the_first_are_shown_and_then_all(reader: Reader) -> None:
    def multiplied(route: Route) -> None:
        answer = route.fetch()
        states = answer.json()
        for rule in states["data"]["groups"][0]["rules"]:
            if rule["name"] == "CardDeclined":
                (alert,) = rule["alerts"]
                rule["alerts"] = [
                    alert | {"labels": alert["labels"] | {"pod": f"pod-{number}"}} for number in range(1234)
                ]
        route.fulfill(response=answer, json=states)

    reader.page.route("**/prometheus/api/v1/rules", multiplied)
    reader.open("alerts")
    reader.page.locator(".rule-head", has_text="CardDeclined").click()
    rows = reader.page.locator(".rule-details tbody tr")
    expect(rows).to_have_count(100)
    expect(reader.page.get_by_text("The first 100 of 1,234 alerts.")).to_be_visible()
    reader.click("Show 1,134 more")
    expect(rows).to_have_count(1234)
    expect(rows.last).to_contain_text("pod-1233")
    expect(reader.page.get_by_text("The first 100")).to_have_count(0)
    reader.page.unroute_all(behavior="ignoreErrors")


def test_an_alert_on_a_phone_has_all_of_it_in_sight(reader: Reader) -> None:
    reader.page.set_viewport_size({"width": 390, "height": 844})
    reader.open("alerts")
    reader.page.locator(".rule-head", has_text="CardDeclined").click()
    expect(reader.page.locator(".rule-details .chart canvas")).to_be_visible()
    details = reader.page.locator(".rule-details")
    for each in (details.get_by_role("link", name="Lines"), details.get_by_role("button", name="Silence")):
        box = each.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    assert reader.page.locator("main").evaluate("main => main.scrollWidth <= main.clientWidth")


def test_what_a_rule_records_is_opened_under_metrics_and_leads_back_to_its_lines(reader: Reader) -> None:
    page = reader.page
    reader.open("alerts")
    page.locator(".rule-head", has_text="declined:count").first.click()
    page.get_by_role("link", name="Open the series in Metrics").click()
    expect(page.get_by_role("img", name="declined:count over time")).to_be_visible()
    expect(page.locator(".legend")).to_contain_text('declined:count{app="shop"}')
    assert reader.serious_faults() == []
    page.get_by_role("link", name=re.compile("count_over_time")).click()
    expect(page.locator(".graph canvas")).to_be_visible()
    page.go_back()
    query = page.get_by_label("Query in PromQL")
    query.fill("sum(declined:count) by (app")
    query.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("parse error")
    query.fill("sum(declined:count)")
    query.press("Enter")
    expect(page.get_by_role("img", name="sum(declined:count) over time")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)
    reader.click("Zoom out")
    expect(page.get_by_role("img", name="sum(declined:count) over time")).to_be_visible()
    query.fill("never:recorded")
    query.press("Enter")
    expect(page.get_by_role("heading", name="No series in this range")).to_be_visible()
    page.get_by_role("link", name="All metrics").click()
    page.get_by_role("link", name="declined:count", exact=True).click()
    expect(page.get_by_role("img", name="declined:count over time")).to_be_visible()


def test_a_rule_over_recorded_series_shows_them(reader: Reader) -> None:
    reader.open("alerts")
    reader.page.locator(".rule-head", has_text="Often").click()
    expect(reader.page.get_by_role("img", name=re.compile("Often.*threshold 100"))).to_be_visible()
    expect(reader.page.locator(".rule-details [role=alert]")).to_have_count(0)
    reader.page.get_by_role("link", name="Open the query in Metrics").click()
    expect(reader.page.get_by_role("img", name="sum(declined:count) over time")).to_be_visible()


def test_panels_of_a_dashboard_may_ask_for_recorded_series(reader: Reader) -> None:
    page = reader.page
    path = f"{reader.url}/sigyn/api/v1/dashboards/declined"
    target = {"expr": "declined:count", "refId": "A", "datasource": {"type": "prometheus", "uid": "x"}}
    panels = [
        {"type": "timeseries", "title": "over time", "targets": [target]},
        {"type": "stat", "title": "now", "targets": [target | {"datasource": None, "instant": True}]},
    ]
    panels[1]["datasource"] = {"type": "prometheus"}
    httpx.put(path, json={"title": "Declined", "panels": panels}).raise_for_status()
    reader.open("dashboards", uid="declined")
    expect(page.get_by_role("region", name="over time").locator(".legend")).to_contain_text('{app="shop"}')
    expect(page.get_by_role("region", name="now")).to_contain_text("2")
    reader.click("Edit")
    page.get_by_role("button", name="Edit now").click()
    dialog = page.get_by_role("dialog", name="Panel")
    asked = dialog.get_by_label("Language 1")
    expect(asked).to_have_value("prometheus")
    asked.select_option("logs, in LogQL")
    dialog.get_by_role("button", name="Apply").click()
    expect(page.get_by_role("region", name="now").get_by_role("alert")).to_contain_text("parse error")
    page.get_by_role("button", name="Explore over time").click()
    expect(page.get_by_role("img", name="declined:count over time")).to_be_visible()
    httpx.delete(path)


def test_annotations_are_texts_where_there_is_an_alert(reader: Reader) -> None:
    """Pending or firing; of a rule without one they are shown as they are written, and as what an alert would say."""
    reader.open("alerts")
    shown = {"CardDeclined": "summary shop: 2 declined", "Slow": "summary 1 for hours"}
    for rule, text in (shown | {"Quiet": "summary of an alert {{ $value }} is much"}).items():
        reader.page.locator(".rule-head", has_text=rule).click()
        details = reader.page.locator(".rule", has_text=rule).locator(".rule-details")
        expect(details.locator(".annotation")).to_have_text([text])


def test_files_that_can_not_be_used_are_named(page: Page, tmp_path: Path) -> None:
    with ruled_server(tmp_path, None) as server:
        reader = Reader(page, server.running.url)
        reader.open("alerts")
        expect(page.get_by_role("heading", name="There are no rules")).to_be_visible()
        shop = tmp_path / "rules" / "shop.yaml"
        shop.write_text("groups:\n- name: shop\n  rules: [{alert: Declined}]\n")
        eventually(lambda: "warnings" in server.client.get("/prometheus/api/v1/rules").json())
        reader.click("Refresh")
        problems = page.get_by_role("region", name="Rule files that can’t be used")
        expect(problems.get_by_role("listitem")).to_contain_text(
            f"{shop}:3: group `shop`, rule `Declined` has no `expr`"
        )
        expect(page.get_by_role("heading", name="There are no rules")).to_have_count(0)
        assert reader.serious_faults() == []
        shop.unlink()
        eventually(lambda: "warnings" not in server.client.get("/prometheus/api/v1/rules").json())
        reader.click("Refresh")
        expect(page.get_by_role("heading", name="There are no rules")).to_be_visible()
        expect(problems).to_have_count(0)


def test_the_history_of_firing(reader: Reader) -> None:
    reader.open("alerts")
    reader.click("History")
    firings = reader.page.get_by_role("region", name="Firings over time")
    brief = firings.get_by_role("img", name=re.compile("^Brief shop: firing from .* to "))
    expect(brief.locator("i.firing")).to_have_count(1)
    expect(firings.get_by_role("img", name=re.compile("^CardDeclined .*: firing from .* on"))).to_be_visible()
    expect(firings.get_by_role("img", name=re.compile("^Slow.*: pending from"))).to_be_visible()
    listed = reader.page.get_by_role("region", name="Changes of alerts").locator("tbody tr")
    expect(listed.filter(has_text="resolved")).to_contain_text("Brief")
    expect(listed.filter(has_text="Brief")).to_have_count(2)
    assert reader.state["show"] == "history"
    reader.open("alerts", show="history", from_="now-2d", to="now-1d")
    expect(reader.page.get_by_role("heading", name="No alert changed in this range")).to_be_visible()


def test_silencing_an_alert_and_ending_the_silence(reader: Reader, receiving: Upstream) -> None:
    reader.open("alerts")
    reader.click("Firing")
    reader.page.locator(".rule-head").click()
    reader.page.locator(".rule-details").get_by_role("button", name="Silence").click()
    dialog = reader.page.get_by_role("dialog", name="Silence")
    expect(dialog.get_by_label("Label 1")).to_have_value("alertname")
    expect(dialog.get_by_label("Value 1")).to_have_value("CardDeclined")
    dialog.get_by_role("button", name="Remove matcher 3").click()  # severity
    dialog.get_by_label("Operator 2").select_option("=~")
    dialog.get_by_label("Value 2").fill("sho.*")
    dialog.get_by_label("For how long").fill("3h")
    dialog.get_by_label("Why").fill("the bank knows")
    dialog.get_by_role("button", name="Silence", exact=True).click()
    expect(dialog).to_have_count(0)
    (alert,) = eventually(lambda: [each for each in receiving.get("/api/v2/alerts") if each["status"]["silencedBy"]])
    assert alert["labels"]["alertname"] == "CardDeclined"
    said = reader.page.locator(".rule-details").get_by_text(re.compile(r"^silenced until [\d:\- ]+$"))
    expect(said).to_have_attribute("title", "the bank knows")

    reader.click("Silences")
    row = reader.page.get_by_role("region", name="Silences").locator("tbody tr")
    expect(row).to_contain_text('alertname="CardDeclined", app=~"sho.*"')
    expect(row).to_contain_text("the bank knows")
    row.get_by_role("button", name="Expire").click()
    expect(reader.page.get_by_role("heading", name="Nothing is silenced")).to_be_visible()
    assert [each["status"]["state"] for each in receiving.get("/api/v2/silences")] == ["expired"]


def test_a_button_that_is_pressed_twice_does_it_once(reader: Reader) -> None:
    held: list[Route] = []
    reader.page.route("**/silences", lambda route: held.append(route))
    reader.open("alerts", show="silences")
    for route in held:
        route.continue_()
    held.clear()
    reader.click("New silence")
    dialog = reader.page.get_by_role("dialog", name="Silence")
    dialog.get_by_label("Value 1").fill("Quiet")
    dialog.get_by_label("Why").fill("twice")
    with reader.page.expect_request(lambda request: request.method == "POST"):
        dialog.get_by_role("button", name="Silence", exact=True).dblclick(no_wait_after=True)
    expect(dialog.get_by_role("button", name="Silence", exact=True)).to_be_disabled()
    while not (asked := [route.request.method for route in held if route.request.method != "GET"]):
        reader.page.wait_for_timeout(50)  # a request is told of before it is held
    assert asked == ["POST"]
    for route in held:
        route.abort()
    expect(dialog.get_by_role("alert")).to_have_text("the server does not answer")
    expect(dialog.get_by_role("button", name="Silence", exact=True)).to_be_enabled()


def test_a_silence_that_alertmanager_refuses(reader: Reader) -> None:
    reader.open("alerts", show="silences")
    reader.click("New silence")
    dialog = reader.page.get_by_role("dialog", name="Silence")
    dialog.get_by_label("Operator 1").select_option("=~")
    dialog.get_by_label("Value 1").fill("(")
    dialog.get_by_label("Why").fill("a slip")
    dialog.get_by_role("button", name="Silence", exact=True).click()
    expect(dialog.get_by_role("alert")).to_contain_text("Alertmanager refused it")


def test_axe_finds_nothing_serious(reader: Reader) -> None:
    for view in ("rules", "history", "silences"):
        reader.open("alerts", show=view)
        expect(reader.page.get_by_role("button", name=view.capitalize(), exact=True)).to_be_visible()
        if view == "rules":
            reader.page.locator(".rule-head").first.click()
        reader.page.wait_for_load_state("networkidle")
        assert reader.serious_faults() == []
    reader.click("New silence")
    assert reader.serious_faults() == []


def test_states_change_by_themselves_and_what_is_open_stays_open(reader: Reader, ruled: RuledServer) -> None:
    reader.open("alerts")
    reader.click("Pending")
    reader.page.locator(".rule-head", has_text="Slow").click()
    reader.click("Failing")
    expect(reader.page.get_by_role("heading", name="No rule is failing")).to_be_visible()
    reader.click("All")
    later = reader.page.locator(".rule", has_text="Later")
    later.locator(".rule-head").click()
    expect(later.locator(".state")).to_have_text("inactive")
    ruled.push({"app": "late"}, "here now")
    expect(later.locator(".rule-head .state")).to_have_text("firing")
    expect(later.locator(".rule-details tbody tr")).to_contain_text("late")


def test_a_page_that_nobody_sees_asks_for_nothing(reader: Reader) -> None:
    page = reader.page
    page.clock.install()
    reader.open("alerts")
    expect(page.locator(".rule")).to_have_count(7)
    with page.expect_response(asks_for_rules):
        page.clock.run_for(10_000)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    become(page, hidden=True)
    page.clock.run_for(120_000)
    assert asked == []
    with page.expect_response(asks_for_rules):
        become(page, hidden=False)
        page.clock.run_for(10_000)


def asks_for_rules(response: Response) -> bool:
    return "/prometheus/api/v1/rules" in response.url


def become(page: Page, *, hidden: bool) -> None:
    """What a browser does when another tab is chosen, or this one again."""
    page.evaluate(
        "hidden => { Object.defineProperty(document, 'hidden', {value: hidden, configurable: true});"
        " document.dispatchEvent(new Event('visibilitychange')) }",
        hidden,
    )
