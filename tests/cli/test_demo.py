"""The demonstration: rules that watch its logs are there as long as it is."""

import time
from pathlib import Path

import httpx

from tests.cli.server import running_server

NAMES = "/prometheus/api/v1/label/__name__/values"


def rules_of(url: str) -> list[str]:
    groups = httpx.get(f"{url}/prometheus/api/v1/rules", timeout=30).json()["data"]["groups"]
    return [rule["name"] for group in groups for rule in group["rules"]]


def recorded_at(url: str) -> list[str]:
    return list(httpx.get(url + NAMES, timeout=30).json()["data"])


def test_its_rules_come_and_go_with_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    expected = ["service:lines:rate5m", "service:errors:rate5m", "ManyErrors", "SlowRequests"]
    with running_server(data, "--demo") as server:
        assert rules_of(server.url) == expected
        until = time.monotonic() + 120
        while not {"service:lines:rate5m", "service:errors:rate5m"} <= set(recorded_at(server.url)):
            assert time.monotonic() < until, "nothing is recorded"
            time.sleep(0.2)
        server.process.kill()
    with running_server(data, "--demo") as server:
        assert rules_of(server.url) == expected, "they are there once after a kill"
        assert server.stop() == 0
    with running_server(data) as server:
        assert rules_of(server.url) == []
        assert "service:lines:rate5m" in recorded_at(server.url)
