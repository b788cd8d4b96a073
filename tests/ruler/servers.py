"""A Sigyn with rules, and what is asked of it."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cli.server import RunningServer, running_server


@dataclass(frozen=True, slots=True)
class RuledServer:
    """A running server with a client for it."""

    running: RunningServer
    client: httpx.Client

    def push(self, stream: dict[str, str], *lines: str) -> None:
        """Lines of now."""
        now = time.time_ns()
        values = [[str(now + place), line] for place, line in enumerate(lines)]
        answer = self.client.post("/loki/api/v1/push", json={"streams": [{"stream": stream, "values": values}]})
        assert answer.status_code == 204, answer.text

    def get(self, path: str, **parameters: str) -> Any:
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def rule(self, name: str) -> dict[str, Any]:
        """The state of a rule, as Grafana reads it."""
        groups = self.get("/prometheus/api/v1/rules")["groups"]
        (found,) = (rule for group in groups for rule in group["rules"] if rule["name"] == name)
        return dict(found)

    def alerts(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get("/prometheus/api/v1/alerts")["alerts"]
        return found

    def metric(self, line: str) -> float | None:
        """The value on the line of `/metrics` that begins so."""
        text = self.client.get("/metrics").text
        return next((float(each.rpartition(" ")[2]) for each in text.splitlines() if each.startswith(line)), None)


@contextmanager
def ruled_server(folder: Path, rules: object, **settings: str) -> Iterator[RuledServer]:
    """A server over `folder/data` with one file of rules; `settings` are those of the ruler."""
    directory = folder / "rules"
    directory.mkdir(exist_ok=True)
    if rules is not None:
        (directory / "rules.yaml").write_text(json.dumps(rules))
    variables = {f"SIGYN_RULER_{name.upper()}": value for name, value in settings.items()}
    variables |= {"SIGYN_RULER_RULES_DIRECTORY": str(directory), "SIGYN_RULER_POLL_INTERVAL": "200ms"}
    with (
        running_server(folder / "data", variables=dict(os.environ) | variables) as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        yield RuledServer(running, client)


def group(*rules: dict[str, Any], interval: str = "1s", name: str = "shop") -> dict[str, Any]:
    """A file with one group."""
    return {"groups": [{"name": name, "interval": interval, "rules": list(rules)}]}
