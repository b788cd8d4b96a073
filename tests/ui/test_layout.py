"""Charts and their legends fit where they are: in narrow panels, with long names, on a phone."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect

from .reader import Reader

QUERY = 'sum by (service_name, detected_level) (count_over_time({service_name=~".+"}[5m]))'
LEGEND = 'cluster="production-eu", namespace="shop", service="{{service_name}}", level="{{detected_level}}"'
LEVELS = 'sum by (detected_level) (count_over_time({service_name=~".+"}[5m]))'

PHONE = {"width": 390, "height": 800}
LEAST_CHART = 150  # px that a chart needs to show a course: 5 marks on its axis
ROW = 22  # px of a legend

SETTLED = "() => document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => setTimeout(done))))"
"""Waits until texts are as wide as they stay, and charts have taken the room that is left."""


def panel(title: str, at: tuple[int, int, int, int], *, kind: str = "timeseries", figures: bool = False) -> Any:
    """A panel of many series with long names; `at` is x, y, width and height in Grafana's grid."""
    return {
        "title": title,
        "type": kind,
        "gridPos": dict(zip("xywh", at, strict=True)),
        "targets": [{"expr": QUERY, "legendFormat": LEGEND, "refId": "A"}],
        "options": {"legend": {"showLegend": True, "calcs": ["lastNotNull", "mean", "max"] if figures else []}},
    }


CHARTS = [
    panel("wide", (0, 0, 12, 8)),
    panel("narrow", (12, 0, 6, 8)),
    panel("figures", (18, 0, 6, 8), figures=True),
    panel("low", (0, 8, 8, 4), kind="barchart"),
    panel("high", (8, 8, 8, 24)),
    panel("short names", (16, 8, 8, 8)) | {"targets": [{"expr": LEVELS, "refId": "A"}]},
]


@pytest.fixture
def dashboard(server_url: str) -> Iterator[str]:
    """The uid of a dashboard with these charts, and a list of bars."""
    panels = [*CHARTS, panel("bars", (0, 32, 6, 8), kind="bargauge")]
    address = f"{server_url}/sigyn/api/v1/dashboards"
    made = httpx.post(address, json={"dashboard": {"title": "Long names", "panels": panels}}, timeout=30)
    uid = str(made.raise_for_status().json()["data"]["uid"])
    yield uid
    httpx.delete(f"{address}/{uid}", timeout=30).raise_for_status()


def box(place: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom in px."""
    found = place.bounding_box()
    assert found is not None
    return found["x"], found["y"], found["x"] + found["width"], found["y"] + found["height"]


def shown_charts(reader: Reader, uid: str) -> dict[str, Locator]:
    """The panels with charts by their titles, once all have drawn."""
    reader.open("dashboards", uid=uid, from_="now-3h")
    panels = {str(each["title"]): reader.page.get_by_role("region", name=str(each["title"])) for each in CHARTS}
    for each in panels.values():
        expect(each.locator(".chart canvas")).to_be_visible()
        expect(each.locator(".legend li").nth(3)).to_be_attached()
    reader.page.evaluate(SETTLED)
    return panels


@pytest.mark.parametrize("size", [{"width": 1280, "height": 900}, PHONE], ids=["desktop", "phone"])
def test_a_legend_is_never_wider_than_its_panel(reader: Reader, dashboard: str, size: Any) -> None:
    reader.page.set_viewport_size(size)
    for title, each in shown_charts(reader, dashboard).items():
        left, top, right, bottom = box(each)
        legend, chart = each.locator(".legend"), each.locator(".chart")
        assert legend.evaluate("legend => legend.scrollWidth <= legend.clientWidth"), title
        for item in legend.locator("li").all():
            begin, _, end, _ = box(item)
            assert left <= begin < end <= right, title
        assert top < box(chart)[1], title
        assert box(chart.locator("canvas"))[3] <= box(legend)[1] + 1, title
        assert box(legend)[3] <= bottom, title


def test_a_legend_shows_several_long_names_and_more_of_each_where_there_is_room(reader: Reader, dashboard: str) -> None:
    panels = shown_charts(reader, dashboard)
    for title in ("wide", "narrow", "figures", "high"):
        assert panels[title].locator(".legend").evaluate("legend => legend.clientHeight") >= 3 * ROW, title
        least = 400 if title == "wide" else 170
        assert panels[title].locator(".legend-name").first.evaluate("name => name.clientWidth") >= least, title
    marks = panels["short names"].locator(".legend li")
    assert box(marks.nth(0))[1] == box(marks.nth(1))[1], "short names follow each other"
    bars = reader.page.get_by_role("region", name="bars")
    assert bars.locator(".bar-name").first.evaluate("name => name.clientWidth") >= 200


def test_charts_on_a_phone_are_high_enough_and_whole(reader: Reader, dashboard: str) -> None:
    reader.page.set_viewport_size(PHONE)
    for title, each in shown_charts(reader, dashboard).items():
        _, top, right, bottom = box(each.locator(".chart canvas"))
        assert bottom - top >= LEAST_CHART, title
        assert right <= PHONE["width"], title
        assert bottom <= box(each)[3], title
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_a_graph_on_a_phone_scrolls_with_its_pane(reader: Reader) -> None:
    reader.page.set_viewport_size(PHONE)
    reader.open("logs", q=QUERY, from_="now-3h")
    graph = reader.page.locator(".graph")
    expect(graph.locator(".legend li").nth(3)).to_be_attached()
    assert graph.evaluate("graph => graph.scrollHeight <= graph.clientHeight")
    graph.locator(".legend li").last.scroll_into_view_if_needed()
    expect(graph.locator(".legend li").last).to_be_in_viewport()
    assert reader.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


LEAST_TEXT = 180  # px that a line needs on a phone to be read


def test_tables_and_lines_on_a_phone_can_be_read(reader: Reader) -> None:
    page = reader.page
    page.set_viewport_size(PHONE)
    reader.open("traces", id=trace_of(reader.url))
    expect(page.locator(".trace-line").first).to_be_visible()
    assert page.locator(".trace-line .log-line").first.evaluate("text => text.clientWidth") >= LEAST_TEXT
    reader.open("logs", q='{service="ryot"}', view_="patterns")
    expect(page.locator("td.pattern").first).to_be_visible()
    assert page.locator("td.pattern").first.evaluate("text => text.clientWidth") >= LEAST_TEXT
    reader.open("store", show="cardinality")
    label = page.get_by_role("region", name="Labels").get_by_role("cell", name="service_name", exact=True)
    expect(label).to_be_visible()
    assert label.evaluate("cell => cell.clientHeight") < 2 * ROW, "a word is not broken"
    reader.open("store", show="agents")
    table = page.locator(".table-scroll").first
    expect(table.get_by_role("row").nth(4)).to_be_visible()
    assert table.evaluate("table => table.scrollHeight <= table.clientHeight"), "there is room below it"
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def trace_of(url: str) -> str:
    """A trace that the demonstration logged."""
    query = {"query": '{service="ryot"} | trace_id!=""', "limit": "1"}
    found = httpx.get(f"{url}/loki/api/v1/query_range", params=query, timeout=30).json()["data"]["result"]
    return str(found[0]["stream"]["trace_id"])


def test_what_a_chart_says_of_a_moment_stays_in_it(reader: Reader, dashboard: str) -> None:
    reader.page.set_viewport_size(PHONE)
    each = shown_charts(reader, dashboard)["wide"]
    left, _, right, _ = box(each)
    over = each.locator(".u-over")
    for share in (0.1, 0.5, 0.9):
        size = over.bounding_box()
        assert size is not None
        over.hover(position={"x": size["width"] * share, "y": size["height"] / 2})
        said = each.locator(".chart-tooltip")
        expect(said).to_be_visible()
        begin, _, end, _ = box(said)
        assert left <= begin < end <= right, share


@pytest.mark.parametrize(
    "size", [{"width": 1280, "height": 900}, {"width": 300, "height": 600}], ids=["desktop", "narrow"]
)
def test_the_store_does_not_move_as_its_answers_come(reader: Reader, size: Any) -> None:
    """However many rows the names of services take: where it is narrow, more than one."""
    held: list[Route] = []
    reader.page.set_viewport_size(size)
    reader.page.route("**/loki/api/v1/query_range**", lambda route: held.append(route))
    reader.open("store")
    below = reader.page.get_by_role("region", name="Text by service")
    expect(below.get_by_role("row").nth(1)).to_be_visible()
    expect(reader.page.locator(".store .figures dd").filter(has_text="–")).to_have_count(0)
    reader.page.evaluate(SETTLED)
    _, before, _, _ = box(below)
    for route in held:
        route.continue_()
    expect(reader.page.locator(".store .legend li").first).to_be_visible()
    reader.page.evaluate(SETTLED)
    assert box(below)[1] == before


def test_nothing_moves_when_an_answer_takes_its_time(reader: Reader) -> None:
    """Neither at the first answer, beside which labels and fields stand, nor while a later one is awaited."""
    held: list[Route] = []
    reader.page.route("**/loki/api/v1/query_range**", lambda route: held.append(route))
    reader.open("logs", q='{service="ryot"}')
    expect(reader.page.locator(".progress")).to_contain_text("reads up to")
    place = "query => JSON.stringify(query.getBoundingClientRect())"
    query = reader.page.get_by_role("region", name="Query")
    slow = query.evaluate(place)
    for route in held:
        route.continue_()
    expect(reader.page.get_by_label("Labels and fields")).to_contain_text("pod")
    reader.wait_for_answer()
    assert query.evaluate(place) == slow


def test_menus_on_a_phone_stay_in_the_window(reader: Reader) -> None:
    reader.page.set_viewport_size(PHONE)
    reader.explore('{service="ryot"}')
    menus = ("Add a label", "Add a text filter", "Add a step", "Export everything that the query finds")
    for name in (*menus, "Time range: Last hour"):
        reader.click(name)
        left, top, right, bottom = box(reader.page.locator(".popover"))
        assert (left >= 0, right <= PHONE["width"], bottom <= PHONE["height"]) == (True, True, True), name
        assert top >= box(reader.button(name))[3], name
        reader.page.keyboard.press("Escape")
        expect(reader.page.locator(".popover")).to_have_count(0)


def test_on_a_phone_on_its_side_nothing_stands_over_another_and_lines_have_a_screen(reader: Reader) -> None:
    reader.page.set_viewport_size({"width": 844, "height": 390})
    reader.explore('{service="ryot"}')
    legend = reader.page.locator(".volume-foot .legend li")
    expect(legend.nth(4)).to_be_attached()
    assert box(legend.last)[3] <= box(reader.page.locator(".result-tools"))[1]
    lines = reader.page.locator(".log-list")
    lines.scroll_into_view_if_needed()
    _, top, _, bottom = box(lines)
    assert bottom - top >= 300
