"""limits_config of a real server: what is blocked, required, counted and changed, in Loki's words."""

import asyncio
import json
import time
from pathlib import Path

import grpc
import httpx
import pytest
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2, logs_service_pb2_grpc
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .server import RunningServer, running_server
from .tenancy import V1, ask, lines, of, push, server, vector

PAST, FUTURE = "2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def overrides(folder: Path, **tenants: dict[str, object]) -> dict[str, str]:
    """The variable that names a file in which these tenants have these limits."""
    path = folder / "overrides.yaml"
    path.write_text(json.dumps({"overrides": tenants}))
    return {"SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG": str(path)}


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


def test_labels_that_queries_must_name(tmp_path: Path) -> None:
    variables = overrides(
        tmp_path,
        strict={"required_labels": ["app", "env"]},
        two={"minimum_labels_number": 2},
        few={"max_streams_matchers_per_query": 2},
        off={"volume_enabled": False},
        small={"volume_max_series": 1},
    )
    with server(tmp_path, **variables) as (_, client):
        for tenant in ("strict", "two", "few", "off", "small", "free"):
            for app in ("a", "b"):
                push(client, tenant, "x", app=app, env="dev")

        def refused(tenant: str, query: str, path: str = f"{V1}/query_range") -> str:
            answer = client.get(path, params={"query": query}, headers=of(tenant))
            assert answer.status_code == 400, answer.text
            return answer.text

        missing = "stream selector is missing required matchers [env], labels present in the query were [app]"
        good = '{app="a", env=~".+"}'
        for query in (
            '{app="a"}',
            f'sum(count_over_time({good}[1m])) / sum(count_over_time({{app="a"}}[1m]))',
            f'{good} | x in ({{app="a"}} | json | fields x)',
            f'{good} | json | where x in ({{app="a"}} | json | fields x)',
        ):
            assert missing in refused("strict", query), query
            assert missing in refused("free|strict", query)
        assert missing in refused("strict", '{app="a"}', "/sigyn/api/v1/explain")
        assert missing in refused("strict", '{app="a"}', "/sigyn/api/v1/export")
        assert missing in refused("strict", 'count_over_time({app="a"}[1m])', f"{V1}/query")
        assert lines(ask(client, "strict", good)) == ["x"]
        assert (
            "stream selector has less label matchers than required: (present: [app], number_present: 1, "
            "required_number_label_matchers: 2)"
        ) in refused("two", '{app="a", app!="b"}')
        assert lines(ask(client, "two", good)) == ["x"]
        matchers = '{app="a", env="dev", service_name="a"}'
        assert "max streams matchers per query exceeded, matchers-count > limit (3 > 2)" in refused("few", matchers)
        assert lines(ask(client, "free", matchers)) == ["x"]
        volume = {"query": "{app=~'.+'}".replace("'", '"')}
        assert client.get(f"{V1}/index/volume", params=volume, headers=of("off")).status_code == 404
        assert client.get(f"{V1}/index/volume_range", params=volume, headers=of("free|off")).status_code == 404
        shown = {
            tenant: len(client.get(f"{V1}/index/volume", params=volume, headers=of(tenant)).json()["data"]["result"])
            for tenant in ("small", "free")
        }
        assert shown == {"small": 1, "free": 2}
        # A rule is not asked for labels: it is the operator's own.
        rule = "name: g\ninterval: 1s\nrules:\n- {record: 'x:x', expr: 'count_over_time({app=\"a\"}[1h])'}\n"
        assert client.post(f"{V1}/rules/n", content=rule, headers=of("strict")).status_code == 202
        wait_for_rule(client, "strict", "ok")


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


def test_queries_that_are_blocked(tmp_path: Path) -> None:
    hashed = '{stream="stdout",pod="loki-canary-9w49x"}'  # the hash of this one is in Loki's documentation
    variables = overrides(
        tmp_path,
        text={"blocked_queries": [{"pattern": 'sum(rate({env="prod"}[1m]))'}]},
        regex={"blocked_queries": [{"pattern": ".*pr[ao]d.*", "regex": True, "types": "filter,limited"}]},
        types={"blocked_queries": [{"types": ["metric"]}]},
        hash={"blocked_queries": [{"hash": 2943214005}]},
        tags={"blocked_queries": [{"query_tags": {"Source": "grafana"}}]},
    )
    with server(tmp_path, **variables) as (_, client):

        def blocked(tenant: str, query: str, **headers: str) -> bool:
            path = f"{V1}/query_range" if query.startswith("{") else f"{V1}/query"
            answer = client.get(path, params={"query": query}, headers={**of(tenant), **headers})
            assert answer.status_code in (200, 400), answer.text
            return answer.status_code == 400 and "query blocked by policy" in answer.text

        prod, rate = '{env="prod"}', 'sum(rate({env="prod"}[1m]))'
        assert [blocked("text", query) for query in (prod, rate, f" {rate} ", f"{rate} > 1")] == [
            False,
            True,
            True,
            False,
        ]
        assert [blocked("regex", query) for query in (prod, f'{prod} |= "x"', rate, '{env="dev"}')] == [
            True,
            True,
            False,
            False,
        ]
        assert [blocked("types", query) for query in (prod, f'{prod} |= "x"', rate)] == [False, False, True]
        assert [blocked("hash", query) for query in (hashed, prod)] == [True, False]
        assert blocked("free|hash", hashed)
        assert not blocked("free", hashed)
        assert blocked("tags", prod, **{"X-Query-Tags": "Feature=beta,source=Grafana"})
        assert not blocked("tags", prod, **{"X-Query-Tags": "source=cli"})
        export = client.get("/sigyn/api/v1/export", params={"query": hashed}, headers=of("hash"))
        assert export.status_code == 400
        rule = "name: g\ninterval: 1s\nrules:\n- {record: 'x:x', expr: 'sum(rate({env=\"prod\"}[1m]))'}\n"
        assert client.post(f"{V1}/rules/n", content=rule, headers=of("text")).status_code == 202
        assert "query blocked by policy" in wait_for_rule(client, "text", "err")
        assert 'loki_blocked_queries_total{user="hash"}' in client.get("/metrics").text
        overrides(tmp_path, types={"blocked_queries": []})
        assert not blocked("types", rate)
    assert "query blocked" in (tmp_path / "data.stderr").read_text()


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


def tail(running: RunningServer, tenant: str) -> "object":
    url = running.url.replace("http", "ws") + f"{V1}/tail?query=%7Bapp%3D%22shop%22%7D"
    return connect(url, additional_headers=of(tenant))


def test_tails_and_turns_are_counted_by_tenant(tmp_path: Path) -> None:
    variables = overrides(tmp_path, one={"max_concurrent_tail_requests": 1}, timed={"query_timeout": "1ns"})
    with server(tmp_path, SIGYN_QUERY_MAX_CONCURRENT_TAIL_REQUESTS="2", **variables) as (running, client):
        with tail(running, "one"), tail(running, "other"), tail(running, "other"):  # type: ignore[attr-defined]
            for tenant, text in (("one", "(2 > 1)"), ("other", "(3 > 2)")):
                with pytest.raises(InvalidStatus) as caught:
                    tail(running, tenant)
                response = caught.value.response
                assert response.status_code == 429
                message = f"max concurrent tail requests limit exceeded, count > limit {text}"
                assert message in (response.body or b"").decode()
            overrides(tmp_path, one={"max_concurrent_tail_requests": 2})
            with tail(running, "one"):  # type: ignore[attr-defined]
                pass
        overrides(tmp_path, timed={"query_timeout": "1ns"})
        push(client, "timed", "x")
        answer = ask(client, "timed", '{app="shop"} |= "x"')
        assert answer.status_code == 504
        assert lines(ask(client, "other", '{app="shop"} |= "x"')) == []


@pytest.mark.parametrize("one", [{"max_query_parallelism": 1}, {"max_query_capacity": 0.1}])
def test_how_many_queries_of_a_tenant_wait(tmp_path: Path, one: dict[str, object]) -> None:
    """With one query running at a time and none waiting, some of many at once are refused; others' are not."""
    variables = overrides(tmp_path, small={**one, "max_outstanding_per_tenant": 1})
    variables["SIGYN_QUERY_MAX_CONCURRENT"] = "4"

    async def at_once(url: str, tenant: str) -> set[int]:
        async with httpx.AsyncClient(base_url=url, timeout=60) as client:
            queries = [f'count_over_time({{app="shop"}} |= "{number}" [1h])' for number in range(30)]
            asked = [client.get(f"{V1}/query", params={"query": query}, headers=of(tenant)) for query in queries]
            return {answer.status_code for answer in await asyncio.gather(*asked)}

    with server(tmp_path, **variables) as (running, client):
        for tenant in ("small", "free"):
            push(client, tenant, *(f"line {number}" for number in range(5_000)))
        deadline = time.monotonic() + 60
        while 429 not in asyncio.run(at_once(running.url, "small")):
            assert time.monotonic() < deadline
        assert asyncio.run(at_once(running.url, "free")) == {200}
        overrides(tmp_path, small=one)
        assert asyncio.run(at_once(running.url, "small")) == {200}


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


def test_how_far_back_a_tenant_may_look(tmp_path: Path) -> None:
    """Everywhere: in instant queries and windows, labels and series, volumes, fields, patterns and exports."""
    hour = 3600 * 10**9
    own = {"max_query_lookback": "1h"}
    with server(tmp_path, **overrides(tmp_path, short=own)) as (_, client):
        now = time.time_ns()
        for tenant in ("short", "free"):
            push(client, tenant, "old one=1", at=now - 2 * hour, app="old")
            push(client, tenant, "new two=2", app="new")

        def seen(tenant: str, path: str, **parameters: str) -> str:
            span = {"start": str(now - 5 * hour), "end": str(time.time_ns())}
            answer = client.get(path, params={**span, **parameters}, headers=of(tenant))
            assert answer.status_code == 200, answer.text
            return answer.text.replace("__", "")

        every = {"query": '{app=~".+"}'}
        counted = {"query": 'sum by (app) (count_over_time({app=~".+"}[5h]))'}
        lately = {**counted, "start": str(now - hour // 2), "step": "60"}
        for path, parameters in (
            (f"{V1}/query", counted),
            (f"{V1}/query", {"query": 'sum by (app) (bytes_over_time({app=~".+"} |~ "o" [5h]))'}),
            (f"{V1}/query", {"query": '{app=~".+"} [5h] | stats count() as n by app'}),
            (f"{V1}/query_range", every),
            (f"{V1}/query_range", lately),
            (f"{V1}/query_range", lately),
            (f"{V1}/series", {}),
            (f"{V1}/label/app/values", {}),
            (f"{V1}/index/volume", every),
            (f"{V1}/patterns", every),
            ("/sigyn/api/v1/export", every),
            ("/sigyn/api/v1/cardinality", {}),
            ("/api/prom/query", every),
        ):
            for tenant in ("short", "free", "free|short"):
                if "|" in tenant and "cardinality" in path:
                    continue
                found = seen(tenant, path, **parameters)
                assert "new" in found, path
                assert ("old" in found) == (tenant == "free"), (path, tenant, found)
        for tenant, count in (("short", 1), ("free", 2)):
            assert json.loads(seen(tenant, f"{V1}/index/stats", **every))["entries"] == count
            fields = json.loads(seen(tenant, f"{V1}/detected_fields", **every))["fields"]
            assert len([field for field in fields if field["label"] in ("one", "two")]) == count
        overrides(tmp_path, free=own)
        assert "old" not in seen("free", f"{V1}/query_range", **lately)
        assert "old" in seen("short", f"{V1}/query_range", **lately)


def test_limits_of_queries_that_grafana_asks_by_itself(tmp_path: Path) -> None:
    """Fields, patterns and what Logs Drilldown is told have the limits of the tenant; 0 is no limit."""
    variables = overrides(
        tmp_path,
        few={
            "max_entries_limit_per_query": 3,
            "volume_enabled": False,
            "volume_max_series": 7,
            "max_query_bytes_read": "1MB",
            "max_query_range": "1h",
            "discover_service_name": ["app"],
            "query_timeout": "5m",
        },
        any={"max_entries_limit_per_query": 0, "query_timeout": "0s"},
        timed={"query_timeout": "1ns"},
    )
    with server(tmp_path, **variables) as (_, client):
        every = {"query": '{app="shop"}'}
        for tenant in ("few", "any", "timed"):
            push(client, tenant, *(f"user=u{number} said hello" for number in range(20)))

        def users(tenant: str) -> int:
            answer = client.get(f"{V1}/detected_field/user/values", params=every, headers=of(tenant))
            return len(answer.json()["values"])

        assert [users("few"), users("any")] == [3, 20]
        assert len(lines(ask(client, "any", '{app="shop"} |= "hello"'))) == 20
        for path in (f"{V1}/patterns", f"{V1}/detected_fields"):
            assert client.get(path, params=every, headers=of("timed")).status_code == 504
            assert client.get(path, params=every, headers=of("any")).status_code == 200
        told = client.get(f"{V1}/drilldown-limits", headers=of("few")).json()["limits"]
        assert {name: told[name] for name in ("volume_enabled", "volume_max_series", "max_query_bytes_read")} == {
            "volume_enabled": False,
            "volume_max_series": 7,
            "max_query_bytes_read": "1048576B",
        }
        assert (told["max_query_range"], told["query_timeout"]) == ("1h0m0s", "5m0s")
        assert (told["max_entries_limit_per_query"], told["discover_service_name"]) == (3, ["app"])
        assert client.get(f"{V1}/drilldown-limits", headers=of("free")).json()["limits"]["volume_enabled"] is True


def test_how_long_a_window_may_be(tmp_path: Path) -> None:
    """The range of a request is cut to max_query_length; one in the query can't be, without another answer."""
    with server(tmp_path, **overrides(tmp_path, short={"max_query_length": "2h"})) as (_, client):
        for tenant in ("short", "free"):
            push(client, tenant, "x")
        for query in ('count_over_time({app="shop"}[150m])', '{app="shop"} [150m] | stats count()'):
            for path in (f"{V1}/query", f"{V1}/query_range"):
                refused = client.get(path, params={"query": query}, headers=of("short"))
                assert refused.status_code == 400, refused.text
                text = "the query time range exceeds the limit (query length: 2h30m0s, limit: 2h0m0s, set by max_query"
                assert text in refused.text
                assert client.get(path, params={"query": query}, headers=of("free|short")).status_code == 400
                assert client.get(path, params={"query": query}, headers=of("free")).status_code == 200
                allowed = {"query": query.replace("150m", "2h")}
                assert client.get(path, params=allowed, headers=of("short")).status_code == 200
        cut = ask(client, "short", '{app="shop"}', since="5h")
        assert lines(cut) == ["x"]
        assert "max_query_length" in cut.text


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


def test_an_answer_with_too_much_text(tmp_path: Path) -> None:
    variables = overrides(tmp_path, own={"max_answer_bytes": 0})
    with server(tmp_path, SIGYN_QUERY_MAX_ANSWER_BYTES="20000", **variables) as (_, client):
        for tenant in ("wide", "own"):
            for _ in range(3):
                assert push(client, tenant, *(letter * 1000 for letter in "abcdefghij")).status_code == 204
        for query in ("{app=`shop`}", "{app=`shop`} !~ `[hij]`"):
            assert len(lines(ask(client, "wide", query, limit="20"))) == 20
            refused = ask(client, "wide", query, limit="5000")
            assert refused.status_code == 400
            assert "(limit: 20000 bytes, set by query.max_answer_bytes); ask for fewer lines" in refused.text
            assert len(lines(ask(client, "own", query, limit="5000"))) > 20
        exported = client.get("/sigyn/api/v1/export", params={"query": "{app=`shop`}"}, headers=of("wide"))
        assert len(exported.text.splitlines()) == 30
