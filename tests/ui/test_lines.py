"""Lines of every shape, as the page shows them."""

import json
import time

import httpx
import pytest
from playwright.sync_api import expect

from .reader import Reader


def push(url: str, app: str, *lines: str) -> None:
    """Lines of now, a second apart, the newest last."""
    newest = time.time_ns() - 1_000_000_000
    values = [[str(newest - (len(lines) - at) * 1_000_000_000), line] for at, line in enumerate(lines)]
    body = {"streams": [{"stream": {"app": app}, "values": values}]}
    assert httpx.post(f"{url}/loki/api/v1/push", json=body).status_code == 204


def test_numbers_keep_their_digits_and_can_be_filtered_for(reader: Reader) -> None:
    order = 12345678901234567890
    push(reader.url, "orders", json.dumps({"msg": "paid", "order": order}), json.dumps({"msg": "paid", "order": 7}))
    reader.explore('{app="orders"}')
    expect(reader.lines.nth(1)).to_contain_text(f"order={order}")
    reader.lines.nth(1).locator(".log-time").click()
    expect(reader.details.locator(".line-whole")).to_contain_text(f'"order": {order}')
    reader.details.get_by_role("button", name="Filter for order").click()
    reader.expect_query(f'{{app="orders"}} | json | order="{order}"')
    reader.wait_for_answer()
    expect(reader.lines).to_have_count(1)
    expect(reader.lines.first).to_contain_text(f"order={order}")


def test_a_field_without_a_name_offers_no_query(reader: Reader) -> None:
    push(reader.url, "nameless", json.dumps({"": "empty", "named": "whole"}))
    reader.explore('{app="nameless"}')
    side = reader.page.get_by_label("Labels and fields")
    expect(side.locator(".field-name", has_text="named")).to_be_visible()
    assert all(side.locator(".field-name > span").all_inner_texts())
    reader.lines.first.locator(".log-time").click()
    expect(reader.details.get_by_role("button", name="Filter for named")).to_be_visible()
    rows = reader.details.locator(".field-table tr", has_text="empty")
    expect(rows).to_have_count(1)
    expect(rows.get_by_role("button")).to_have_count(0)


def test_no_json_line_looks_empty(reader: Reader) -> None:
    lists = {"level": "error", "errors": ["disk full"], "at": {"hosts": ["a", "b"]}}
    lines = [json.dumps(each) for each in (lists, {"level": "info", "time": "12:00"}, {"msg": None}, {})]
    push(reader.url, "lists", *lines)
    reader.explore('{app="lists"}')
    expect(reader.lines).to_have_count(len(lines))
    shown = reader.lines.locator(".log-line").all_inner_texts()
    assert [text.strip() for text in shown] == [
        "{}",
        '{"msg": null}',
        '{"level": "info", "time": "12:00"}',
        'errors=["disk full"] at_hosts=["a","b"]',
    ]


def test_a_copied_line_has_its_fields_apart(reader: Reader) -> None:
    push(reader.url, "copied", json.dumps({"msg": "request done", "path": "/a", "status": 200}))
    reader.explore('{app="copied"}')
    copied = reader.lines.first.locator(".log-line").evaluate(
        "line => { getSelection().selectAllChildren(line); return getSelection().toString() }"
    )
    assert copied == "request done path=/a status=200"


def test_characters_that_hide_are_written_out(reader: Reader) -> None:
    coloured = "\x1b[38;7;1mplain\x1b[0m \x1b]0;title\x07text"
    push(reader.url, "hiding", "user=\u202enimda\u202c 10%\r99%\x00", coloured)
    reader.explore('{app="hiding"}')
    line = reader.lines.first.locator(".log-line")
    expect(reader.lines.nth(1).locator(".log-line")).to_have_text(r"user=\u202enimda\u202c 10%\r99%\x00")
    expect(line).to_have_text("plain text")
    expect(line.locator("[class^=ansi]")).to_have_count(0)


def test_colours_of_terminals_can_be_read_in_both_themes(reader: Reader) -> None:
    colours = "".join(
        f"\x1b[{code}m text in {code} \x1b[0m" for code in (*range(30, 38), *range(40, 48), 1, 2, 3, 4, 7)
    )
    both = "".join(
        f"\x1b[{text};{ground}m {text} on {ground} \x1b[0m"
        for text in ("38;5;16", "38;5;21", "38;5;226", "38;5;231", "38;2;255;0;0", "38;2;0;255;255", 2, 31)
        for ground in ("48;5;17", "48;5;46", "48;5;231", "48;2;255;0;0")
    )
    push(reader.url, "coloured", both, colours)
    reader.explore('{app="coloured"}')
    for at, part in ((1, "38;5;231 on 48;5;46"), (0, "text in 36")):
        reader.lines.nth(at).locator(".log-time").click()
        expect(reader.details).to_contain_text(part)
        assert reader.serious_faults() == []
        reader.lines.nth(at).locator(".log-time").click()


def test_colours_without_a_name_are_shown(reader: Reader) -> None:
    push(reader.url, "many colours", "\x1b[38;5;208morange\x1b[0m \x1b[38;2;80;120;255mblue\x1b[0m \x1b[48;5;22mgreen")
    reader.explore('{app="many colours"}')
    line = reader.lines.first.locator(".log-line")
    expect(line).to_have_text("orange blue green")
    script = "(span, name) => getComputedStyle(span).getPropertyValue(name)"
    plain = line.evaluate(script, "color")
    shown = [line.get_by_text(text).evaluate(script, "color") for text in ("orange", "blue")]
    assert len({plain, *shown}) == 3, shown
    assert line.get_by_text("green").evaluate(script, "background-color").startswith("oklch(")


def test_long_lines_show_their_beginning_and_open_to_all_of_it(reader: Reader) -> None:
    long = "x" * 100_000 + " the end"
    push(reader.url, "long", long, json.dumps({"msg": "sent", "payload": long} | {f"f{at}": at for at in range(200)}))
    reader.explore('{app="long"}')
    expect(reader.lines.first).to_contain_text("sent payload=xxx")
    expect(reader.lines.first.locator(".fold-mark")).to_have_text("+141 fields")
    expect(reader.lines.nth(1).locator(".fold-mark")).to_have_text("+96,008 characters")
    assert reader.page.get_by_label("Log lines").evaluate("list => list.scrollWidth") < 100_000
    reader.lines.nth(1).locator(".log-time").click()
    expect(reader.details.locator(".line-whole")).to_contain_text("the end")


@pytest.mark.parametrize("count", [2500, 5200])
def test_many_lines_of_one_moment_and_those_before_it(reader: Reader, count: int) -> None:
    """Of more than an answer holds, which are 5,000, the others are said to be there."""
    app, moment = f"burst-{count}", time.time_ns() - 60_000_000_000
    values = [[str(moment), f"line {at}"] for at in range(count)] + [[str(moment - 1_000_000_000), "the line before"]]
    body = {"streams": [{"stream": {"app": app}, "values": values}]}
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json=body).status_code == 204
    reader.explore(f'{{app="{app}"}}')
    loaded = min(count, 5000) + 1
    for lines in [*range(2000, loaded, 1000), loaded]:
        reader.scroll_to_the_end()
        expect(reader.page.get_by_text(f"{lines:,} lines loaded")).to_be_visible()
    reader.scroll_to_the_end()
    expect(reader.lines.last).to_contain_text("the line before")
    expect(reader.page.get_by_text("That is all in this range.")).to_be_visible()
    expect(reader.page.get_by_text("than an answer holds: Export has them")).to_have_count(int(count > 5000))


def test_rows_have_their_room_whatever_changes_their_height(reader: Reader) -> None:
    push(reader.url, "tall", *(json.dumps({"msg": "sent", "payload": "x" * 3000}) for _ in range(3)))
    reader.explore('{app="tall"}')
    rows_have_their_room = """() => {
        const [space, rows] = ['.log-space', '.log-rows'].map(name => document.querySelector(name).clientHeight)
        return rows > 1000 && Math.abs(space - rows) <= 1
    }"""
    reader.click("Pretty JSON")
    reader.click("Wrap")
    reader.page.wait_for_function(rows_have_their_room)
    push(reader.url, "tall", json.dumps({"msg": "sent", "payload": "y" * 3000}))
    reader.click("Run")
    expect(reader.lines).to_have_count(4)
    reader.page.wait_for_function(rows_have_their_room)


def test_details_fit_beside_another_query_and_names_leave_values_room(reader: Reader) -> None:
    name = "kubernetes_pod_labels_app_kubernetes_io_" + "managed_by_" * 6
    body = {"streams": [{"stream": {"app": "named", name: "helm"}, "values": [[str(time.time_ns()), "here " * 500]]}]}
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json=body).status_code == 204
    query = '{app="named"}'
    reader.explore(query, **{"r.q": query})
    expect(reader.page.locator(".log-row")).to_have_count(2)
    reader.page.locator(".log-time").first.click()
    expect(reader.details).to_be_visible()
    details, pane = (reader.page.locator(each).first.bounding_box() for each in (".line-details", ".pane"))
    assert details
    assert pane
    assert details["width"] <= pane["width"]
    value = reader.details.locator(".field-value", has_text="helm")
    assert value.evaluate("value => value.clientHeight") < 150, "the value is below each other, letter by letter"
    assert value.evaluate("value => value.clientWidth") >= 100


def test_the_context_of_one_of_many_lines_of_a_moment(reader: Reader) -> None:
    moment = time.time_ns() - 60_000_000_000
    values = [[str(moment), f"line {at:02}"] for at in range(90)] + [[str(moment + 1), "the line after"]]
    body = {"streams": [{"stream": {"app": "moment"}, "values": values}]}
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json=body).status_code == 204
    reader.explore('{app="moment"}')
    opened = reader.lines.filter(has_text="line 80")
    opened.locator(".log-time").click()
    reader.details.get_by_role("button", name="Context").click()
    around = reader.page.get_by_label("Lines around the line")
    expect(around.locator(".context-here")).to_contain_text("line 80")
    expected = [f"line {at}" for at in range(60, 90)] + ["the line after"]
    expect(around.locator(".log-line")).to_have_text(expected)
    reader.click("More on both sides")
    expect(around.locator(".log-line")).to_have_count(80 - 20 + 11)
    expect(around.locator(".context-here")).to_contain_text("line 80")
