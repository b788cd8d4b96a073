"""The configuration in docs/retention.md keeps and deletes what the page says."""

import json
import os
import re
import time
from pathlib import Path

import httpx
import pytest

from sigyn.config.load import load
from sigyn.config.settings import settings_of
from sigyn.model.time import DAY, system_clock
from tests.cli.server import running_server

PAGE = (Path(__file__).parent.parent.parent / "docs" / "retention.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```yaml (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE))
ROWS = re.findall(r"^\| `(\{.*\})` \| (\d+) days \| (yes|no) \|$", PAGE, re.MULTILINE)


def stream_of(selector: str) -> dict[str, str]:
    return dict(re.findall(r'(\w+)="([^"]*)"', selector))


def test_what_the_table_says_is_what_happens(tmp_path: Path) -> None:
    (tmp_path / "loki.yaml").write_text(FILES["loki.yaml"])
    data, now = tmp_path / "data", system_clock()
    with running_server(data) as server:
        for number, (selector, days, _) in enumerate(ROWS):
            values = [[str(now - int(days) * DAY), f"{number}"]]
            body = {"streams": [{"stream": stream_of(selector), "values": values}]}
            assert httpx.post(f"{server.url}/loki/api/v1/push", json=body).status_code == 204
        everything = {str(number) for number in range(len(ROWS))}
        assert lines(server.url, now) == everything
        assert server.stop() == 0
    kept = {str(number) for number, (_, _, answer) in enumerate(ROWS) if answer == "yes"}
    assert kept
    assert kept != everything
    with running_server(data, "-config.file", str(tmp_path / "loki.yaml")) as server:
        deadline = time.monotonic() + 60
        while lines(server.url, now) != kept:
            assert time.monotonic() < deadline, lines(server.url, now) ^ kept
            time.sleep(0.1)


def lines(url: str, now: int) -> set[str]:
    times = {"start": str(now - 90 * DAY), "end": str(now)}
    params = {"query": '{service=~".+"}', "limit": "99", **times}
    answer = httpx.get(f"{url}/loki/api/v1/query_range", params=params, timeout=60)  # loops may have to be compiled
    streams = json.loads(answer.text)["data"]["result"]
    return {line for stream in streams for _, line in stream["values"]}


def test_tenants_have_what_the_file_gives_them(tmp_path: Path) -> None:
    (tmp_path / "loki.yaml").write_text(FILES["loki.yaml"])
    (tmp_path / "overrides.yaml").write_text(FILES["overrides.yaml"])
    variables = {"SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG": str(tmp_path / "overrides.yaml")}
    settings = load(tmp_path / "loki.yaml", variables, {}).settings
    periods = {name: settings_of(settings, name).retention.period // DAY for name in ("team-a", "team-b", "team-c")}
    assert periods == {"team-a": 90, "team-b": 7, "team-c": 30}
    assert [len(settings_of(settings, name).retention.streams) for name in periods] == [5, 1, 5]
    assert settings_of(settings, "team-b").retention.max_tenant_bytes == 10 << 30


def test_the_variables_on_the_page_are_settings() -> None:
    texts = dict(re.findall(r"(SIGYN_\w+)=('[^']*'|[^\s`']+)", PAGE))
    variables = {name: text.strip("'") for name, text in texts.items()}
    retention = load(None, variables, {}).settings.retention
    assert [each.priority for each in retention.streams] == [10, 0]
    assert retention.enabled
    assert os.environ.keys().isdisjoint(variables)


@pytest.mark.parametrize("route", re.findall(r"http://localhost:3100(/\S+?)[ '?\n]", PAGE))
def test_the_routes_on_the_page_are_there(route: str) -> None:
    assert route == "/loki/api/v1/delete"
