"""One server with the demonstration, one browser, and a page of its own for each test."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from .browser import launch
from .demo import demo_server
from .reader import Reader

_PATIENCE = 30_000
"""ms that a test waits for what it expects: machines that run tests are busy."""


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo_server(tmp_path_factory.mktemp("demo") / "data") as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Not for longer than a file: Playwright keeps an event loop running, and other tests want their own."""
    expect.set_options(timeout=_PATIENCE)  # here, since some tests make pages of their own
    with sync_playwright() as playwright:
        running = launch(playwright)
        yield running
        running.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page at 1280 px that notes what goes wrong in it, and every host that it speaks to."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark", accept_downloads=True)
    opened = context.new_page()
    opened.set_default_timeout(_PATIENCE)
    yield opened
    context.close()


@pytest.fixture
def reader(page: Page, server_url: str) -> Iterator[Reader]:
    """A person in front of the page; at the end nothing may have failed or gone to another host."""
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if _is_fault(message) else None)
    page.on("request", lambda request: None if _is_own(request.url, server_url) else faults.append(request.url))
    yield Reader(page, server_url)
    assert faults == []


def _is_own(url: str, server_url: str) -> bool:
    return url.startswith((server_url, "data:", "blob:", "about:"))


def _is_fault(message: Any) -> bool:
    # Chromium itself notes every answer from 400 on, which is how the page learns what this server has, and every
    # request without an answer, of which there are some where a test cuts the server off.
    return message.type == "error" and not message.text.startswith("Failed to load resource:")
