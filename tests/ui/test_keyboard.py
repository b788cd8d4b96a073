"""The page without a mouse."""

from playwright.sync_api import expect

from .reader import Reader

RYOT = '{service="ryot"}'


def test_enter_presses_the_button_that_has_the_focus(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.button("History").press("Enter")
    dialog = reader.page.get_by_role("dialog", name="Queries")
    expect(dialog).to_be_visible()
    reader.button("Close").press("Enter")
    expect(dialog).to_be_hidden()
    expect(reader.button("History")).to_be_focused()


def test_enter_opens_the_line_that_was_moved_to(reader: Reader) -> None:
    reader.explore(RYOT)
    reader.lines.nth(3).locator(".log-time").focus()
    reader.page.keyboard.press("Enter")
    expect(reader.lines.nth(3).locator(".log-time")).to_have_attribute("aria-expanded", "true")
    reader.page.keyboard.press("k")
    reader.page.keyboard.press("Enter")
    expect(reader.lines.nth(2).locator(".log-time")).to_have_attribute("aria-expanded", "true")
    expect(reader.lines.nth(3).locator(".log-time")).to_have_attribute("aria-expanded", "true")


def test_the_focus_goes_back_to_what_opened_a_menu(reader: Reader) -> None:
    reader.explore(RYOT)
    opener = reader.page.get_by_role("button", name="Time range: Last hour")
    opener.press("Enter")
    reader.button("Last 3 hours").press("Enter")
    expect(reader.page.get_by_role("button", name="Time range: Last 3 hours")).to_be_focused()
