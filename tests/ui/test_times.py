"""Days and time zones."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import httpx
import pytest
from playwright.sync_api import Browser, expect

from .reader import Reader

INDIA = timezone(timedelta(hours=5, minutes=30))


@pytest.fixture
def indian(browser: Browser, server_url: str) -> Iterator[Reader]:
    """Somebody whose clock is five and a half hours ahead of the servers'."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, timezone_id="Asia/Kolkata")
    yield Reader(context.new_page(), server_url)
    context.close()


def test_lines_of_other_days_have_their_date(indian: Reader) -> None:
    then = datetime.now(INDIA) - timedelta(days=2)
    stream = {"stream": {"app": "nightly"}, "values": [[str(int(then.timestamp()) * 10**9), "done"]]}
    assert httpx.post(f"{indian.url}/loki/api/v1/push", json={"streams": [stream]}).status_code == 204
    indian.explore('{app="nightly"}', from_="now-7d", to="now")
    day = "%m-%d" if then.year == datetime.now(INDIA).year else "%Y-%m-%d"
    expect(indian.lines.first.locator(".log-time")).to_have_text(then.strftime(f"{day} %H:%M:%S.000"))


def test_times_in_utc(indian: Reader) -> None:
    """What is chosen in one zone is the same moment in the other."""
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=1)
    stream = {"stream": {"app": "noon"}, "values": [[str(int(noon.timestamp()) * 10**9), "noon"]]}
    assert httpx.post(f"{indian.url}/loki/api/v1/push", json={"streams": [stream]}).status_code == 204
    indian.explore('{app="noon"}', from_="now-3d", to="now")
    expect(indian.lines.first).to_contain_text("17:30:00.000")
    indian.page.locator(".time-picker .popover-root > button").click()
    indian.click("UTC")
    indian.page.get_by_label("From").fill(noon.strftime("%Y-%m-%d 11:59:00"))
    indian.page.get_by_label("To", exact=True).fill(noon.strftime("%Y-%m-%d 12:01:00"))
    indian.click("Apply")
    expect(indian.page.locator(".time-text")).to_contain_text("11:59:00")
    expect(indian.page.locator(".time-picker")).to_contain_text("UTC")
    indian.wait_for_answer()
    expect(indian.lines.first).to_contain_text("12:00:00.000")
    start = int((noon - timedelta(minutes=1)).timestamp() * 1000)
    assert indian.state["from"] == str(start)
    indian.page.reload()
    expect(indian.lines.first).to_contain_text("12:00:00.000")
    indian.page.keyboard.press("z")
    expect(indian.lines.first).to_contain_text("17:30:00.000")


def test_the_hour_that_comes_twice(browser: Browser, server_url: str) -> None:
    """Clocks of Berlin show 02:30 twice on 2026-10-25. Who changes the end of a range leaves its beginning alone."""
    context = browser.new_context(timezone_id="Europe/Berlin")
    reader = Reader(context.new_page(), server_url)
    second = int(datetime(2026, 10, 25, 1, 30, tzinfo=UTC).timestamp() * 1000) + 123
    reader.open("logs", q='{service="ryot"}', from_=str(second), to=str(second + 3_600_000))
    reader.page.locator(".time-picker .popover-root > button").click()
    expect(reader.page.get_by_label("From")).to_have_value("2026-10-25 02:30:00")
    reader.page.get_by_label("To", exact=True).fill("2026-10-25 06:00:00")
    reader.click("Apply")
    expect(reader.page.locator(".time-text")).to_contain_text("06:00:00")
    assert reader.state["from"] == str(second)
    context.close()


def test_a_day_by_its_date(reader: Reader) -> None:
    reader.open("logs", q='{service="ryot"}')
    reader.page.locator(".time-picker .popover-root > button").click()
    reader.page.get_by_label("From").fill("2026-06-10")
    reader.page.get_by_label("To", exact=True).fill("2026-06-10")
    reader.click("Apply")
    expect(reader.page.locator(".time-text")).to_have_text("2026-06-10 00:00:00 – 2026-06-11 00:00:00")
    assert int(reader.state["to"]) - int(reader.state["from"]) == 86_400_000
