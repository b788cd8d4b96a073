"""Loki's API of rules, and Prometheus' of their states, by tenant; and a folder that is read again."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from .servers import RuledServer, group, ruled_server
from .upstream import eventually

BODY = """\
name: shop
interval: 1s
rules:
- record: app:errors
  expr: vector(1)
- alert: Errors
  expr: |
    app:errors
      > 0
  for: 5m
  labels:
    severity: page
"""
PREFIXES = ("/loki/api/v1/rules", "/api/prom/rules")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RuledServer]:
    folder = tmp_path_factory.mktemp("api")
    with ruled_server(folder, group({"record": "filed", "expr": "vector(3)"}, name="filed")) as server:
        yield server


@pytest.fixture
def server(shared: RuledServer) -> RuledServer:
    """A server with one group in a file, and none from the API."""
    for namespace in yaml.safe_load(shared.client.get(PREFIXES[0]).text):
        if namespace != "rules.yaml":
            assert shared.client.delete(f"{PREFIXES[0]}/{namespace.replace('/', '%2F')}").status_code == 202
    return shared


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_group_is_made_shown_changed_and_deleted(server: RuledServer, prefix: str) -> None:
    client = server.client
    made = client.post(f"{prefix}/team", content=BODY)
    assert (made.status_code, made.json()) == (202, {"status": "success", "data": None, "errorType": "", "error": ""})
    shown = client.get(f"{prefix}/team/shop")
    assert (shown.status_code, shown.headers["content-type"]) == (200, "application/yaml; charset=utf-8")
    assert shown.text == BODY
    assert yaml.safe_load(client.get(f"{prefix}/team").text) == {"team": [yaml.safe_load(BODY)]}
    assert set(yaml.safe_load(client.get(prefix).text)) == {"team", "rules.yaml"}

    changed = "name: shop\nrules:\n- record: other\n  expr: vector(2)\n"
    assert client.post(f"{prefix}/team", content=changed).status_code == 202
    assert client.get(f"{prefix}/team/shop").text == changed
    assert client.post(f"{prefix}/team", content=changed.replace("shop", "till")).status_code == 202
    assert client.delete(f"{prefix}/team/shop").status_code == 202
    assert set(yaml.safe_load(client.get(prefix).text)) == {"team", "rules.yaml"}
    assert client.delete(f"{prefix}/team").status_code == 202
    gone = client.get(f"{prefix}/team")
    assert (gone.status_code, gone.text) == (404, "no rule groups found\n")


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "/test/test", 404, "group does not exist\n"),
        ("DELETE", "/test/test", 404, "group does not exist\n"),
        ("GET", "/test", 404, "no rule groups found\n"),
        ("DELETE", "/test", 404, "no rule groups found\n"),
        ("DELETE", "/rules.yaml", 400, "the rules of namespace `rules.yaml` are in the file "),
        ("DELETE", "/rules.yaml/filed", 400, "the rules of namespace `rules.yaml` are in the file "),
    ],
)
def test_what_is_not_there_and_what_is_a_file(
    server: RuledServer, prefix: str, method: str, path: str, status: int, text: str
) -> None:
    answer = server.client.request(method, prefix + path)
    assert (answer.status_code, answer.text[: len(text)]) == (status, text)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", "line 1: the group has no `name`"),
        (b"name: a\nrules: []", "line 2: `rules` has to be a list"),
        (b"name: a\nrules: [{record: x, expr: 'rate('}]", "line 2: group `a`, rule `x`: `expr`: parse error"),
        (b"{", "line 1: this is not YAML"),
        (b"\xff", "the group is not UTF-8: byte 0"),
        (
            b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (n, n, b", ".join([b"*%c" % (n - 1)] * 10)) for n in b"bcdefghi"),
            "this is not YAML: more than 200000 values",
        ),
        (b"name: \x1f", "this is not YAML: unacceptable character"),
        (b"name: " + b"[" * 3000, "this is not YAML: nested too deeply"),
        (b"groups: []", "line 1: unknown key `groups` of a group"),
    ],
)
def test_a_wrong_body_changes_nothing(server: RuledServer, body: bytes, text: str) -> None:
    answer = server.client.post("/loki/api/v1/rules/team", content=body)
    assert (answer.status_code, text in answer.text) == (400, True), answer.text
    assert server.client.get("/loki/api/v1/rules/team").status_code == 404


def test_names_with_a_slash(server: RuledServer) -> None:
    client = server.client
    assert client.post("/api/prom/rules/team%2Fa", content=BODY.replace("shop", "a/b")).status_code == 202
    assert client.get("/api/prom/rules/team%2Fa/a%2Fb").status_code == 200
    assert client.get("/api/prom/rules/team/a").text == "group does not exist\n"
    assert client.delete("/api/prom/rules/team%2Fa/a%2Fb").status_code == 202


def test_states_as_grafana_reads_them(server: RuledServer) -> None:
    assert server.client.post("/loki/api/v1/rules/team", content=BODY).status_code == 202
    eventually(lambda: server.rule("Errors")["alerts"])
    body = server.client.get("/prometheus/api/v1/rules").json()
    assert (body["status"], body["errorType"], body["error"]) == ("success", "", "")
    filed, shop = body["data"]["groups"]
    assert (filed["name"], filed["file"]) == ("filed", "rules.yaml")
    assert set(shop) == {"name", "file", "rules", "interval", "limit", "evaluationTime", "lastEvaluation"}
    assert (shop["file"], shop["interval"]) == ("team", 1.0)
    record, alert = shop["rules"]
    known = {"name", "query", "labels", "health", "evaluationTime", "lastEvaluation", "type"}
    assert (set(record), record["type"], record["health"]) == (known, "recording", "ok")
    assert set(alert) == known | {"state", "duration", "keepFiringFor", "annotations", "alerts", "over"}
    assert (alert["type"], alert["state"], alert["duration"]) == ("alerting", "pending", 300.0)
    assert alert["over"] == "series", "it is PromQL"
    assert alert["query"] == "app:errors\n  > 0\n"
    (active,) = alert["alerts"]
    assert set(active) == {"labels", "annotations", "state", "activeAt", "value"}
    assert (active["labels"], active["value"]) == ({"alertname": "Errors", "severity": "page"}, "1e+00")
    assert server.alerts() == [active]


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"type": "alert"}, ["Errors"]),
        ({"type": "record"}, ["filed", "app:errors"]),
        ({"file[]": "team"}, ["app:errors", "Errors"]),
        ({"rule_group[]": "filed"}, ["filed"]),
        ({"rule_name[]": "Errors"}, ["Errors"]),
    ],
)
def test_states_of_some(server: RuledServer, parameters: dict[str, str], expected: list[str]) -> None:
    assert server.client.post("/loki/api/v1/rules/team", content=BODY).status_code == 202
    groups = server.get("/prometheus/api/v1/rules", **parameters)["groups"]
    assert [rule["name"] for group in groups for rule in group["rules"]] == expected
    without = server.get("/prometheus/api/v1/rules", exclude_alerts="true")["groups"]
    assert not any(rule.get("alerts") for group in without for rule in group["rules"])


def test_recorded_series_as_grafana_asks_for_them(server: RuledServer) -> None:
    client = server.client
    eventually(lambda: server.get("/prometheus/api/v1/query", query="filed")["result"])
    health = client.post("/prometheus/api/v1/query", data={"query": "1+1", "time": "4"})
    assert health.json()["data"] == {"resultType": "scalar", "result": [4, "2"]}
    assert "filed" in server.get("/prometheus/api/v1/label/__name__/values")
    assert server.get("/prometheus/api/v1/labels", **{"match[]": "filed"}) == ["__name__"]
    assert server.get("/prometheus/api/v1/series", **{"match[]": '{__name__=~"fil.*"}'}) == [{"__name__": "filed"}]
    assert server.get("/prometheus/api/v1/series", **{"match[]": "filed", "end": "10"}) == []
    assert server.get("/prometheus/api/v1/metadata")["filed"] == [{"type": "gauge", "help": "vector(3)", "unit": ""}]
    assert server.get("/prometheus/api/v1/query_exemplars", query="test") == []
    assert server.get("/prometheus/api/v1/status/buildinfo")["version"]
    asked = {"query": "filed", "start": "1.5", "end": "2026-01-01T00:00:00Z", "step": "1h"}
    refused = client.get("/prometheus/api/v1/query_range", params=asked)
    assert (refused.status_code, refused.json()["errorType"]) == (400, "bad_data")
    assert refused.json()["error"].startswith("exceeded maximum resolution of 11,000 points per timeseries")


@pytest.mark.parametrize(
    ("path", "parameters", "text"),
    [
        ("query", {"query": "abs(x)"}, "`abs` is no function"),
        ("query", {"query": "x", "time": "noon"}, 'invalid parameter "time"'),
        ("query_range", {"query": "x"}, 'invalid parameter "start"'),
        ("query_range", {"query": "x", "start": "2", "end": "1", "step": "1"}, 'invalid parameter "end"'),
        ("query_range", {"query": "x", "start": "1", "end": "2", "step": "0"}, 'invalid parameter "step"'),
        ("series", {"match[]": "rate(x[5m])"}, 'invalid parameter "match[]"'),
        ("rules", {"type": "alerting"}, 'invalid parameter "type"'),
    ],
)
def test_errors_are_json(server: RuledServer, path: str, parameters: dict[str, str], text: str) -> None:
    answer = server.client.get(f"/prometheus/api/v1/{path}", params=parameters)
    assert (answer.status_code, answer.json()["status"]) == (400, "error")
    assert text in answer.json()["error"]


def test_a_folder_is_read_again_when_it_changes(tmp_path: Path) -> None:
    with ruled_server(tmp_path, group({"record": "one", "expr": "vector(1)"})) as server:
        rules = tmp_path / "rules"
        (rules / "more.yml").write_text(json.dumps(group({"record": "two", "expr": "vector(2)"}, name="more")))
        eventually(lambda: "two" in names(server))
        (rules / "more.yml").write_text("groups: [{name: more, rules: [{record: three}]}]")
        eventually(lambda: server.metric("loki_ruler_config_last_reload_successful ") == 0)
        assert "two" in names(server)  # what it said before stays in force
        (warning,) = server.client.get("/prometheus/api/v1/rules").json()["warnings"]
        assert warning == f"{rules / 'more.yml'}:1: group `more`, rule `three` has no `expr`"
        (rules / "more.yml").write_text(json.dumps(group({"record": "three", "expr": "vector(3)"}, name="more")))
        eventually(lambda: names(server) == {"one", "three"})
        assert server.metric("loki_ruler_config_last_reload_successful ") == 1
        assert "warnings" not in server.client.get("/prometheus/api/v1/rules").json()
        (rules / "more.yml").unlink()
        eventually(lambda: names(server) == {"one"})
        log = (tmp_path / "data.stderr").read_text()
        assert "more.yml:1: group `more`, rule `three` has no `expr`" in log


def names(server: RuledServer) -> set[str]:
    groups = server.get("/prometheus/api/v1/rules")["groups"]
    return {rule["name"] for group in groups for rule in group["rules"]}


def test_tenants_have_their_own_rules_series_and_alerts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGYN_SERVER_AUTH_ENABLED", "true")
    directory = tmp_path / "rules"
    for tenant, value in (("a", 1), ("b", 2)):
        (directory / tenant).mkdir(parents=True)
        rules = group(
            {"record": "own", "expr": f"vector({value})"},
            {"record": "lines", "expr": 'sum(count_over_time({app="shop"}[1h]))'},
            {"alert": f"Of{tenant.upper()}", "expr": "own > 0"},
        )
        (directory / tenant / "rules.yaml").write_text(json.dumps(rules))
    with ruled_server(tmp_path, None) as server:
        client = server.client
        assert client.get("/prometheus/api/v1/rules").status_code == 401
        client.headers["X-Scope-OrgID"] = "b"
        server.push({"app": "shop"}, "one", "two")
        eventually(lambda: server.get("/prometheus/api/v1/query", query="lines")["result"])
        for tenant, value in (("a", "1"), ("b", "2")):
            client.headers["X-Scope-OrgID"] = tenant
            assert [alert["labels"]["alertname"] for alert in eventually(server.alerts)] == [f"Of{tenant.upper()}"]
            (sample,) = server.get("/prometheus/api/v1/query", query="own")["result"]
            assert sample["value"][1] == value
        client.headers["X-Scope-OrgID"] = "a"
        assert server.get("/prometheus/api/v1/query", query="lines")["result"] == []
        assert client.post("/loki/api/v1/rules/mine", content=BODY).status_code == 202
        client.headers["X-Scope-OrgID"] = "b"
        assert client.get("/loki/api/v1/rules/mine").status_code == 404
        assert client.delete("/loki/api/v1/rules/mine").status_code == 404
        client.headers["X-Scope-OrgID"] = "c"
        assert client.get("/loki/api/v1/rules").status_code == 404
        assert server.get("/prometheus/api/v1/rules") == {"groups": []}
        assert server.get("/prometheus/api/v1/series") == []


def test_rules_can_be_closed_to_the_api(tmp_path: Path) -> None:
    with ruled_server(tmp_path, None, enable_api="false") as server:
        answer: httpx.Response = server.client.post("/loki/api/v1/rules/team", content=BODY)
        assert (answer.status_code, "ruler.enable_api" in answer.text) == (400, True)
        states: Any = server.get("/prometheus/api/v1/rules")
        assert states == {"groups": []}
