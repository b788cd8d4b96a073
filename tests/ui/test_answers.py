"""Answers of series, and links to answers."""

import re
import time
from urllib.parse import parse_qs

import httpx
from playwright.sync_api import expect

from .reader import Reader


def test_no_series_is_said(reader: Reader) -> None:
    reader.open("logs", q='sum(rate({service="nobody"}[5m]))')
    expect(reader.page.get_by_role("heading", name="No series in this range")).to_be_visible()
    expect(reader.page.locator(".chart")).to_have_count(0)


def test_a_long_legend_begins_with_the_highest_series(reader: Reader) -> None:
    past = time.time_ns() - 300_000_000_000
    pods = [f"pod-{at:02}" for at in range(14)]
    streams = [
        {"stream": {"app": "many", "pod": pod}, "values": [[str(past + line), "here"] for line in range(at + 1)]}
        for at, pod in enumerate(pods)
    ]
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json={"streams": streams}).status_code == 204
    names = reader.page.locator(".legend-name")
    reader.open("logs", q='sum by (pod) (count_over_time({app="many"}[30m]))')
    expect(names).to_have_text(pods[::-1])
    reader.page.get_by_role("button", name="pod-03").click(modifiers=["Shift"])
    expect(names).to_have_text(pods[::-1])  # what is hidden keeps its place
    reader.open("logs", q='sum by (pod) (count_over_time({app="many", pod=~"pod-0."}[30m]))')
    expect(names).to_have_text(pods[:10])  # a short one keeps the order of names, and with it its places


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


def test_a_mistyped_value_is_named_and_near_ones_are_offered(reader: Reader) -> None:
    page = reader.page
    streams = [
        {"stream": {"container": name, "cluster": "one"}, "values": [[str(time.time_ns()), f"of {name}"]]}
        for name in ("checkout", "checkout-db", "mailer")
    ]
    assert httpx.post(f"{reader.url}/loki/api/v1/push", json={"streams": streams}).status_code == 204
    reader.open("logs", q='{cluster="one", container="chekout"} |= "of" # mine')
    expect(page.get_by_text('No stream has container="chekout" in this range.')).to_be_visible()
    expect(page.get_by_role("button", name="mailer")).to_have_count(0)
    assert reader.serious_faults() == []
    reader.click("checkout")
    reader.expect_query('{cluster="one", container="checkout"} |= "of" # mine')
    expect(reader.lines).to_have_count(1)
    reader.open("logs", q='sum(count_over_time({container="Mailer"}[5m]))')
    expect(page.get_by_text('No stream has container="Mailer" in this range.')).to_be_visible()
    reader.click("mailer")
    reader.expect_query('sum(count_over_time({container="mailer"}[5m]))')
    reader.open("logs", q='{contaner="mailer"}')
    expect(page.get_by_text("No stream has the label contaner in this range.")).to_be_visible()
    with page.expect_response(lambda answer: "/label/container/values" in answer.url):
        reader.open("logs", q='{container="mailer"} |= "nothing of the kind"')
    expect(page.get_by_text("No lines in this range")).to_be_visible()
    expect(page.get_by_text("No stream has")).to_have_count(0)
