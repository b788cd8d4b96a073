"""What a person does who looks for something in logs."""

import json
import re
import time

import httpx
import pyarrow as pa
from playwright.sync_api import Route, expect

from .reader import Reader

RYOT = '{service="ryot"}'


def push(url: str, labels: dict[str, str], *lines: str) -> None:
    now = time.time_ns()
    values = [[str(now + at), line] for at, line in enumerate(lines)]
    body = {"streams": [{"stream": labels, "values": values}]}
    assert httpx.post(f"{url}/loki/api/v1/push", json=body).status_code == 204


def test_writing_a_query_with_completion(reader: Reader) -> None:
    reader.open("logs")
    reader.editor.click()
    options = reader.page.locator(".cm-tooltip-autocomplete li")
    reader.page.keyboard.type("{serv")
    expect(options.first).to_have_text("service")
    reader.page.keyboard.press("Tab")
    expect(options.first).to_contain_text("agents")
    reader.page.keyboard.type('"ry')
    expect(options).to_have_text(["ryot"])
    reader.page.keyboard.press("Tab")
    expect(reader.editor).to_have_text('{service="ryot"}')
    reader.page.keyboard.press("End")
    reader.page.keyboard.type(" | js")
    expect(options.first).to_contain_text("json")
    reader.page.keyboard.press("Tab")
    reader.page.keyboard.type(" | status")
    expect(options.first).to_contain_text("status")
    reader.page.keyboard.press("Escape")
    reader.page.keyboard.type(">=500")
    reader.page.keyboard.press("Control+Enter")
    reader.expect_query('{service="ryot"} | json | status>=500')
    expect(reader.page.locator(".token-keyword", has_text="json")).to_be_visible()
    expect(reader.lines.first).to_be_visible()


def test_completion_reaches_every_value_of_what_the_other_matchers_leave(reader: Reader) -> None:
    pods = [
        {"stream": {"app": "fleet", "pod": f"p-{at:04}"}, "values": [[str(time.time_ns()), "up"]]} for at in range(600)
    ]
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json={"streams": pods}).status_code == 204
    reader.open("logs")
    reader.editor.click()
    options = reader.page.locator(".cm-tooltip-autocomplete li")
    reader.page.keyboard.type('{app="fleet", pod="')
    expect(options.first).to_have_text("p-0000")  # and none of the demonstration's pods
    reader.page.keyboard.type("p-0599")
    expect(options).to_have_text(["p-0599"])
    reader.page.keyboard.press("Tab")
    expect(reader.editor).to_have_text('{app="fleet", pod="p-0599"}')


def test_completion_of_a_range_closes_it_once(reader: Reader) -> None:
    reader.open("logs")
    reader.editor.click()
    reader.page.keyboard.type('sum(rate({service="ryot"}[')
    options = reader.page.locator(".cm-tooltip-autocomplete li .cm-completionLabel")
    expect(options).to_have_text(["1m", "5m", "15m", "1h", "6h", "1d", "$__auto"])
    reader.page.keyboard.press("Tab")
    expect(reader.editor).to_have_text('sum(rate({service="ryot"}[1m]))')


def test_variables_of_grafana_for_times(reader: Reader) -> None:
    """Queries are brought from there: `$__auto` is the step of the graph, and stays as it is in what is written."""
    query = 'sum by (level) (count_over_time({service="ryot"}[$__auto]))'
    reader.open("logs", q=query)
    expect(reader.page.get_by_role("img", name=re.compile("series over time"))).to_be_visible()
    reader.click("Explain")
    expect(reader.page.locator(".plan-query")).to_contain_text("[15s]")
    reader.page.keyboard.press("Escape")
    reader.click("Format")
    expect(reader.editor).to_have_text('sum by (level)(count_over_time({service="ryot"}[$__auto]))')
    reader.write(query + " foo")
    expect(reader.page.locator(".cm-lintRange-error")).to_have_text(re.compile("^foo"))


def test_what_is_written_while_a_query_is_laid_out_stays(reader: Reader) -> None:
    reader.open("logs", q=RYOT)
    held: list[Route] = []
    reader.page.route("**/format_query*", lambda route: held.append(route))
    with reader.page.expect_request("**/format_query*"):
        reader.click("Format")
    reader.write(RYOT + " | json | foo bar")
    expect(reader.page.locator(".cm-lintRange-error")).to_have_text(re.compile("^b"))
    with reader.page.expect_response("**/format_query*") as laid_out:
        held[0].continue_()
    laid_out.value.finished()
    reader.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    expect(reader.editor).to_have_text(RYOT + " | json | foo bar")


def test_completion_knows_functions(reader: Reader) -> None:
    reader.open("logs")
    reader.editor.click()
    reader.page.keyboard.type("quant")
    expect(reader.page.locator(".cm-tooltip-autocomplete li").first).to_contain_text("quantile_over_time")


def test_an_error_is_marked_at_its_column(reader: Reader) -> None:
    reader.open("logs")
    reader.write("  " + RYOT + " | json | foo bar")
    expect(reader.page.get_by_role("alert")).to_contain_text("parse error")
    expect(reader.page.locator(".cm-lintRange-error")).to_have_text(re.compile("^b"))


def test_words_that_are_no_query_can_be_looked_for(reader: Reader) -> None:
    reader.open("logs")
    reader.write("pool exhausted")
    expect(reader.page.get_by_role("alert")).to_contain_text("parse error")
    reader.click('{} |= "pool exhausted"')
    reader.expect_query('{} |= "pool exhausted"')
    expect(reader.page.get_by_role("alert")).to_have_count(0)


def test_where_nothing_is_a_longer_range_is_a_click_away(reader: Reader) -> None:
    line = {"stream": {"app": "of-before"}, "values": [[str(time.time_ns() - 2 * 3600 * 10**9), "two hours ago"]]}
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json={"streams": [line]}).status_code == 204
    reader.open("logs", q='{app="of-before"}')
    reader.click("last 6 hours")
    expect(reader.lines.first).to_contain_text("two hours ago")
    assert reader.state["from"] == "now-6h"


def test_building_a_query_by_clicks(reader: Reader) -> None:
    reader.open("logs")
    reader.click("Add a label")
    menu = reader.page.get_by_role("dialog", name="Add a label")
    menu.get_by_role("button", name="service", exact=True).click()
    menu.get_by_role("button", name="ryot", exact=True).click()
    reader.expect_query(RYOT)
    reader.click("Add a text filter")
    reader.page.get_by_label("Text in the line").fill("failed")
    reader.click("Add")
    reader.expect_query('{service="ryot"} |= "failed"')
    expect(reader.page.locator(".log-line mark").first).to_have_text("failed")
    reader.click('Remove  |= "failed"')
    reader.expect_query(RYOT)


def test_of_many_values_it_is_said_how_many_there_are(reader: Reader) -> None:
    tills = [
        {"stream": {"app": "chain", "till": f"t-{at:03}"}, "values": [[str(time.time_ns()), "open"]]}
        for at in range(300)
    ]
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json={"streams": tills}).status_code == 204
    reader.explore('{app="chain"}')
    side = reader.page.get_by_label("Labels and fields")
    side.locator(".field-name", has_text="till").click()
    expect(side).to_contain_text("the 10 most frequent of 300")
    reader.click("Add a label")
    menu = reader.page.get_by_role("dialog", name="Add a label")
    menu.get_by_role("button", name="till", exact=True).click()
    expect(menu).to_contain_text("200 of 300")
    menu.get_by_label("Value of till").fill("t-299")
    menu.get_by_role("button", name="t-299").click()
    reader.expect_query('{app="chain", till="t-299"}')


def test_spellings_of_a_level_are_one_series(reader: Reader) -> None:
    push(reader.url, {"app": "spelled"}, "level=fatal msg=a", "level=critical msg=b", "level=critical msg=c")
    reader.explore('{app="spelled"}')
    legend = reader.page.get_by_label("Volume of lines").locator(".legend li")
    expect(legend).to_have_text([re.compile(r"^critical.* 3$")])
    reader.click("Filter for critical")
    reader.expect_query('{app="spelled"} | detected_level=~"(critical|fatal)"')


def test_the_legend_of_the_histogram_filters_the_lines(reader: Reader) -> None:
    push(reader.url, {"app": "weighed"}, "level=error msg=a", "level=info msg=b", "level=info msg=c")
    reader.explore('{app="weighed"}')
    expect(reader.lines).to_have_count(3)
    legend = reader.page.get_by_label("Volume of lines").locator(".legend")
    legend.get_by_role("button", name=re.compile("^error")).focus()
    reader.page.keyboard.press("Tab")
    expect(reader.button("Filter for error")).to_be_focused()
    expect(reader.button("Filter for error")).to_have_css("opacity", "1")
    reader.page.keyboard.press("Enter")
    reader.expect_query('{app="weighed"} | detected_level="error"')
    expect(reader.lines).to_have_count(1)
    expect(legend.locator("li")).to_have_count(1)
    expect(reader.button("Filter for error")).to_have_attribute("aria-pressed", "true")
    reader.click("Filter for error")
    reader.expect_query('{app="weighed"}')
    expect(reader.lines).to_have_count(3)


def test_lines_that_a_parser_can_not_read_are_counted(reader: Reader) -> None:
    values = [[str(time.time_ns() - at), line] for at, line in enumerate(['{"a": 1}', "no JSON", "none either"])]
    body = {"streams": [{"stream": {"app": "mixed"}, "values": values}]}
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json=body).status_code == 204
    reader.explore('{app="mixed"} | json')
    expect(reader.lines).to_have_count(3)
    expect(reader.page.locator(".volume-total")).to_have_text("3 lines")
    side = reader.page.get_by_label("Labels and fields")
    side.locator(".field-name", has_text="app").first.click()
    expect(side.locator(".field-values small")).to_have_text("3")


def test_fields_at_the_side_filter(reader: Reader) -> None:
    reader.explore(RYOT)
    side = reader.page.get_by_label("Labels and fields")
    side.locator(".field-name", has_text="context_tenant_id").click()
    side.get_by_role("button", name=re.compile("tenant_207")).first.click()
    reader.expect_query('{service="ryot"} | json | context_tenant_id="tenant_207"')
    expect(reader.lines.first).to_contain_text("tenant_207")


def test_a_line_opens_to_its_fields(reader: Reader) -> None:
    reader.explore(RYOT + ' |= "duration_ms"')
    reader.lines.nth(1).click()
    for heading in ("Labels", "Structured metadata", "Fields"):
        expect(reader.details.get_by_role("heading", name=heading)).to_be_visible()
    expect(reader.details).to_contain_text('"method"')
    reader.details.get_by_role("button", name="Filter for method").click()
    reader.page.wait_for_function("() => location.hash.includes('method')")
    assert re.fullmatch(r'\{service="ryot"\} \|= "duration_ms" \| json \| method="(GET|POST)"', reader.state["q"])
    reader.wait_for_answer()
    expect(reader.details).to_contain_text('"method"')  # the line is in the new answer too, and stays open
    reader.details.get_by_role("button", name="Filter out status").click()
    reader.page.wait_for_function("() => location.hash.includes('status')")
    assert ' | status!="' in reader.state["q"]


def test_labels_filter_in_the_selector(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.lines.first.click()
    reader.details.get_by_role("button", name="Filter out job").click()
    reader.page.wait_for_function("() => location.hash.includes('job')")
    assert re.fullmatch(r'\{service="ryot", job!="(ryot|postgresql)"\}', reader.state["q"])


def test_statistics_of_a_field(reader: Reader) -> None:
    reader.explore(RYOT + ' |= "duration_ms"')
    reader.lines.first.click()
    reader.details.get_by_role("button", name="Statistics of status").click()
    dialog = reader.page.get_by_role("dialog", name="Statistics of status")
    expect(dialog.locator("tbody tr").first).to_contain_text("200")
    expect(dialog.get_by_role("img")).to_be_visible()


def test_context_of_a_line(reader: Reader) -> None:
    reader.explore('{service="sigmavault", operation="auth", status="failure"}')
    reader.lines.nth(3).click()
    reader.details.get_by_role("button", name="Context").click()
    dialog = reader.page.get_by_role("dialog", name="Context")
    expect(dialog.locator(".context-here")).to_have_count(1)
    expect(dialog.locator(".context-here")).to_be_in_viewport()
    assert dialog.locator(".log-row").count() > 10


def test_context_is_of_all_levels_and_of_the_labels_that_are_left_on(reader: Reader) -> None:
    push(reader.url, {"app": "around", "pod": "own", "level": "info"}, "before")
    push(reader.url, {"app": "around", "pod": "other", "level": "info"}, "elsewhere")
    push(reader.url, {"app": "around", "pod": "own", "level": "error"}, "it failed")
    reader.explore('{app="around", level="error"}')
    reader.lines.first.click()
    reader.details.get_by_role("button", name="Context").click()
    lines = reader.page.get_by_role("dialog", name="Context").locator(".log-line")
    expect(lines).to_have_text(["before", "it failed"])
    reader.page.get_by_label("Labels that the lines share").get_by_role("button", name="pod").click()
    expect(lines).to_have_text(["before", "elsewhere", "it failed"])
    reader.page.get_by_label("Labels that the lines share").get_by_role("button", name="level").click()
    expect(lines).to_have_text(["it failed"])


def test_columns_from_fields(reader: Reader) -> None:
    reader.explore(RYOT + ' |= "duration_ms"')
    reader.lines.first.click()
    reader.details.get_by_role("button", name="Show path as a column").click()
    expect(reader.page.locator(".log-columns")).to_contain_text("path")
    expect(reader.lines.first.locator(".log-column")).to_contain_text("/")
    assert reader.state["columns"] == "path"


def test_forms_of_lines(reader: Reader) -> None:
    reader.explore('{service="ryot"} |= "request received"')
    expect(reader.lines.first.locator(".log-line")).to_contain_text(re.compile("^request received"))
    reader.click("Raw")
    expect(reader.lines.first.locator(".log-line")).to_contain_text(re.compile(r"^\{"))
    reader.click("Pretty JSON")
    expect(reader.lines.first.locator(".log-line")).to_contain_text('  "message": "request received"')
    reader.click("Wrap")
    expect(reader.page.locator(".log-list.wrap")).to_be_visible()
    assert (reader.state["form"], reader.state["wrap"]) == ("pretty", "1")


def test_colours_and_folded_lines(reader: Reader) -> None:
    reader.explore('{service="sigmalang", level="error"}', from_="now-6h")
    expect(reader.lines.first.locator(".ansi-red")).to_have_text("ERROR")
    expect(reader.lines.first.locator(".fold-mark")).to_have_text("+3 lines")
    reader.lines.first.click()
    expect(reader.details.locator(".line-whole")).to_contain_text("note: `items` is declared")


def test_oldest_first(reader: Reader) -> None:
    reader.explore(RYOT, from_="now-10m")
    newest = reader.lines.first.locator(".log-time").inner_text()
    reader.click("Newest first")
    expect(reader.button("Oldest first")).to_be_visible()
    expect(reader.lines.first.locator(".log-time")).not_to_have_text(newest)
    times = reader.page.locator(".log-list .log-time").all_inner_texts()
    assert times == sorted(times)
    assert reader.state["order"] == "oldest"


def test_more_lines_come_while_scrolling(reader: Reader) -> None:
    reader.explore('{service_name=~".+"}', from_="now-6h")
    reader.page.wait_for_function("""() => {
        const list = document.querySelector('.log-list')
        list.scrollTo(0, list.scrollHeight)
        return document.querySelector('.log-space').clientHeight > 22 * 3000
    }""")
    assert reader.lines.count() < 150  # the others are not in the document


def test_zooming_by_dragging_and_going_back(reader: Reader) -> None:
    reader.explore(RYOT)
    expect(reader.page.locator(".volume-total")).to_contain_text("lines")  # the chart is that of the answer
    box = reader.page.locator(".volume .u-over").bounding_box()
    assert box
    reader.page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 20)
    reader.page.mouse.down()
    reader.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 20, steps=5)
    reader.page.mouse.up()
    reader.page.wait_for_function("() => /from=\\d{13}/.test(location.hash)")
    length = int(reader.state["to"]) - int(reader.state["from"])
    assert 600_000 < length < 900_000
    reader.page.go_back()
    reader.page.wait_for_function("() => !location.hash.includes('from=')")
    expect(reader.page.locator(".time-text")).to_have_text("Last hour")


def test_choosing_a_time(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.page.locator(".time-text").click()
    reader.click("Last 15 minutes")
    expect(reader.page.locator(".time-text")).to_have_text("Last 15 minutes")
    assert reader.state["from"] == "now-15m"
    reader.page.locator(".time-text").click()
    reader.page.get_by_label("From").fill("yesterday or so")
    expect(reader.button("Apply")).to_be_disabled()
    reader.page.get_by_label("From").fill("now-3h")
    reader.click("Apply")
    assert reader.state["from"] == "now-3h"
    reader.click("Back by half the range")
    reader.page.wait_for_function("() => /from=\\d{13}/.test(location.hash)")


def test_a_shared_link_shows_the_same(reader: Reader) -> None:
    state = {"order": "oldest", "form": "raw", "columns": "path,status", "wrap": "1"}
    reader.explore(RYOT + ' |= "duration_ms"', from_="now-30m", **state)
    assert reader.state == {
        "q": RYOT + ' |= "duration_ms"',
        "from": "now-30m",
        "to": "now",
        **state,
    }
    expect(reader.button("Raw")).to_have_attribute("aria-pressed", "true")
    expect(reader.page.locator(".log-columns")).to_contain_text("status")


def test_live_tail_with_pause(reader: Reader) -> None:
    reader.explore('{service_name=~".+"}')
    reader.click("Live")
    expect(reader.page.locator(".live-state")).to_have_text("live")
    push(reader.url, {"app": "tailed"}, "a line that was just written")
    expect(reader.page.locator(".log-list", has_text="a line that was just written")).to_be_visible()
    reader.click("Pause")
    push(reader.url, {"app": "tailed"}, "a line in the pause")
    expect(reader.page.locator(".live-state")).to_contain_text("new")
    assert "a line in the pause" not in reader.page.locator(".log-list").inner_text()
    reader.click("Resume")
    expect(reader.page.locator(".log-list", has_text="a line in the pause")).to_be_visible()
    reader.click("Stop")
    expect(reader.page.locator(".volume-total")).to_be_visible()


def test_patterns(reader: Reader) -> None:
    reader.explore('{job="postgresql"}')
    reader.click("Patterns")
    row = reader.page.locator(".patterns tbody tr", has_text="connections:").first
    expect(row.get_by_role("img")).to_be_visible()
    row.get_by_role("button", name="Only lines of this pattern").click()
    expect(reader.lines.first).to_contain_text("connections:")
    assert "|> " in reader.state["q"]


def test_a_metric_query_as_graph_and_table(reader: Reader) -> None:
    reader.open("logs", q='sum by (detected_level) (count_over_time({service="ryot"}[5m]))')
    info = reader.page.locator(".graph .legend button", has_text="info")
    info.click()
    expect(reader.page.locator(".graph .legend button[aria-pressed=true]")).to_have_count(1)
    info.click()
    expect(reader.page.locator(".graph .legend button[aria-pressed=false]")).to_have_count(0)
    reader.page.get_by_label("Unit").select_option("none")
    reader.click("Table")
    expect(reader.page.locator(".data-table th")).to_have_text([re.compile("detected_level"), "last", "mean", "max"])
    reader.click("max")
    expect(reader.page.locator(".data-table tbody tr").first).to_contain_text("info")


def test_stats_sort_and_export(reader: Reader) -> None:
    reader.open("logs", q=RYOT + ' |= "duration_ms" | json | stats count() as n by (method)')
    rows = reader.page.locator(".data-table tbody tr")
    expect(rows).to_have_count(2)
    reader.click("n")
    expect(rows.first).to_contain_text("GET")
    reader.click("n")
    expect(rows.first).to_contain_text("POST")
    files = {}
    for name in ("CSV", "JSON", "Arrow"):
        reader.click("Export the table")
        with reader.page.expect_download() as download:
            reader.click(name)
        files[name] = download.value.path().read_bytes()
    assert files["CSV"].decode().startswith("method,n\n")
    assert {row["method"] for row in json.loads(files["JSON"])} == {"GET", "POST"}
    assert pa.ipc.open_stream(files["Arrow"]).read_all().column_names == ["method", "n"]


def test_history_and_favourites(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.click("Favourite")
    reader.write('{service="agents"} |= "called_service"')
    expect(reader.lines.first).to_contain_text("called_service")
    reader.click("History")
    dialog = reader.page.get_by_role("dialog", name="Queries")
    expect(dialog.get_by_role("heading", name="Favourites")).to_be_visible()
    dialog.locator(".past-query", has_text=RYOT).click()
    reader.expect_query(RYOT)


def test_explain(reader: Reader) -> None:
    reader.explore(RYOT + ' |= "failed" | json | line_format "{{.message}}"')
    reader.click("Explain")
    plan = reader.page.get_by_role("dialog", name="How this query runs")
    expect(plan.locator(".plan-stages li").first).to_contain_text('{service="ryot"}')
    expect(plan).to_contain_text("interpreter")
    expect(plan).to_contain_text("segments")


def test_a_slow_query_can_be_cancelled(reader: Reader) -> None:
    # The server never answers this one; what the page shows meanwhile is what is tested.
    reader.page.route("**/loki/api/v1/query_range**", lambda _route: None)
    reader.open("logs", q=RYOT)
    expect(reader.page.locator(".progress")).to_contain_text("reads up to")
    reader.click("Cancel")
    expect(reader.page.locator(".progress-bar")).to_have_count(0)


def test_back_takes_back_what_the_second_query_was_asked(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.click("Split")
    second = reader.page.locator(".pane").nth(1)
    expect(second.locator(".log-row").first).to_be_visible()
    second.locator(".chip.matcher").get_by_role("button").click()
    expect(second.locator(".cm-content")).to_have_text("{}")
    reader.page.go_back()
    expect(second.locator(".cm-content")).to_have_text(RYOT)
    reader.page.go_back()
    expect(reader.page.locator(".pane")).to_have_count(1)
    expect(reader.editor).to_have_text(RYOT)


def test_two_queries_side_by_side(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.click("Split")
    expect(reader.page.locator(".pane")).to_have_count(2)
    reader.page.wait_for_function(
        "new URLSearchParams(location.hash.split('?')[1]).get('r.q') === '{service=\"ryot\"}'"
    )
    reader.page.reload()
    expect(reader.page.locator(".pane")).to_have_count(2)
