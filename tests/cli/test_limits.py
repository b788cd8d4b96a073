"""limits_config of a real server: what is blocked, required, counted and changed, in Loki's words."""

import gzip
import json
import time
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc

from .server import running_server
from .tenancy import V1, ask, lines, of, overrides, push, server, vector, wait_for_rule

PAST, FUTURE = "2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def discarded(client: httpx.Client, reason: str, tenant: str) -> float:
    name = f'loki_discarded_samples_total{{reason="{reason}",tenant="{tenant}"}} '
    found = [line for line in client.get("/metrics").text.splitlines() if line.startswith(name)]
    return float(found[0].removeprefix(name)) if found else 0.0


def streams(*labels: dict[str, str]) -> dict[str, object]:
    now = str(time.time_ns())
    return {"streams": [{"stream": each, "values": [[now, str(each)]]} for each in labels]}


def otlp(line: str, **resource: str) -> dict[str, object]:
    attributes = [{"key": name.replace("__", "."), "value": {"stringValue": value}} for name, value in resource.items()]
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": line}, "severityText": "WARN"}
    return {"resourceLogs": [{"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": [record]}]}]}


def test_ingestion_that_is_blocked(tmp_path: Path) -> None:
    variables = overrides(
        tmp_path,
        blocked={"block_ingestion_until": FUTURE},
        silent={"block_ingestion_until": FUTURE, "block_ingestion_status_code": 200},
        teapot={"block_ingestion_until": FUTURE, "block_ingestion_status_code": 418},
        again={"block_ingestion_until": PAST},
    )
    with server(tmp_path, **variables) as (running, client):
        refused = push(client, "blocked", "one", "two")
        assert refused.status_code == 260
        text = "ingestion blocked for user blocked until '2999-01-01T00:00:00Z' with status code '260'"
        assert text in refused.text
        assert push(client, "silent", "one").status_code == 204
        assert push(client, "teapot", "one").status_code == 418
        assert push(client, "again", "one").status_code == 204
        assert client.post("/otlp/v1/logs", json=otlp("x"), headers=of("blocked")).status_code == 260
        address = next(word for row in running.banner.splitlines() if "gRPC" in row for word in row.split())
        record = {"resource_logs": [{"scope_logs": [{"log_records": [{"body": {"string_value": "x"}}]}]}]}
        request = logs_service_pb2.ExportLogsServiceRequest(**record)
        with grpc.insecure_channel(address) as channel:
            export = logs_service_pb2_grpc.LogsServiceStub(channel).Export
            with pytest.raises(grpc.RpcError) as caught:
                export(request, metadata=[("x-scope-orgid", "blocked")])
        assert caught.value.code() == grpc.StatusCode.INVALID_ARGUMENT
        assert [discarded(client, "blocked_ingestion", name) for name in ("blocked", "silent", "again")] == [4, 1, 0]
        assert [lines(ask(client, name, "{}")) for name in ("blocked", "silent", "teapot")] == [[], [], []]
        overrides(tmp_path, silent={"block_ingestion_until": FUTURE})
        assert push(client, "blocked", "one").status_code == 204
        assert push(client, "silent", "one").status_code == 260


def test_streams_of_a_policy_that_is_blocked(tmp_path: Path) -> None:
    policies = {
        "finance": [{"selector": '{app="pay"}', "priority": 2}],
        "prod": [{"selector": '{env="prod"}', "priority": 1}, {"selector": '{service_name="edge"}'}],
    }
    common = {"policy_stream_mapping": policies, "block_ingestion_policy_until": {"finance": FUTURE, "*": PAST}}
    others = {"policy_stream_mapping": policies, "block_ingestion_policy_until": {"finance": PAST, "*": FUTURE}}
    variables = overrides(tmp_path, some=common, most=others, silent={**common, "block_ingestion_status_code": 200})
    with server(tmp_path, **variables) as (_, client):
        body = streams({"app": "pay", "env": "prod"}, {"app": "shop", "env": "prod"}, {"app": "edge"}, {"app": "x"})
        refused = client.post(f"{V1}/push", json=body, headers=of("some"))
        assert refused.status_code == 260
        assert "ingestion blocked for user some (policy: finance) until '2999-01-01T00:00:00Z'" in refused.text
        assert len(lines(ask(client, "some", "{}"))) == 3
        assert client.post(f"{V1}/push", json=body, headers=of("most")).status_code == 260
        assert lines(ask(client, "most", "{}")) == [str({"app": "pay", "env": "prod"})]
        assert client.post(f"{V1}/push", json=body, headers=of("silent")).status_code == 204
        assert len(lines(ask(client, "silent", "{}"))) == 3
        assert discarded(client, "blocked_ingestion_policy", "silent") == 1
        both = streams({"app": "pay"}, {f"label{number}": "x" for number in range(20)})
        assert client.post(f"{V1}/push", json=both, headers=of("some")).status_code == 400


def test_labels_that_streams_must_have(tmp_path: Path) -> None:
    policies = {"finance": [{"selector": '{app="pay"}'}]}
    strict = {
        "enforced_labels": ["app"],
        "policy_stream_mapping": policies,
        "policy_enforced_labels": {"*": ["env"], "finance": ["owner"]},
    }
    with server(tmp_path, **overrides(tmp_path, strict=strict)) as (_, client):

        def pushed(**labels: str) -> httpx.Response:
            return push(client, "strict", "x", **labels)

        assert pushed(app="shop", env="dev").status_code == 204
        assert pushed(app="pay", env="dev", owner="ann").status_code == 204
        missing = pushed(app="pay", env="dev")
        assert missing.status_code == 400
        assert "missing required labels owner for user strict for stream" in missing.text
        assert "missing required labels app,env" in pushed(job="x").text
        assert discarded(client, "missing_enforced_labels", "strict") == 2


def test_lines_and_times_that_are_changed(tmp_path: Path) -> None:
    own = {
        "increment_duplicate_timestamp": True,
        "max_line_size": 10,
        "max_line_size_truncate": True,
        "max_line_size_truncate_identifier": "...",
    }
    with server(tmp_path, **overrides(tmp_path, own=own)) as (_, client):
        at = time.time_ns()
        values = [[str(at), line] for line in ("b", "a", "a", "a longer line")]
        values += [[str(at + 1), "c"], [str(at + 9), "d"]]
        body = {"streams": [{"stream": {"app": "x"}, "values": values}, {"stream": {"app": "y"}, "values": values[:1]}]}
        found = {}
        for tenant in ("own", "plain"):
            assert client.post(f"{V1}/push", json=body, headers=of(tenant)).status_code == 204
            answer = ask(client, tenant, '{app=~"x|y"}', direction="forward").json()["data"]["result"]
            entries = [value for stream in answer if stream["stream"]["app"] == "x" for value in stream["values"]]
            found[tenant] = [(int(moment) - at, line) for moment, line in entries]
    assert sorted(found["own"]) == [(0, "b"), (1, "a"), (2, "a longe..."), (3, "c"), (9, "d")]
    assert sorted(found["plain"]) == [(0, "a"), (0, "a longer line"), (0, "b"), (1, "c"), (9, "d")]


def test_attributes_of_otlp_by_tenant(tmp_path: Path) -> None:
    config = {
        "resource_attributes": {
            "ignore_defaults": True,
            "attributes_config": [
                {"action": "index_label", "attributes": ["team"]},
                {"action": "drop", "regex": "host\\..+"},
            ],
        },
        "severity_text_as_label": True,
    }
    with server(tmp_path, **overrides(tmp_path, own={"otlp_config": config})) as (_, client):
        body = otlp("hello", service__name="shop", team="blue", host__ip="10.0.0.1")
        for tenant in ("own", "plain"):
            assert client.post("/otlp/v1/logs", json=body, headers=of(tenant)).status_code == 200
        series = {tenant: client.get(f"{V1}/series", headers=of(tenant)).json()["data"] for tenant in ("own", "plain")}
        assert series["plain"] == [{"service_name": "shop"}]
        assert series["own"] == [{"team": "blue", "severity_text": "WARN", "service_name": "unknown_service"}] or (
            series["own"][0]["team"] == "blue"
        )
        assert "10.0.0.1" in ask(client, "plain", "{}").text
        assert "10.0.0.1" not in ask(client, "own", "{}").text


def test_keys_of_a_configuration_file(tmp_path: Path) -> None:
    """All of it works from Loki's own file too, for a server with one tenant."""
    file = tmp_path / "loki.yaml"
    file.write_text(
        "auth_enabled: false\n"
        "server: {http_listen_address: 127.0.0.1}\n"
        "limits_config:\n"
        "  unordered_writes: true\n"
        "  required_labels: [app]\n"
        "  minimum_labels_number: 1\n"
        "  blocked_queries:\n"
        "    - pattern: '.*secret.*'\n"
        "      regex: true\n"
        "  policy_stream_mapping:\n"
        "    old: [{selector: '{app=\"old\"}', priority: 1}]\n"
        f"  block_ingestion_policy_until: {{old: '{FUTURE}'}}\n"
        "  enforced_labels: [app]\n"
    )
    with (
        running_server(tmp_path / "data", f"-config.file={file}") as running,
        httpx.Client(base_url=running.url) as client,
    ):
        assert push(client, "x", "a", app="new").status_code == 204
        assert push(client, "x", "a", app="old").status_code == 260
        assert push(client, "x", "a", job="old").status_code == 400
        assert "query blocked by policy" in ask(client, "x", '{app="secret"}').text
        assert "missing required matchers [app]" in ask(client, "x", '{job="x"}').text
        assert vector(client, "x", 'sum(count_over_time({app=~".+"}[1h]))') == {"{}": "1"}
    log = (tmp_path / "data.stderr").read_text()
    assert log.count("limits_config.unordered_writes") == 1
    assert "NOT APPLIED" not in log


def test_rules_of_a_tenant(tmp_path: Path) -> None:
    def group(name: str, *records: str) -> str:
        rules = [{"record": record, "expr": 'count_over_time({app="shop"}[5m])'} for record in records]
        return json.dumps({"name": name, "interval": "1s", "rules": rules})

    variables = overrides(
        tmp_path,
        few={"ruler_max_rules_per_rule_group": 1, "ruler_max_rule_groups_per_tenant": 2},
        late={"ruler_evaluation_delay_duration": "1h"},
    )
    with server(tmp_path, **variables) as (_, client):

        def put(tenant: str, space: str, text: str) -> httpx.Response:
            return client.post(f"{V1}/rules/{space}", content=text, headers=of(tenant))

        def recorded(tenant: str) -> list[object]:
            answer = client.get("/prometheus/api/v1/query", params={"query": "a"}, headers=of(tenant))
            found: list[object] = answer.json()["data"]["result"]
            return found

        refused = put("few", "n", group("one", "a", "b"))
        assert refused.status_code == 400
        assert "per-user rules per rule group limit (limit: 1 actual: 2) exceeded" in refused.text
        assert [put("few", space, group("one", "a")).status_code for space in ("n", "m", "n")] == [202, 202, 202]
        refused = put("few", "n", group("two", "a"))
        assert "per-user rule groups limit (limit: 2 actual: 3) exceeded" in refused.text
        overrides(tmp_path, few={}, late={"ruler_evaluation_delay_duration": "1h"})
        assert put("few", "n", group("two", "a", "b")).status_code == 202
        push(client, "late", "x")
        push(client, "free", "x")
        for tenant in ("late", "free"):
            assert put(tenant, "n", group("one", "a")).status_code == 202
        deadline = time.monotonic() + 60
        while not recorded("free"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        wait_for_rule(client, "late", "ok")
        assert recorded("late") == []


def test_whether_a_tenant_may_delete(tmp_path: Path) -> None:
    variables = overrides(tmp_path, never={"deletion_mode": "disabled"}, old={"allow_deletes": False})
    with server(tmp_path, SIGYN_RETENTION_ENABLED="true", **variables) as (_, client):

        def deleted(tenant: str) -> httpx.Response:
            asked = {"query": '{app="shop"} |= "secret"', "start": "0"}
            return client.post(f"{V1}/delete", params=asked, headers=of(tenant))

        for tenant in ("never", "old"):
            refused = deleted(tenant)
            assert refused.status_code == 400
            assert "deletion is not available" in refused.text
        assert deleted("free").status_code == 204
        overrides(tmp_path, free={"deletion_mode": "disabled"})
        assert [deleted(tenant).status_code for tenant in ("never", "free")] == [204, 400]


def test_a_body_that_is_too_large_is_told_which_setting_bounds_it(tmp_path: Path) -> None:
    with server(tmp_path, SIGYN_SERVER_MAX_PUSH_BYTES="1KB") as (_, client):
        refused = push(client, "a", "x" * 2_000)
        assert refused.status_code == 413
        assert refused.text.strip().endswith(
            "at most 1024 are taken; send smaller batches, or raise server.max_push_bytes"
        )
    with server(tmp_path, SIGYN_SERVER_MEMORY_BYTES="256MiB") as (_, client):
        large = b" " * (9 << 20)  # 18 MiB of it are more than a 16th of the budget
        sent = client.post(f"{V1}/push", content=large, headers=of("a"))
        packed = client.post(
            f"{V1}/push", content=gzip.compress(large + large), headers=of("a") | {"Content-Encoding": "gzip"}
        )
        for refused, part in ((sent, "32nd"), (packed, "16th")):
            assert refused.status_code == 413
            advice = f"or give the server more memory (server.memory_bytes), of which a body may have a {part}"
            assert refused.text.strip().endswith(f"send smaller batches, {advice}")
