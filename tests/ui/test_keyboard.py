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


def test_from_the_start_to_the_context_of_a_line_and_back(reader: Reader) -> None:
    page = reader.page
    reader.open("logs")
    service = page.locator(".services button", has_text="ryot")
    expect(service).to_be_visible()
    for _ in range(40):
        page.keyboard.press("Tab")
        if service.evaluate("button => button === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(reader.lines.nth(2)).to_be_visible()
    reader.wait_for_answer()
    for _ in range(3):
        page.keyboard.press("j")
    third = reader.lines.nth(2).locator(".log-time")
    expect(third).to_be_focused()
    page.keyboard.press("Enter")
    expect(third).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Tab")
    expect(reader.details.get_by_role("button", name="Copy line")).to_be_focused()
    page.keyboard.press("c")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(reader.details.get_by_role("button", name="Copy line")).to_be_focused()
    page.keyboard.press("k")
    expect(reader.lines.nth(1).locator(".log-time")).to_be_focused()


def test_the_line_that_is_moved_to_is_in_sight(reader: Reader) -> None:
    reader.explore(RYOT)
    for _ in range(60):
        reader.page.keyboard.press("j")
    current = reader.page.locator(".log-row.current")
    expect(current).to_be_in_viewport()
    expect(current.locator(".log-time")).to_be_focused()
