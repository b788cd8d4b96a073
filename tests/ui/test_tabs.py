"""Several tabs of one browser: what each keeps for itself, and what they share."""

import json
import os
import time
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.cli.server import running_server

from .reader import Reader

TENANTS = ("north", "south")


@pytest.fixture(scope="module")
def tenants_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that asks for a tenant, and lines of two."""
    variables = dict(os.environ) | {"SIGYN_SERVER_AUTH_ENABLED": "true"}
    with running_server(tmp_path_factory.mktemp("tenants") / "data", variables=variables) as server:
        for tenant in TENANTS:
            values = [[str(time.time_ns()), f"a line of the {tenant}"]]
            body = {"streams": [{"stream": {"app": "shop"}, "values": values}]}
            answer = httpx.post(f"{server.url}/loki/api/v1/push", json=body, headers={"X-Scope-OrgID": tenant})
            assert answer.status_code == 204
        yield server.url


def choose(page: Page, tenant: str) -> None:
    page.get_by_label("Tenant", exact=True).fill(tenant)
    page.get_by_role("button", name="Use").click()
    expect(page.get_by_role("button", name="You and your tenant")).to_contain_text(tenant)


def test_each_tab_has_its_tenant(browser: Browser, tenants_url: str) -> None:
    context = browser.new_context()
    pages = [context.new_page(), context.new_page()]
    for page, tenant in zip(pages, TENANTS, strict=True):
        page.goto(f"{tenants_url}/#/logs?q=%7Bapp%3D%22shop%22%7D")
        if tenant == TENANTS[0]:
            expect(page.get_by_role("dialog")).to_be_visible()  # asks, as it knows of none
        else:
            page.get_by_role("button", name="You and your tenant").click()
        choose(page, tenant)
    for page, tenant in zip(pages, TENANTS, strict=True):
        page.reload()
        expect(page.locator(".log-row")).to_contain_text([f"a line of the {tenant}"])
    later = context.new_page()
    later.goto(f"{tenants_url}/#/logs")
    expect(later.get_by_role("button", name="You and your tenant")).to_contain_text("south")  # the one chosen last
    context.close()


def tenant_of(page: Page) -> Locator:
    return page.get_by_role("button", name="You and your tenant")


def test_a_link_leads_to_the_data_of_its_tenant(browser: Browser, tenants_url: str) -> None:
    here, there = browser.new_context(permissions=["clipboard-read", "clipboard-write"]), browser.new_context()
    sender, receiver = here.new_page(), there.new_page()
    for page, tenant in ((sender, "north"), (receiver, "south")):
        page.goto(f"{tenants_url}/#/logs?q=%7Bapp%3D%22shop%22%7D")
        choose(page, tenant)
        expect(page.locator(".log-row")).to_contain_text([f"a line of the {tenant}"])
    sender.get_by_role("button", name="Copy link").click()
    copied = sender.evaluate("navigator.clipboard.readText()")
    for link in (copied, sender.url):
        colleague = there.new_page()
        colleague.goto(link)
        expect(colleague.locator(".log-row")).to_contain_text(["a line of the north"])
        expect(tenant_of(colleague)).to_contain_text("north")
    receiver.goto(copied)  # in a tab that shows another tenant's
    expect(receiver.locator(".log-row")).to_contain_text(["a line of the north"])
    tenant_of(receiver).click()
    choose(receiver, "south")  # and the address does not bring the other one back
    expect(receiver.locator(".log-row")).to_contain_text(["a line of the south"])
    assert "tenant=south" in receiver.url
    later = there.new_page()
    later.goto(f"{tenants_url}/#/logs")
    expect(tenant_of(later)).to_contain_text("south")  # what somebody chose, not what a link said
    here.close()
    there.close()


def test_an_export_holds_the_lines_of_the_tenant(browser: Browser, tenants_url: str) -> None:
    page = browser.new_page(accept_downloads=True)
    page.goto(f"{tenants_url}/#/logs?q=%7Bapp%3D%22shop%22%7D&tenant=north")
    expect(page.locator(".log-row")).to_contain_text(["a line of the north"])
    export = page.get_by_role("button", name="Export everything that the query finds")
    export.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="NDJSON").click()
    lines = download.value.path().read_text().splitlines()
    assert [json.loads(line)["line"] for line in lines] == ["a line of the north"]
    page.route("**/sigyn/api/v1/export**", lambda route: route.abort())
    export.click()
    page.get_by_role("button", name="NDJSON").click()
    expect(page.get_by_text("The lines could not be exported: the server does not answer")).to_be_visible()
    page.close()


def test_what_can_be_no_tenant_is_not_taken_from_a_link(browser: Browser, tenants_url: str) -> None:
    page = browser.new_page()
    page.goto(f"{tenants_url}/#/logs?q=%7Bapp%3D%22shop%22%7D&tenant=no%0Asuch%3A1")
    expect(page.get_by_role("dialog")).to_be_visible()
    choose(page, "north")
    expect(page.locator(".log-row")).to_contain_text(["a line of the north"])
    page.close()


def test_favourites_are_of_all_tabs(reader: Reader) -> None:
    other = Reader(reader.page.context.new_page(), reader.url)
    for each, service in ((reader, "ryot"), (other, "agents")):
        each.explore(f'{{service="{service}"}}')
    reader.click("Favourite")
    expect(reader.button("Favourite")).to_have_attribute("aria-pressed", "true")
    other.click("Favourite")
    other.page.reload()
    other.click("History")
    kept = other.page.get_by_role("dialog", name="Queries").get_by_role("button", name="Favourite", pressed=True)
    expect(kept).to_have_count(2)
