"""Following lines as they come, over connections that break."""

import time

import httpx
from playwright.sync_api import Locator, Route, WebSocketRoute, expect

from .reader import Reader


def push(url: str, *lines: str, **metadata: str) -> None:
    now = time.time_ns()
    values = [[str(now + at), line, metadata] for at, line in enumerate(lines)]
    body = {"streams": [{"stream": {"app": "followed"}, "values": values}]}
    assert httpx.post(f"{url}/loki/api/v1/push", json=body).status_code == 204


def state(reader: Reader) -> Locator:
    return reader.page.locator(".live-state")


def follow(reader: Reader, lines: int) -> None:
    push(reader.url, *(f"line {at}" for at in range(lines)))
    reader.explore('{app="followed"}')
    reader.click("Live")
    expect(state(reader)).to_have_text("live")
    expect(reader.lines.first).to_contain_text(f"line {lines - 1}")


def test_the_tail_waits_while_somebody_reads_further_down(reader: Reader) -> None:
    follow(reader, 90)
    reader.page.get_by_label("Log lines").evaluate("list => { list.scrollTop = 400 }")
    expect(state(reader)).to_have_text("paused")
    push(reader.url, "a newer line")
    expect(state(reader)).to_have_text("paused, 1 new")
    assert reader.page.get_by_label("Log lines").evaluate("list => list.scrollTop") == 400
    reader.page.get_by_label("Log lines").evaluate("list => { list.scrollTop = 0 }")
    expect(state(reader)).to_have_text("live")
    expect(reader.lines.first).to_contain_text("a newer line")


def test_more_lines_than_wait_are_said_to_be_more(reader: Reader) -> None:
    follow(reader, 3)
    reader.click("Pause")
    expect(state(reader)).to_have_text("paused")
    for thousands in range(1, 6):
        push(reader.url, *(f"{thousands} and {at}" for at in range(1000)))
        expect(state(reader)).to_have_text(f"paused, {thousands}000 new")
    push(reader.url, "the last line")
    expect(state(reader)).to_have_text("paused, 5000+ new")
    reader.click("Resume")
    expect(reader.lines.first).to_contain_text("the last line")
    reader.click("Pause")
    push(reader.url, "one more")
    expect(state(reader)).to_have_text("paused, 1 new")


def test_the_tail_waits_while_a_line_is_open(reader: Reader) -> None:
    follow(reader, 3)
    reader.lines.first.locator(".log-time").click()
    expect(state(reader)).to_have_text("paused")
    push(reader.url, "another line")
    expect(state(reader)).to_have_text("paused, 1 new")
    reader.click("Resume")
    expect(reader.lines.first).to_contain_text("another line")


def test_another_range_or_order_ends_the_tail(reader: Reader) -> None:
    """Its lines are those of now, newest first: beside a range of an hour ago they would be taken for lines of then."""
    follow(reader, 3)
    reader.page.keyboard.press("[")
    expect(state(reader)).to_have_count(0)
    expect(reader.page.get_by_text("No lines in this range")).to_be_visible()
    reader.page.keyboard.press("]")
    expect(reader.lines.first).to_contain_text("line 2")
    reader.page.keyboard.press("l")
    expect(state(reader)).to_have_text("live")
    reader.click("Newest first")
    expect(state(reader)).to_have_count(0)
    expect(reader.lines.first).to_contain_text("line 0")


def test_running_a_query_again_keeps_the_lines_of_the_tail(reader: Reader) -> None:
    follow(reader, 3)
    held: list[Route] = []
    reader.page.route("**/loki/api/v1/query_range**", lambda route: held.append(route))
    reader.click("Run")
    while len(held) < 2:  # the lines, and how many there are
        reader.page.wait_for_timeout(10)
    answers = [(route, route.fetch()) for route in held]
    push(reader.url, "a line after the answer")
    expect(reader.lines.first).to_contain_text("a line after the answer")
    for route, answer in answers:
        route.fulfill(response=answer)
    reader.wait_for_answer()
    expect(reader.lines.first).to_contain_text("a line after the answer")


def test_no_tail_of_numbers(reader: Reader) -> None:
    push(reader.url, "a line")
    reader.open("logs", q='sum(count_over_time({app="followed"}[1m]))')
    expect(reader.page.get_by_role("img", name="1 series over time")).to_be_visible()
    reader.page.keyboard.press("l")
    reader.write('{app="followed"}')
    expect(reader.lines.first).to_contain_text("a line")
    expect(reader.button("Live")).to_be_visible()


def test_metadata_of_lines_as_they_come_is_no_label(reader: Reader) -> None:
    push(reader.url, "a line of before", pod="p-1")
    reader.explore('{app="followed"}')
    reader.click("Live")
    expect(state(reader)).to_have_text("live")
    push(reader.url, "a line as it comes", pod="p-2")
    expect(reader.lines.first).to_contain_text("a line as it comes")
    reader.lines.first.locator(".log-time").click()
    reader.details.get_by_role("button", name="Context").click()
    shared = reader.page.get_by_label("Labels that the lines share").get_by_role("button")
    expect(shared).to_have_text(["app= followed", "service_name= followed"])
    expect(reader.page.locator(".context-here")).to_contain_text("a line as it comes")
    reader.page.keyboard.press("Escape")
    reader.details.get_by_role("button", name="Filter for pod").click()
    reader.expect_query('{app="followed"} | pod="p-2"')


def test_a_lost_connection_is_said_and_made_again(reader: Reader) -> None:
    """What was logged meanwhile is there afterwards, once."""
    opened: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        opened.append(socket)
        socket.connect_to_server()

    def refuse(route: Route) -> None:
        route.abort()

    reader.page.route_web_socket("**/loki/api/v1/tail**", pass_on)
    follow(reader, 3)
    reader.page.route("**/loki/api/v1/query_range**", refuse)
    opened[-1].close(code=4000)
    expect(state(reader)).to_contain_text("no connection to the server")
    push(reader.url, "a line that nobody saw")
    reader.page.unroute("**/loki/api/v1/query_range**", refuse)
    expect(state(reader)).to_have_text("live")
    push(reader.url, "a line after that")
    expect(reader.lines.first).to_contain_text("a line after that")
    expect(reader.page.locator(".log-row", has_text="a line that nobody saw")).to_have_count(1)
    expect(reader.page.locator(".log-row", has_text="a line after that")).to_have_count(1)
    assert len(opened) == 2


def test_a_server_that_hangs_is_told_from_one_that_has_nothing_new(reader: Reader) -> None:
    """Its connections stay open, and nothing comes over them."""
    reader.page.clock.install(time=time.time() + 60)  # whatever the page was slow to load
    follow(reader, 3)
    with reader.page.expect_response("**/status/buildinfo"):
        reader.page.clock.run_for(16_000)
    expect(state(reader)).to_have_text("live")

    def hang(_: Route) -> None:
        """Answers nothing."""

    def refuse(route: Route) -> None:
        route.abort()

    reader.page.route("**/status/buildinfo", hang)
    reader.page.route("**/loki/api/v1/query_range**", refuse)
    with reader.page.expect_request("**/status/buildinfo"):
        reader.page.clock.run_for(16_000)
    expect(state(reader)).to_have_text("live")
    reader.page.clock.run_for(10_000)
    expect(state(reader)).to_contain_text("trying again")
    push(reader.url, "a line of meanwhile")
    reader.page.unroute("**/status/buildinfo", hang)
    reader.page.unroute("**/loki/api/v1/query_range**", refuse)
    reader.page.clock.run_for(2_000)
    expect(state(reader)).to_have_text("live")
    expect(reader.page.locator(".log-row", has_text="a line of meanwhile")).to_have_count(1)
