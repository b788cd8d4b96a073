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
    reader.open("store")
    reader.click("Agents")
    agent = reader.page.locator(".panel", has_text="Agent on ")
    expect(agent).to_contain_text("running")
    row = agent.locator("tbody tr")
    expect(row).to_contain_text(["shop"])
    expect(row).to_contain_text([str(tmp_path / "shop.log")])
    expect(row).to_contain_text(["ready"])
    expect(row.locator("td").nth(5)).to_have_text("0 B")
    expect(row.locator("td").nth(6)).to_have_text(expected_duration())
    assert reader.serious_faults() == []


def expected_duration() -> "re.Pattern[str]":
    return re.compile(r"^[\d.]+ (ms|s|min)$")
