"""limits_config of a real server: which queries are refused, made to wait and cut, in Loki's words."""

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .server import RunningServer
from .tenancy import V1, ask, lines, of, overrides, push, server, wait_for_rule


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
