"""Logging in on the page: by password, by token, at a provider, below a path prefix; and what those see who may not."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import oidc_provider_mock
import pytest
from playwright.sync_api import Page, expect

from tests.cli.access_files import write_htpasswd
from tests.cli.server import RunningServer
from tests.cli.test_access import add_token, bearer, push, server
from tests.ruler.upstream import eventually

from .proxy import prefix_proxy
from .reader import Reader

SHOP = '{app="shop"}'


@contextmanager
def guarded(folder: Path, **settings: str) -> Iterator[RunningServer]:
    """A server with users ann, who may do everything, and bob, who may read, and with tokens."""
    passwords = write_htpasswd(folder / "htpasswd", ann="secret ä", bob="word")
    settings = {
        "auth_type": "basic,token",
        "auth_password_file": str(passwords),
        "auth_grants": "ann=all; bob=read; ann@example.org=read",
    } | settings
    with server(folder, **settings) as running:
        writer = add_token(folder, "writer", "--scope", "push")
        assert push(running.url, "a line of the shop", headers=bearer(writer, "shop")).status_code == 204
        yield running


def log_in(page: Page, user: str, password: str) -> None:
    page.get_by_label("User").fill(user)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in", exact=True).click()


def expect_lines(page: Page) -> None:
    expect(page.locator(".log-row")).to_contain_text(["a line of the shop"])


def test_a_login_at_one_tab_is_one_at_all(page: Page, tmp_path: Path) -> None:
    with guarded(tmp_path) as running:
        other = page.context.new_page()
        for tab in (page, other):
            Reader(tab, running.url).open("logs", q=SHOP)
            expect(tab.get_by_role("heading", name="Log in")).to_be_visible()
        other.get_by_label("User").fill("someb")
        other.evaluate("dispatchEvent(new Event('focus'))")  # nobody has logged in yet: what is written stays
        log_in(page, "ann", "secret ä")
        expect_lines(page)
        expect(other.get_by_label("User")).to_have_value("someb")
        other.evaluate("dispatchEvent(new Event('focus'))")
        expect_lines(other)


def test_a_password(page: Page, tmp_path: Path) -> None:
    with guarded(tmp_path) as running:
        reader = Reader(page, running.url)
        reader.open("logs", q=SHOP)
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        assert reader.serious_faults() == []
        log_in(page, "ann", "wrong")
        expect(page.get_by_role("alert")).to_have_text("the user or the password is wrong")
        log_in(page, "ann", "secret ä")
        expect_lines(page)  # the address has kept what to show
        (cookie,) = page.context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == ("sigyn_session", True, "Lax")

        reader.click("You and your tenant")
        dialog = page.get_by_role("dialog")
        expect(dialog).to_contain_text("You are ann and may: admin, delete, push, read, rules")
        dialog.get_by_role("button", name="Log out").click()
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_live_lines_come_with_a_login(page: Page, tmp_path: Path) -> None:
    with guarded(tmp_path) as running:
        sockets: list[str] = []
        page.on("websocket", lambda socket: socket.on("framereceived", lambda _: sockets.append(socket.url)))
        reader = Reader(page, running.url)
        reader.open("logs", q=SHOP)
        log_in(page, "bob", "word")
        expect_lines(page)
        reader.click("Live")
        for _ in range(200):
            assert push(running.url, "a new line", auth=("ann", "secret ä".encode())).status_code == 204
            page.wait_for_timeout(250)
            if sockets:
                break
        assert sockets, "no line came over the WebSocket"
        expect(page.locator(".log-row", has_text="a new line").first).to_be_visible()


def test_a_token_until_it_is_taken_back(page: Page, tmp_path: Path) -> None:
    with guarded(tmp_path) as running:
        token = add_token(tmp_path, "carol", "--scope", "read")
        reader = Reader(page, running.url)
        reader.open("logs", q=SHOP)
        page.get_by_label("Token").fill("sigyn_guessed")
        reader.click("Use the token")
        expect(page.get_by_role("alert")).to_have_text("this token is not known, or not valid any more")
        page.get_by_label("Token").fill(token)
        reader.click("Use the token")
        expect_lines(page)
        (cookie,) = page.context.cookies()
        assert token not in cookie["value"]
        session = {"Cookie": f"sigyn_session={cookie['value']}"}
        whoami = f"{running.url}/sigyn/api/v1/whoami"
        assert httpx.get(whoami, headers=session).json()["data"]["name"] == "carol"
        (tmp_path / "data" / "tokens.json").write_text("[]")
        page.wait_for_function(
            "async url => (await fetch(url, {headers: {'X-Requested-With': 'x'}})).status === 401", arg=whoami
        )
        reader.click("Run")
        expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def test_a_session_ends_with_its_password(tmp_path: Path) -> None:
    with guarded(tmp_path) as running, httpx.Client(base_url=running.url, timeout=30) as browser:
        assert browser.post("/sigyn/api/v1/login", auth=("bob", "word")).status_code == 200
        assert browser.get("/sigyn/api/v1/whoami").json()["data"] == {
            "name": "bob",
            "method": "basic",
            "scopes": ["read"],
            "tenants": ["*"],
        }
        write_htpasswd(tmp_path / "htpasswd", bob="another word")
        eventually(lambda: browser.get("/sigyn/api/v1/whoami").status_code == 401)


def test_who_may_only_read_sees_why_the_rest_does_not_work(page: Page, tmp_path: Path) -> None:
    with guarded(tmp_path) as running:
        reader = Reader(page, running.url)
        reader.open("dashboards")
        log_in(page, "bob", "word")
        expect(page.get_by_role("heading", name="Log volume")).to_be_visible()
        refused = re.compile("bob may not do this: it needs the scope rules")
        expect(reader.button("Import")).to_be_disabled()
        expect(reader.button("Import")).to_have_attribute("title", refused)
        reader.open("dashboards", uid="errors")
        expect(reader.button("Delete")).to_be_disabled()
        reader.open("store")
        reader.click("Settings")
        expect(page.get_by_role("alert")).to_have_text("`bob` may not do this: it needs the scope `admin`")


def test_a_provider(page: Page, tmp_path: Path) -> None:
    with oidc_provider_mock.run_server_in_thread() as provider, guarded(tmp_path, **oidc(provider)) as running:
        expect_login_at_provider(page, running.url)


def test_below_a_path_prefix(page: Page, tmp_path: Path) -> None:
    with prefix_proxy() as proxy, oidc_provider_mock.run_server_in_thread() as provider:
        settings = oidc(provider) | {"auth_external_url": proxy.url}
        with guarded(tmp_path, **settings) as running:
            proxy.target = running.url
            expect_login_at_provider(page, proxy.url)
            page.context.clear_cookies()
            page.reload()
            log_in(page, "bob", "word")
            expect_lines(page)
            Reader(page, proxy.url).click("You and your tenant")
            page.get_by_role("button", name="Log out").click()
            expect(page.get_by_role("heading", name="Log in")).to_be_visible()


def oidc(provider: Any) -> dict[str, str]:
    issuer = f"http://localhost:{provider.server_port}"
    httpx.put(f"{issuer}/users/ann", json={"email": "ann@example.org", "email_verified": True})
    return {
        "auth_type": "oidc,basic,token",
        "auth_oidc_issuer": issuer,
        "auth_oidc_client_id": "sigyn",
        "auth_oidc_client_secret": "hush",
    }


def expect_login_at_provider(page: Page, url: str) -> None:
    reader = Reader(page, url)
    reader.open("logs", q=SHOP)
    page.get_by_role("link", name="Log in at your provider").click()
    page.locator("input[name=sub]").first.fill("ann")
    page.get_by_role("button").first.click()
    expect_lines(page)
    assert page.url.startswith(url)
    reader.click("You and your tenant")
    expect(page.get_by_role("dialog")).to_contain_text("You are ann@example.org and may: read.")
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("own", "seen"), [("team-a", False), ("team-a+team-b", True)])
def test_who_has_several_tenants_is_asked_for_one(page: Page, tmp_path: Path, own: str, seen: bool) -> None:
    settings = {"server_auth_enabled": "true", "auth_grants": f"ann=all; bob=read@{own}"}
    with guarded(tmp_path, **settings) as running:
        sent = push(
            running.url, "a line of the shop", auth=("ann", "secret ä".encode()), headers={"X-Scope-OrgID": "team-a"}
        )
        assert sent.status_code == 204
        reader = Reader(page, running.url)
        reader.open("logs", q=SHOP)
        log_in(page, "bob", "word")
        if seen:
            dialog = page.get_by_role("dialog", name="You and your tenant")
            dialog.get_by_label("Tenant", exact=True).fill("team-a")
            dialog.get_by_role("button", name="Use").click()
        expect_lines(page)
