"""What the page asks the server for: nothing twice, and nothing that it knows to be refused."""

import time
from urllib.parse import parse_qs, urlsplit

import httpx
from playwright.sync_api import Page, expect

from .reader import Reader


def asked_for(page: Page, path: str) -> list[dict[str, str]]:
    """The parameters of requests for a path, as they come from now on."""
    found: list[dict[str, str]] = []

    def note(url: str) -> None:
        parts = urlsplit(url)
        if parts.path.endswith(path):
            found.append({name: values[0] for name, values in parse_qs(parts.query).items()})

    page.on("request", lambda request: note(request.url))
    return found


def test_the_start_page_asks_for_the_services_once(reader: Reader) -> None:
    asked = asked_for(reader.page, "/index/volume")
    reader.open("logs")
    expect(reader.page.locator(".services button").first).to_be_visible()
    reader.page.wait_for_load_state("networkidle")
    assert len(asked) == 1


def test_the_values_of_a_variable_are_asked_for_once(reader: Reader) -> None:
    """Its choice lists them, and panels have all of them in their queries."""
    asked = asked_for(reader.page, "/label/service_name/values")
    reader.open("dashboards", uid="log-volume")
    choice = reader.page.get_by_label("service", exact=True)
    expect(choice.locator("option", has_text="agents")).to_be_attached()
    expect(reader.page.locator(".panel canvas").first).to_be_visible()
    assert len(asked) == 1
    with reader.page.expect_request(lambda request: "/values" in request.url):
        reader.page.get_by_role("button", name="Refresh", exact=True).first.click()
    assert len(asked) == 2, "of a later range they may be others"


def test_the_lines_of_a_query_that_is_refused_are_not_counted(reader: Reader) -> None:
    page = reader.page
    page.clock.install()
    page.clock.pause_at(time.time() + 60)  # a slow machine would have them counted before it has the refusal
    asked = asked_for(page, "/query_range")
    reader.open("logs", q='{service="ryot"} | = x')
    expect(page.get_by_role("button", name="Run")).to_be_visible()
    with page.expect_response("**/query_range**"):
        page.clock.run_for(100)
    page.clock.run_for(100)
    expect(reader.page.get_by_role("alert")).to_be_visible()
    assert [each["query"] for each in asked] == ['{service="ryot"} | = x']


def test_the_size_of_a_service_of_many_small_streams(reader: Reader) -> None:
    """Loki's volumes, which come in whole KiB by stream, would have it at nothing."""
    now = time.time_ns()
    streams = [
        {"stream": {"app": "crumbs", "pod": f"p-{at}"}, "values": [[str(now), "0123456789"]]} for at in range(50)
    ]
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json={"streams": streams}, timeout=30).status_code == 204
    reader.open("logs")
    expect(reader.page.locator(".services button", has_text="crumbs")).to_contain_text("500 B")
    reader.open("store")
    row = reader.page.get_by_role("region", name="Text by service").get_by_role("row").filter(has_text="crumbs")
    expect(row).to_contain_text("500 B")
