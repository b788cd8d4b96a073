"""Answers of series, and links to answers."""

import re
from urllib.parse import parse_qs

from playwright.sync_api import expect

from .reader import Reader


def test_no_series_is_said(reader: Reader) -> None:
    reader.open("logs", q='sum(rate({service="nobody"}[5m]))')
    expect(reader.page.get_by_role("heading", name="No series in this range")).to_be_visible()
    expect(reader.page.locator(".chart")).to_have_count(0)


def test_a_copied_link_stays_at_its_times(reader: Reader) -> None:
    reader.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    reader.explore('{service="ryot"}', refresh="15m")
    reader.click("Copy link")
    expect(reader.page.get_by_text("Link copied")).to_be_visible()
    copied = reader.page.evaluate("navigator.clipboard.readText()")
    address, _, parameters = copied.partition("?")
    assert address == f"{reader.url}/#/logs"
    found = {name: values[0] for name, values in parse_qs(parameters).items()}
    assert found["q"] == '{service="ryot"}'
    assert re.fullmatch(r"\d{13}", found["from"])
    assert int(found["to"]) - int(found["from"]) == 3_600_000
    assert "refresh" not in found
    reader.page.goto("about:blank")
    reader.page.goto(copied)
    expect(reader.lines.first).to_be_visible()
