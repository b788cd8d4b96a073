"""Debian's Chromium, driven by Playwright."""

from playwright.sync_api import Browser, Playwright

CHROMIUM = "/usr/bin/chromium"
_FLAGS = [
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def launch(playwright: Playwright) -> Browser:
    """A headless browser with a profile of its own, which talks to nobody but the pages that it opens."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=_FLAGS)
