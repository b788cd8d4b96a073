"""What is offered before anything was asked: services, and questions that their lines can answer."""

from playwright.sync_api import expect

from .reader import Reader


def test_the_first_look_offers_the_services(reader: Reader) -> None:
    reader.open("logs")
    reader.page.locator(".services button", has_text="sigmavault").click()
    reader.expect_query('{service_name="sigmavault"}')
    expect(reader.lines.first).to_contain_text("op=")
    expect(reader.page.locator(".volume-total")).to_contain_text("lines")


def test_the_first_look_offers_questions_that_the_lines_can_answer(reader: Reader) -> None:
    reader.open("logs")
    reader.page.locator(".examples button", has_text="What the errors say").click()
    expect(reader.page.locator(".data-table tbody tr").first).to_be_visible()
    reader.open("logs", q="")
    reader.page.locator(".examples button", has_text="How long requests take").click()
    expect(reader.page.locator(".graph canvas")).to_be_visible()
