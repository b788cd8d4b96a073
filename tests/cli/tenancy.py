"""A server with tenants, and what its clients do."""

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from .server import RunningServer, running_server

V1 = "/loki/api/v1"


@contextmanager
def server(folder: Path, **variables: str) -> Iterator[tuple[RunningServer, httpx.Client]]:
    environment = os.environ | {"SIGYN_SERVER_AUTH_ENABLED": "true"} | variables
    with (
        running_server(folder / "data", variables=environment) as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        yield running, client


def of(tenant: str) -> dict[str, str]:
    return {"X-Scope-OrgID": tenant}


def push(client: httpx.Client, tenant: str, *lines: str, at: int = 0, **labels: str) -> httpx.Response:
    now = at or time.time_ns()
    values = [[str(now + number), line] for number, line in enumerate(lines)]
    body = {"streams": [{"stream": labels or {"app": "shop"}, "values": values}]}
    return client.post(f"{V1}/push", json=body, headers=of(tenant))


def ask(client: httpx.Client, tenant: str, query: str, **parameters: str) -> httpx.Response:
    return client.get(f"{V1}/query_range", params={"query": query, **parameters}, headers=of(tenant))


def lines(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return sorted(value[1] for stream in answer.json()["data"]["result"] for value in stream["values"])


def vector(client: httpx.Client, tenant: str, query: str) -> dict[str, str]:
    answer = client.get(f"{V1}/query", params={"query": query}, headers=of(tenant))
    assert answer.status_code == 200, answer.text
    return {json.dumps(one["metric"], sort_keys=True): one["value"][1] for one in answer.json()["data"]["result"]}


def overrides(folder: Path, **tenants: dict[str, object]) -> dict[str, str]:
    """The variable that names a file in which these tenants have these limits."""
    path = folder / "overrides.yaml"
    path.write_text(json.dumps({"overrides": tenants}))
    return {"SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG": str(path)}


def wait_for_rule(client: httpx.Client, tenant: str, health: str) -> str:
    """The last error of the tenant's first rule, once it has this health."""
    deadline = time.monotonic() + 60
    while True:
        groups = client.get("/prometheus/api/v1/rules", headers=of(tenant)).json()["data"]["groups"]
        rule = groups[0]["rules"][0]
        if rule["health"] == health:
            return str(rule.get("lastError", ""))
        assert time.monotonic() < deadline, rule
        time.sleep(0.1)
