"""Keys, themes, sizes, prefixes, other signals: what holds for the whole page."""

import re
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from .proxy import prefix_proxy
from .reader import Reader

RYOT = '{service="ryot"}'
VIEWS = {
    "start": ("logs", {}),
    "lines": ("logs", {"q": RYOT}),
    "patterns": ("logs", {"q": RYOT, "view_": "patterns"}),
    "graph": ("logs", {"q": "sum by (detected_level) (rate({service=`ryot`}[5m]))"}),
    "table": ("logs", {"q": RYOT + " | stats count() as n by (detected_level)"}),
    "metrics": ("metrics", {}),
    "traces": ("traces", {}),
    "dashboards": ("dashboards", {}),
    "dashboard": ("dashboards", {"uid": "errors"}),
    "alerts": ("alerts", {}),
    "store": ("store", {}),
    "settings": ("store", {"show": "settings"}),
}


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_serious(reader: Reader, view: str) -> None:
    name, parameters = VIEWS[view]
    reader.open(name, **parameters)
    reader.page.wait_for_load_state("networkidle")
    if view == "lines":
        reader.lines.first.click()
        expect(reader.details).to_be_visible()
    assert reader.serious_faults() == []


def test_keys(reader: Reader) -> None:
    reader.explore(RYOT)
    keyboard = reader.page.keyboard
    keyboard.press("j")
    keyboard.press("j")
    keyboard.press("k")
    expect(reader.lines.first).to_have_class(re.compile("current"))
    keyboard.press("Enter")
    expect(reader.details).to_be_visible()
    keyboard.press("/")
    expect(reader.editor).to_be_focused()
    keyboard.press("Escape")
    keyboard.press("?")
    expect(reader.page.get_by_role("dialog", name="Keys")).to_contain_text("next line")
    keyboard.press("Escape")
    keyboard.press("g")
    keyboard.press("d")
    expect(reader.page.get_by_role("heading", name="Dashboards")).to_be_visible()


def test_the_window_is_called_after_what_it_shows(reader: Reader) -> None:
    reader.explore(RYOT + "\n  | json")
    expect(reader.page).to_have_title('{service="ryot"} | json · Logs · Sigyn')
    reader.write('sum(rate({service="ryot"}[5m]))')
    expect(reader.page).to_have_title('sum(rate({service="ryot"}[5m])) · Logs · Sigyn')
    for view, title in {
        "metrics": "Metrics · Sigyn",
        "store": "Store · Sigyn",
        "store?show=settings": "Settings · Store · Sigyn",
        "alerts?show=history": "History · Alerts · Sigyn",
        "alerts": "Alerts · Sigyn",
        "dashboards?uid=errors": "Errors · Dashboards · Sigyn",
        "dashboards": "Dashboards · Sigyn",
        "traces?id=abc": "abc · Traces · Sigyn",
        "logs": "Logs · Sigyn",
    }.items():
        reader.page.evaluate("view => { location.hash = `#/${view}` }", view)
        expect(reader.page).to_have_title(title)


def test_light_and_dark(reader: Reader) -> None:
    reader.explore(RYOT)
    root = reader.page.locator("html")
    expect(root).to_have_attribute("data-theme", "dark")
    reader.click("Light theme")
    expect(root).to_have_attribute("data-theme", "light")
    reader.page.reload()
    expect(root).to_have_attribute("data-theme", "light")


def test_a_phone(reader: Reader) -> None:
    reader.page.set_viewport_size({"width": 390, "height": 800})
    reader.explore(RYOT)
    reader.lines.first.click()
    expect(reader.details).to_be_visible()
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("Metrics", "Dashboards", "Alerts", "Store"):
        reader.page.get_by_role("link", name=name, exact=True).click()
        expect(reader.page.get_by_role("heading", name=name, level=1)).to_be_visible()
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= 390


def test_fields_links_and_wider_ranges_on_a_phone(reader: Reader) -> None:
    reader.page.set_viewport_size({"width": 360, "height": 740})
    reader.explore(RYOT)
    side = reader.page.get_by_label("Labels and fields")
    expect(side).to_have_count(0)
    reader.click("Fields")
    side.locator(".field-name", has_text="service_name").click()
    expect(side.locator(".value").first).to_be_in_viewport()
    assert reader.serious_faults() == []
    reader.click("Fields")
    expect(side).to_have_count(0)
    reader.click("Zoom out")
    reader.page.wait_for_function("location.hash.includes('from=')")
    expect(reader.button("Copy link")).to_be_in_viewport()
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= 360


@pytest.mark.parametrize("view", ["dashboards/x", "nothing"])
def test_a_view_that_does_not_exist_is_said(reader: Reader, view: str) -> None:
    reader.open(view)
    expect(reader.page.get_by_role("heading", name="There is no such view")).to_be_visible()
    expect(reader.page.locator("main")).to_contain_text(f"“{view}”")
    expect(reader.page.locator("[aria-current]")).to_have_count(0)
    assert reader.serious_faults() == []
    reader.page.get_by_role("link", name="Go to Logs").click()
    expect(reader.page.get_by_role("heading", name="Logs", level=1)).to_be_visible()


@pytest.fixture
def proxied(server_url: str) -> Iterator[str]:
    with prefix_proxy(server_url) as proxy:
        yield proxy.url


def test_behind_a_path_prefix(browser: Browser, proxied: str) -> None:
    page = browser.new_page()
    stray: list[str] = []
    page.on("request", lambda request: None if request.url.startswith(proxied) else stray.append(request.url))
    page.goto(f'{proxied}/#/logs?q={{service="ryot"}}')
    expect(page.locator(".log-row").first).to_be_visible()
    page.get_by_role("link", name="Dashboards").click()
    expect(page.get_by_role("heading", name="Log volume")).to_be_visible()
    page.get_by_role("link", name="Alerts").click()
    expect(page.locator(".rule", has_text="ManyErrors")).to_be_visible()
    page.goto(f"{proxied}/d/errors?from=now-3h")
    expect(page.get_by_role("heading", name="Error rate")).to_be_visible()
    assert stray == []
    page.close()


def test_a_link_of_an_alert_leads_to_its_lines(reader: Reader) -> None:
    reader.page.goto(
        reader.url + '/explore?left={"datasource":"Loki","queries":[{"expr":"{service=\\"ryot\\",level=\\"error\\"}"}]}'
    )
    reader.expect_query('{service="ryot",level="error"}')
    expect(reader.lines.first).to_be_visible()


def test_from_a_line_to_its_trace_and_back(reader: Reader) -> None:
    # The newest traces have one line so far, and those of /health never have more.
    reader.explore('{service="ryot", level="info", job="ryot"} != "/health"', from_="now-1h", to="now-10m")
    reader.lines.nth(2).click()
    reader.details.get_by_role("link", name=re.compile("^Trace ")).click()
    expect(reader.page.get_by_label("Lines over time, by service")).to_contain_text("ryot")
    expect(reader.page.locator(".trace-line").nth(1)).to_be_visible()
    reader.page.get_by_role("link", name="Open in Logs").click()
    expect(reader.lines.first).to_be_visible()


def test_traces_to_begin_with(reader: Reader) -> None:
    page = reader.page
    reader.open("traces", from_="now-1h", to="now-10m")
    rows = page.locator(".traces tbody tr")
    expect(rows.first).to_contain_text("ryot")
    every = rows.count()
    page.get_by_role("button", name="With errors").click()
    expect(rows.first).to_be_visible()
    assert 0 < rows.count() < every
    assert reader.serious_faults() == []
    name = rows.first.get_by_role("link").inner_text()
    rows.first.get_by_role("link").click()
    expect(page.get_by_label("Trace id")).to_have_value(name)
    expect(page.locator(".trace-line").first).to_be_visible()
    nothing = {"status": "success", "data": {"resultType": "streams", "result": []}}
    page.route("**/query_range?**", lambda route: route.fulfill(json=nothing))
    reader.open("traces")
    expect(page.get_by_role("heading", name="No line of this range belongs to a trace")).to_be_visible()


def test_names_of_choices_stand_on_one_line_where_it_is_narrow(reader: Reader) -> None:
    reader.page.set_viewport_size({"width": 390, "height": 800})
    reader.open("store", show="settings")
    choices = reader.page.get_by_role("group", name="Section")
    expect(choices).to_be_visible()
    assert choices.evaluate("choices => choices.scrollHeight <= choices.clientHeight")
    reader.click("Ingestion")
    expect(reader.page.locator(".legend")).to_contain_text("sigmavault")


def test_a_matcher_is_as_wide_as_its_text(reader: Reader) -> None:
    reader.explore(RYOT)
    chip = reader.page.locator(".builder .chip.matcher").first
    expect(chip).to_contain_text("ryot")
    room = "chip => chip.getBoundingClientRect().right - chip.lastElementChild.getBoundingClientRect().right"
    assert chip.evaluate(room) < 12


def test_metrics_out_of_logs(reader: Reader) -> None:
    reader.open("metrics")
    ryot = reader.page.locator("section", has=reader.page.get_by_role("heading", name="ryot", exact=True))
    for name, unit in {"Lines per second": r"\d/s$", "Text per second": r" \w*B/s$"}.items():
        card = ryot.locator(".metric-card", has_text=name)
        expect(card.locator(".metric-value")).to_have_text(re.compile(unit))
    expect(ryot.get_by_role("img", name="Lines per second over the last hour").locator("rect").nth(40)).to_be_attached()
    reader.page.get_by_role("link", name=re.compile("Share of errors")).first.click()
    expect(reader.page.locator(".graph canvas")).to_be_visible()


def test_durations_are_found_under_the_name_that_a_service_has_for_them(reader: Reader) -> None:
    before = time.time_ns() - 120_000_000_000
    values = [[str(before + at), f"level=info msg=delivered took={4 + at}ms"] for at in range(3)]
    body = {"streams": [{"stream": {"service_name": "post"}, "values": values}]}
    httpx.post(f"{reader.url}/loki/api/v1/push", json=body).raise_for_status()
    reader.open("metrics")
    heading = reader.page.get_by_role("heading", name="post", exact=True)
    heading.scroll_into_view_if_needed()
    card = reader.page.locator("section", has=heading).locator(".metric-card", has_text="95th percentile")
    expect(card.locator(".metric-value")).to_have_text(re.compile(r"^[56](\.\d+)? ?ms$"))
    card.click()
    reader.expect_query(
        'quantile_over_time(0.95, {service_name="post"} | logfmt | unwrap duration(took) | __error__="" [5m])'
        " by (service_name)"
    )


def test_metrics_of_a_service_of_any_name_and_of_none(reader: Reader) -> None:
    name = 'the "shop" \\o/'
    body = {"streams": [{"stream": {"service_name": name}, "values": [[str(time.time_ns()), "here"]]}]}
    httpx.post(f"{reader.url}/loki/api/v1/push", json=body).raise_for_status()
    reader.open("metrics")
    shop = reader.page.locator("section", has=reader.page.get_by_role("heading", name=name, exact=True))
    shop.get_by_role("link", name=re.compile("Text per second")).click()
    expect(reader.page.locator(".graph canvas")).to_be_visible()
    nothing = {"status": "success", "data": {"resultType": "vector", "result": []}}
    reader.page.route("**/index/volume?**", lambda route: route.fulfill(json=nothing))
    reader.open("metrics")
    expect(reader.page.get_by_role("heading", name="Nothing was logged in the last six hours")).to_be_visible()


def test_the_store(reader: Reader) -> None:
    reader.open("store")
    expect(reader.page.locator(".figures")).to_contain_text(re.compile(r"lines in this range\s*1\d\d,\d\d\d"))
    expect(reader.page.locator(".data-table", has_text="sigmavault")).to_be_visible()
    reader.click("Labels and streams")
    reader.page.get_by_role("button", name="operation", exact=True).click()
    expect(reader.page.locator(".label-values")).to_contain_text("auth")
    reader.click("Retention and deletes")
    expect(reader.page.locator("pre", has_text="retention:").first).to_be_visible()
    expect(reader.page.get_by_text("Nobody asked to delete anything.")).to_be_visible()
    wanted = {"query": '{job="gone"} |= "nothing"', "start": "0"}
    httpx.post(f"{reader.url}/loki/api/v1/delete", params=wanted, timeout=30).raise_for_status()
    expect(reader.page.get_by_role("region", name="Deletes").locator("tbody tr")).to_contain_text('|= "nothing"')
    reader.click("Agents")
    expect(reader.page.locator(".data-table", has_text="ryot-db-0")).to_be_visible()
    reader.click("Settings")
    expect(reader.page.locator("pre", has_text="max_line_size")).to_be_visible()


def test_no_ruler_is_said(reader: Reader) -> None:
    reader.page.route("**/prometheus/api/v1/rules", lambda route: route.fulfill(status=404, body="404 page not found"))
    reader.open("alerts")
    expect(reader.page.get_by_role("heading", name="This server evaluates no rules")).to_be_visible()
