"""What is shown when no answer comes."""

from playwright.sync_api import Browser, Locator, Page, Route, expect

from .reader import Reader

RYOT = '{service="ryot"}'
QUERIES = "**/loki/api/v1/query_range**"


def stay_silent(_route: Route) -> None:
    """The server never answers."""


def cut_off(route: Route) -> None:
    """There is no server."""
    route.abort()


def warnings(page: Page) -> Locator:
    return page.locator(".messages .warning")


def test_lines_of_another_query_are_not_left_below_a_cancelled_one(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.page.route(QUERIES, stay_silent)
    reader.write('{service="agents"}')
    reader.click("Cancel")
    expect(reader.page.locator(".messages")).to_contain_text("The query was cancelled")
    expect(reader.lines).to_have_count(0)
    reader.page.unroute(QUERIES, stay_silent)
    reader.click("Run")
    expect(reader.lines.first).to_be_visible()
    expect(warnings(reader.page)).to_have_count(0)


def test_lines_stay_when_the_server_does_not_answer_again(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.page.route(QUERIES, cut_off)
    reader.click("Refresh")
    expect(reader.page.get_by_role("alert")).to_have_text("the server does not answer")
    expect(warnings(reader.page)).to_contain_text("What follows is the answer of")
    expect(reader.lines.first).to_be_visible()
    expect(reader.page.locator(".volume-total")).to_be_visible()
    reader.page.unroute(QUERIES, cut_off)
    reader.click("Refresh")
    expect(reader.page.get_by_role("alert")).to_have_count(0)
    expect(warnings(reader.page)).to_have_count(0)


def test_lines_that_do_not_come_while_scrolling_are_no_end(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.page.route(QUERIES, cut_off)
    reader.scroll_to_the_end()
    footer = reader.page.locator(".log-footer")
    expect(footer).to_contain_text("More lines did not come: the server does not answer.")
    expect(reader.page.get_by_text("1,000 lines loaded")).to_be_visible()
    reader.page.unroute(QUERIES, cut_off)
    reader.click("Try again")
    expect(reader.page.get_by_text("2,000 lines loaded")).to_be_visible()
    expect(reader.page.get_by_text("did not come")).to_have_count(0)


def test_a_query_that_fails_shows_no_lines_of_another(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.write('{service="ryot"} | jsn')
    expect(reader.page.get_by_role("alert")).to_contain_text("did you mean `json`")
    expect(reader.lines).to_have_count(0)


def test_a_page_that_is_older_than_its_server_is_loaded_again(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.page.route("**/assets/AlertsView-*.js", lambda route: route.fulfill(status=404))
    reader.page.get_by_role("link", name="Alerts").click()
    expect(reader.page.get_by_role("heading", name="This view could not be loaded")).to_be_visible()
    reader.page.unroute("**/assets/AlertsView-*.js")
    reader.click("Load the page again")
    expect(reader.page.get_by_role("heading", name="Alerts", exact=True)).to_be_visible()


def test_without_scripts_the_page_says_so(browser: Browser, server_url: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server_url)
    expect(page.locator("noscript .unloaded")).to_be_in_viewport()
    expect(page.get_by_text("The page is being loaded")).to_be_hidden()
    context.close()


def test_files_of_the_page_that_do_not_come(page: Page, server_url: str) -> None:
    page.route("**/assets/index-*.js", cut_off)
    page.goto(server_url)
    expect(page.get_by_text("The page is being loaded")).to_be_visible()
    page.unroute("**/assets/index-*.js")
    page.reload()
    expect(page.get_by_role("button", name="Run", exact=True)).to_be_visible()
    expect(page.get_by_text("The page is being loaded")).to_have_count(0)


def test_what_takes_its_time_is_said_to_be_on_its_way(reader: Reader) -> None:
    held: list[Route] = []
    page = reader.page
    page.route("**/sigyn/api/v1/dashboards/**", lambda route: held.append(route))
    reader.open("dashboards", uid="errors")
    bar = page.get_by_role("progressbar", name="Loading")
    expect(bar).to_be_visible()
    expect(page.get_by_role("heading", name="Dashboards")).to_be_visible()
    for route in held:
        route.continue_()
    expect(page.get_by_role("heading", name="Dashboards / Errors")).to_be_visible()
    expect(bar).to_have_count(0)
