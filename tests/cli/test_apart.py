"""No sequence of calls as one tenant shows or changes anything of another, whatever the calls are."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from .server import running_server
from .test_access import add_token

V1, SIGYN_V1, PROMETHEUS = "/loki/api/v1", "/sigyn/api/v1", "/prometheus/api/v1"
TENANTS = ("a", "b")
EVERYTHING = '{app=~".+"}'

READS = {
    "query": f"{V1}/query_range",
    "labels": f"{V1}/labels",
    "values": f"{V1}/label/app/values",
    "values of owner": f"{V1}/label/owner/values",
    "series": f"{V1}/series",
    "stats": f"{V1}/index/stats",
    "shards": f"{V1}/index/shards",
    "volume": f"{V1}/index/volume",
    "volume range": f"{V1}/index/volume_range",
    "patterns": f"{V1}/patterns",
    "detected fields": f"{V1}/detected_fields",
    "detected labels": f"{V1}/detected_labels",
    "limits": f"{V1}/drilldown-limits",
    "all limits": "/config/tenant/v1/limits",
    "old query": "/api/prom/query",
    "old labels": "/api/prom/label",
    "old values": "/api/prom/label/app/values",
    "export": f"{SIGYN_V1}/export",
    "explain": f"{SIGYN_V1}/explain",
    "cardinality": f"{SIGYN_V1}/cardinality",
    "redaction": f"{SIGYN_V1}/redaction",
    "dashboards": f"{SIGYN_V1}/dashboards",
    "rules": f"{V1}/rules",
    "rule states": f"{PROMETHEUS}/rules",
    "alerts": f"{PROMETHEUS}/alerts",
    "recorded": f"{PROMETHEUS}/series",
    "recorded names": f"{PROMETHEUS}/label/__name__/values",
    "recorded labels": f"{PROMETHEUS}/labels",
    "delete requests": f"{V1}/delete",
    "who": f"{SIGYN_V1}/whoami",
}
"""Paths that show something of a tenant."""

CHANGES = (
    *("push", "bad push", "otlp", "metric", "instant", "recorded value", "promote", "demote"),
    *("delete", "cancel any", "rule", "drop rule", "drop rules", "dashboard", "drop dashboard", "tail", "joined"),
)
ACTIONS = st.sampled_from((*READS, *CHANGES, *CHANGES))


@dataclass(slots=True)
class Stage:
    """A server, and what its tenants know of each other's names."""

    client: httpx.Client
    tokens: dict[str, str]
    tails: dict[str, ClientConnection] = field(default_factory=dict)
    uids: list[str] = field(default_factory=list)
    delete_ids: list[str] = field(default_factory=list)
    number: int = 0

    def headers(self, tenant: str, named: str = "") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[tenant]}", "X-Scope-OrgID": named or tenant}

    def ask(self, tenant: str, method: str, path: str, named: str = "", **request: Any) -> httpx.Response:
        return self.client.request(method, path, headers=self.headers(tenant, named), **request)

    def get(self, tenant: str, path: str, named: str = "", **parameters: str) -> httpx.Response:
        return self.ask(tenant, "GET", path, named, params=parameters)

    def open_tail(self, tenant: str, named: str = "") -> ClientConnection:
        url = str(self.client.base_url).replace("http", "ws").rstrip("/")
        query = httpx.QueryParams({"query": EVERYTHING, "limit": "1"})
        return connect(f"{url}{V1}/tail?{query}", additional_headers=self.headers(tenant, named))


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder: Path = tmp_path_factory.mktemp("apart")
    scopes = [word for scope in ("push", "read", "rules", "delete", "admin") for word in ("--scope", scope)]
    tokens = {name: add_token(folder, name, *scopes, "--tenant", name) for name in TENANTS}
    tokens["both"] = add_token(folder, "both", "--scope", "read", "--tenant", "a", "--tenant", "b")
    variables = {
        "SIGYN_SERVER_AUTH_ENABLED": "true",
        "SIGYN_AUTH_TYPE": "token",
        "SIGYN_QUERY_MAX_CACHE_FRESHNESS_PER_QUERY": "0",
        "SIGYN_REDACTION_PATTERNS": "email",
        "SIGYN_DELETES_MAX_UNPROCESSED": "10000",
    }
    with (
        running_server(folder / "data", variables=os.environ | variables) as running,
        httpx.Client(base_url=running.url, timeout=60) as client,
    ):
        yield Stage(client, tokens)


def act(stage: Stage, tenant: str, action: str, mark: str) -> str:
    """Does something as a tenant; all that it is told."""
    other = TENANTS[1 - TENANTS.index(tenant)]
    now = time.time_ns()
    if action in READS:
        return stage.get(tenant, READS[action], query=EVERYTHING, since="1h", **{"match[]": "{}"}).text
    match action:
        case "push":
            line = f"line {mark} of {mark}@example.org"
            streams = [{"stream": {"app": mark, "owner": f"mark-of-{tenant}"}, "values": [[str(now), line]]}]
            answer = stage.ask(tenant, "POST", f"{V1}/push", json={"streams": streams})
        case "bad push":
            streams = [{"stream": {f"app{n}": mark for n in range(20)}, "values": [[str(now), mark]]}]
            answer = stage.ask(tenant, "POST", f"{V1}/push", json={"streams": streams})
        case "otlp":
            attributes = [{"key": "service.name", "value": {"stringValue": mark}}]
            record = {"timeUnixNano": str(now), "body": {"stringValue": mark}}
            body = {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]}
            answer = stage.ask(tenant, "POST", "/otlp/v1/logs", json=body)
        case "metric":  # twice, the second time with what the cache has of the first
            asked = {"query": f"sum by (app) (count_over_time({EVERYTHING}[1m]))", "since": "1h", "step": "60"}
            first = stage.get(tenant, f"{V1}/query_range", **asked).text
            return first + stage.get(tenant, f"{V1}/query_range", **asked).text
        case "instant":
            return stage.get(tenant, f"{V1}/query", query=f"sum by (app) (count_over_time({EVERYTHING}[1h]))").text
        case "recorded value":
            return stage.get(tenant, f"{PROMETHEUS}/query", query='{__name__=~".+"}').text
        case "promote" | "demote":
            answer = stage.ask(tenant, "POST", f"{SIGYN_V1}/cardinality/{action}", data={"label": "app"})
        case "delete":
            answer = stage.ask(tenant, "POST", f"{V1}/delete", params={"query": EVERYTHING, "start": "0"})
            stage.delete_ids += filter(None, [answer.headers.get("x-delete-request-id")])
        case "cancel any":
            texts = [
                stage.ask(tenant, "DELETE", f"{V1}/delete", params={"request_id": id, "force": "true"}).text
                for id in stage.delete_ids[-4:]
            ]
            return "\n".join(texts)
        case "rule":
            rule = (
                "name: group\ninterval: 1s\nrules:\n"
                f"- {{record: 'seen:{mark.replace('-', '_')}', expr: 'count_over_time({EVERYTHING}[1h])'}}\n"
                f"- {{alert: '{mark}', expr: 'vector(1)', labels: {{why: '{mark}'}}}}\n"
            )
            answer = stage.ask(tenant, "POST", f"{V1}/rules/shared", content=rule)
        case "drop rule":
            answer = stage.ask(tenant, "DELETE", f"{V1}/rules/shared/group")
        case "drop rules":
            answer = stage.ask(tenant, "DELETE", f"{V1}/rules/shared")
        case "dashboard":
            stage.uids.append(f"board{stage.number}")
            body = {"title": mark, "uid": stage.uids[-1], "panels": [], "schemaVersion": 39}
            answer = stage.ask(tenant, "POST", f"{SIGYN_V1}/dashboards", json=body)
        case "drop dashboard":
            return "".join(
                stage.ask(tenant, method, f"{SIGYN_V1}/dashboards/{uid}").text
                for uid in stage.uids[-3:]
                for method in ("GET", "DELETE")
            )
        case "tail":
            if tenant not in stage.tails:
                stage.tails[tenant] = stage.open_tail(tenant)
            return told_by_tail(stage, tenant)
        case "joined":
            return "".join(
                stage.get(tenant, path, "a|b", query=EVERYTHING, since="1h").text
                + stage.get(tenant, path, other, query=EVERYTHING, since="1h").text
                for path in READS.values()
            )
        case _:
            raise AssertionError(action)
    return answer.text


def told_by_tail(stage: Stage, tenant: str) -> str:
    """What came over the tail of a tenant until now, with something of its own as the last of it."""
    own = f"mark-of-{tenant}-end-{time.time_ns()}"
    streams = [{"stream": {"app": own}, "values": [[str(time.time_ns()), own]]}]
    assert stage.ask(tenant, "POST", f"{V1}/push", json={"streams": streams}).status_code == 204
    told = ""
    while own not in told:
        told += str(stage.tails[tenant].recv(timeout=60))
    return told


def state(stage: Stage, tenant: str) -> list[object]:
    """Everything that a tenant can see of what it has, and that does not change by itself."""
    entries = stage.get(tenant, f"{V1}/query_range", query=EVERYTHING, limit="5000", since="1h").json()
    counted = stage.get(tenant, f"{V1}/query", query=f"sum by (app) (count_over_time({EVERYTHING}[1h]))").json()
    requests = stage.get(tenant, f"{V1}/delete").json()
    uids = stage.get(tenant, f"{SIGYN_V1}/dashboards").json()["data"]
    return [
        sorted(map(str, entries["data"]["result"])),
        sorted((str(one["metric"]), one["value"][1]) for one in counted["data"]["result"]),
        sorted(map(str, stage.get(tenant, f"{V1}/series").json()["data"])),
        stage.get(tenant, f"{V1}/labels").json().get("data"),
        stage.get(tenant, f"{SIGYN_V1}/cardinality").json()["data"]["demoted"],
        stage.get(tenant, f"{SIGYN_V1}/redaction").json()["data"],
        sorted((one["request_id"], one["query"], one["start_time"], one["end_time"]) for one in requests),
        stage.get(tenant, f"{V1}/rules").text,
        sorted(map(str, uids)),
    ]


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(actions=st.lists(st.tuples(st.sampled_from(TENANTS), ACTIONS), min_size=2, max_size=10))
def test_nothing_that_a_tenant_does_shows_or_changes_anything_of_another(
    stage: Stage, actions: list[tuple[str, str]]
) -> None:
    before = {tenant: state(stage, tenant) for tenant in TENANTS}
    for tenant, action in actions:
        other = TENANTS[1 - TENANTS.index(tenant)]
        stage.number += 1
        text = act(stage, tenant, action, f"mark-of-{tenant}-{stage.number}")
        assert f"mark-of-{other}" not in text
        assert f"mark_of_{other}" not in text
        assert state(stage, other) == before[other]
        before[tenant] = state(stage, tenant)
    for tenant in list(stage.tails):
        other = TENANTS[1 - TENANTS.index(tenant)]
        assert f"mark-of-{other}" not in told_by_tail(stage, tenant)
        stage.tails.pop(tenant).close()


def test_each_call_by_itself(stage: Stage) -> None:
    """Every action once as each tenant, so that none is left out by chance."""
    for tenant in TENANTS:
        for action in (*CHANGES, *READS):
            other = TENANTS[1 - TENANTS.index(tenant)]
            before = state(stage, other)
            stage.number += 1
            text = act(stage, tenant, action, f"mark-of-{tenant}-{stage.number}")
            assert f"mark-of-{other}" not in text, action
            assert f"mark_of_{other}" not in text, action
            assert state(stage, other) == before, action
        stage.tails.pop(tenant).close()


def test_who_may_see_both_sees_the_entries_of_both_and_of_nobody_else(stage: Stage) -> None:
    for tenant in TENANTS:
        act(stage, tenant, "push", f"mark-of-{tenant}-joined")
    query = '{app=~"mark-of-.-joined"}'
    found = stage.get("both", f"{V1}/query_range", "a|b", query=query, since="1h").json()["data"]["result"]
    assert {stream["stream"]["__tenant_id__"] for stream in found} == {"a", "b"}
    for tenant in TENANTS:
        assert stage.get(tenant, f"{V1}/query_range", "a|b", query=query).status_code == 403
        with pytest.raises(InvalidStatus):
            stage.open_tail(tenant, "a|b")
    for named in ("a|c", "c", "a|b|c"):
        assert stage.get("both", f"{V1}/query_range", named, query=query).status_code == 403
