"""The agents' targets and lag, as a real `sigyn agent` tells them."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from tests.agent.processes import running_agent, tail
from tests.cli.server import running_server
from tests.ruler.upstream import eventually

from .reader import Reader


@pytest.fixture
def server_url(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "shop.log").write_text("a line\n")
    with (
        running_server(tmp_path / "data") as server,
        running_agent(tmp_path, f"{server.url}/loki/api/v1/push", tail(tmp_path / "shop.log", job="shop")),
    ):
        eventually(lambda: lagging(server.url))
        yield server.url


def lagging(url: str) -> bool:
    agents = httpx.get(f"{url}/sigyn/api/v1/agents", timeout=30).json()["data"]
    return any(target["lag_seconds"] for agent in agents for target in agent["targets"])


def test_an_agent_with_its_targets(reader: Reader, tmp_path: Path) -> None:
    reader.open("store", show="agents")
    agent = reader.page.locator(".panel", has_text="Agent on ")
    expect(agent).to_contain_text("running")
    row = agent.locator("tbody tr")
    expect(row).to_contain_text(["shop"])
    expect(row).to_contain_text([str(tmp_path / "shop.log")])
    expect(row).to_contain_text(["ready"])
    expect(row.locator("td").nth(5)).to_have_text("0 B")
    expect(row.locator("td").nth(6)).to_have_text(expected_duration())
    assert reader.serious_faults() == []


def test_another_agent_shows_by_itself(reader: Reader) -> None:
    reader.open("store")
    reader.click("Agents")
    agents = reader.page.locator(".panel", has_text="Agent on ")
    expect(agents).to_have_count(1)
    agents.get_by_role("button", name="state").click()
    report = {"id": "2", "host": "elsewhere", "version": "1", "started": 0, "targets": []}
    httpx.put(f"{reader.url}/sigyn/api/v1/agents", json=report, timeout=30).raise_for_status()
    expect(agents).to_have_count(2)
    expect(agents.filter(has_text="elsewhere")).to_contain_text("running")
    sorted_by_state = agents.filter(has_not_text="elsewhere").locator("th").nth(3)
    expect(sorted_by_state).to_have_attribute("aria-sort", "ascending")


def expected_duration() -> "re.Pattern[str]":
    return re.compile(r"^[\d.]+ (ms|s|min)$")
