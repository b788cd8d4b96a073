"""Labels, series, index, detected fields, patterns, format: what Grafana's editors and Drilldown ask for."""

from collections.abc import Callable

import pytest

from sigyn.api.settings import ApiSettings
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

from .conftest import NOW, Server

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
V1 = "/loki/api/v1"
INFO = (("detected_level", "info"),)


def add(server: Server, labels: Labels, line: str, ago: int = SECOND, metadata: Labels = INFO) -> None:
    server.services.entries.append(LogEntry(NOW - ago, line, labels, metadata, ()))


@pytest.fixture
def streams(server: Server) -> Server:
    add(server, (("app", "shop"), ("pod", "1")), "tick=1 took=1.5s size=10KB", 90 * MINUTE)
    add(server, (("app", "shop"), ("pod", "2")), '{"tick":2,"a":{"b-c":true},"app":"inner"}')
    add(server, (("job", "edge"),), "plain words")
    return server


def test_labels_and_values(streams: Server) -> None:
    assert streams.get(f"{V1}/labels").json() == {"status": "success", "data": ["app", "job", "pod"]}
    assert streams.get(f"{V1}/label", query='{job="edge"}').json()["data"] == ["job"]
    assert streams.get(f"{V1}/label/pod/values").json()["data"] == ["1", "2"]
    # An hour and a half ago is past a range of an hour.
    assert streams.get(f"{V1}/label/pod/values", since="1h").json()["data"] == ["2"]
    assert streams.get("/api/prom/label").json() == {"values": ["app", "job", "pod"]}
    assert streams.get("/api/prom/label/pod/values").json() == {"values": ["1", "2"]}


def test_no_labels_is_an_answer_without_data(streams: Server) -> None:
    assert streams.get(f"{V1}/labels", query='{job="none"}').json() == {"status": "success"}
    assert streams.get(f"{V1}/label/__stream_shard__/values").json() == {"status": "success"}


def test_bad_selectors_are_refused(streams: Server) -> None:
    assert streams.get(f"{V1}/labels", query='{job="x"} |= "y"').text.strip() == "only label matchers are supported"
    assert streams.get(f"{V1}/series", **{"match[]": "{bad"}).status_code == 400


def test_series(streams: Server) -> None:
    found = streams.get(f"{V1}/series", **{"match[]": ['{pod="1"}', '{job="edge"}']}).json()["data"]
    assert found == [{"app": "shop", "pod": "1"}, {"job": "edge"}]
    posted = streams.client.post(f"{V1}/series", data={"match": '{pod="2"}'}).json()["data"]
    assert posted == [{"app": "shop", "pod": "2"}]
    assert len(streams.get(f"{V1}/series", match="{}").json()["data"]) == 3
    assert len(streams.get(f"{V1}/series").json()["data"]) == 3


def test_index_stats_is_a_bare_object(streams: Server) -> None:
    stats = streams.get(f"{V1}/index/stats", query='{app="shop"}', since="2h").json()
    assert stats == {"streams": 2, "chunks": 2, "entries": 2, "bytes": 26 + 41}


def test_volume_is_grouped_by_the_labels_of_the_selector(streams: Server) -> None:
    data = streams.get(f"{V1}/index/volume", query='{app=~".+"}', since="2h").json()["data"]
    assert data == {"resultType": "vector", "result": [{"metric": {"app": "shop"}, "value": [NOW // SECOND, "67"]}]}


def test_volume_by_target_labels_and_by_label_names(streams: Server) -> None:
    by_pod = streams.get(f"{V1}/index/volume", query='{app=~".+"}', targetLabels="pod", since="2h", limit="1")
    assert by_pod.json()["data"]["result"] == [{"metric": {"pod": "2"}, "value": [NOW // SECOND, "41"]}]
    by_name = streams.get(f"{V1}/index/volume", query='{app=~".+"}', aggregateBy="labels", since="2h")
    assert [row["metric"] for row in by_name.json()["data"]["result"]] == [{"app": ""}, {"pod": ""}]
    assert streams.get(f"{V1}/index/volume", query='{app=~".+"}', aggregateBy="x").status_code == 400


def test_volume_range_stamps_the_end_of_each_bucket(streams: Server) -> None:
    data = streams.get(f"{V1}/index/volume_range", query='{app="shop"}', since="2h", step="1h").json()["data"]
    assert data["resultType"] == "matrix"
    end = NOW // SECOND
    assert data["result"] == [{"metric": {"app": "shop"}, "values": [[end - 3600 - 0.001, "26"], [end, "41"]]}]


def test_volume_range_refuses_more_steps_than_an_answer_may_have(streams: Server) -> None:
    answer = streams.get(f"{V1}/index/volume_range", query='{app="shop"}', start="1", step="1")
    assert answer.status_code == 400
    assert "exceeded maximum resolution of 11,000 points" in answer.text


def test_detected_fields(streams: Server) -> None:
    body = streams.get(f"{V1}/detected_fields", query='{app="shop"}', since="2h").json()
    assert body["limit"] == 1000
    fields = {field.pop("label"): field for field in body["fields"]}
    assert fields == {
        "detected_level": {"type": "string", "cardinality": 1, "parsers": None},
        "tick": {"type": "int", "cardinality": 2, "parsers": ["json", "logfmt"], "jsonPath": ["tick"]},
        "took": {"type": "duration", "cardinality": 1, "parsers": ["logfmt"]},
        "size": {"type": "bytes", "cardinality": 1, "parsers": ["logfmt"]},
        "a_b_c": {"type": "boolean", "cardinality": 1, "parsers": ["json"], "jsonPath": ["a", "b-c"]},
        "app_extracted": {"type": "string", "cardinality": 1, "parsers": ["json"], "jsonPath": ["app"]},
    }


def test_detected_fields_of_a_query_with_a_parser(streams: Server) -> None:
    body = streams.get(f"{V1}/detected_fields", query='{app="shop"} | logfmt | tick="1"', since="2h").json()
    assert [(field["label"], field["parsers"]) for field in body["fields"]] == [
        ("detected_level", None),
        ("size", ["logfmt"]),
        ("tick", ["logfmt"]),
        ("took", ["logfmt"]),
    ]


@pytest.mark.parametrize(("most", "asked"), [(0, 7_000), (500, 500)])
def test_detected_fields_keep_to_the_limit_of_entries(
    start: Callable[[ApiSettings], Server], most: int, asked: int
) -> None:
    server = start(ApiSettings(max_entries_limit_per_query=most))
    assert server.get(f"{V1}/detected_fields", query='{app="shop"}', line_limit="7000").status_code == 200
    assert server.services.asked[-1].limit == asked


def test_detected_fields_of_lines_that_are_hard_to_read(server: Server) -> None:
    add(server, (("app", "shop"),), '{"a":' * 20_000 + "1" + "}" * 20_000)
    add(server, (("app", "shop"),), f'{"a" * 200_000} k="v"')
    fields = server.get(f"{V1}/detected_fields", query='{app="shop"}').json()["fields"]
    assert [field["label"] for field in fields] == ["detected_level", "k"]


def test_detected_fields_look_at_fewer_lines_where_they_are_long(server: Server) -> None:
    for i in range(100):
        add(server, (("app", "shop"),), f"user={i} sent={'x' * 100_000}", (i + 1) * SECOND)
    fields = server.get(f"{V1}/detected_fields", query='{app="shop"}').json()["fields"]
    seen = {field["label"]: field["cardinality"] for field in fields}
    assert seen == {"detected_level": 1, "user": 42, "sent": 1}  # the newest 4 MiB
    values = server.get(f"{V1}/detected_field/user/values", query='{app="shop"}').json()["values"]
    assert values == [str(i) for i in range(42)]
    parsed = server.get(f"{V1}/detected_field/user/values", query='{app="shop"} | logfmt').json()
    assert parsed["values"] == [str(i) for i in range(42)]


def test_detected_fields_look_at_one_line_however_long(server: Server) -> None:
    add(server, (("app", "shop"),), f"user=1 sent={'x' * 5_000_000}")
    add(server, (("app", "shop"),), "user=2", 2 * SECOND)
    values = server.get(f"{V1}/detected_field/user/values", query='{app="shop"}').json()["values"]
    assert values == ["1"]


def test_detected_field_values(streams: Server) -> None:
    values = streams.get(f"{V1}/detected_field/tick/values", query='{app="shop"}', since="2h").json()["values"]
    assert values == ["2", "1"]
    assert streams.get(f"{V1}/detected_field/none/values", query='{app="shop"}').json()["values"] == []


def test_detected_labels_leave_out_identifiers(streams: Server) -> None:
    add(streams, (("app", "cart"), ("pod", "1"), ("n", "17")), "x")
    add(streams, (("app", "cart"), ("id", "4bf92f35-77b3-4da6-a3ce-929d0e0e4736")), "x")
    labels = streams.get(f"{V1}/detected_labels", query="").json()["detectedLabels"]
    assert labels == [
        {"label": "app", "cardinality": 2},
        {"label": "job", "cardinality": 1},
        {"label": "pod", "cardinality": 2},
    ]


def test_patterns(server: Server) -> None:
    for i in range(30):
        add(server, (("app", "shop"),), f"user {i} logged in from 10.0.0.{i}", i * MINUTE + SECOND)
    data = server.get(f"{V1}/patterns", query='{app="shop"}', step="10m").json()["data"]
    start = NOW // SECOND - 1800
    assert data == [
        {
            "pattern": "user <_> logged in from <_>",
            "level": "info",
            "samples": [[start, 10], [start + 600, 10], [start + 1200, 10]],
        }
    ]


def test_patterns_of_more_lines_than_are_read_keep_the_true_number(server: Server) -> None:
    labels = (("app", "shop"),)
    for i in range(30_000):
        line = f"user {i} logged in" if i % 3 else f"cache miss for key {i}"
        server.services.entries.append(LogEntry(NOW - 1 - i * 100_000_000, line, labels, INFO, ()))
    data = server.get(f"{V1}/patterns", query='{app="shop"}', step="10m").json()["data"]
    assert [row["pattern"] for row in data] == ["user <_> logged in", "cache miss for key <_>"]
    lines = [sum(count for _, count in row["samples"]) for row in data]
    assert sum(lines) == pytest.approx(30_000, rel=0.01)
    assert lines[0] == pytest.approx(20_000, rel=0.05)


def test_patterns_look_at_fewer_lines_where_they_are_long(server: Server) -> None:
    for i in range(400):
        add(server, (("app", "shop"),), f"user {i} sent " + "x" * 100_000, (i + 1) * SECOND)
    (row,) = server.get(f"{V1}/patterns", query='{app="shop"}', step="10m").json()["data"]
    assert server.services.sampled == [5]  # of each place: 12 MiB of text in all
    assert row["pattern"] == f"user <_> sent {'x' * 100_000}"
    assert sum(count for _, count in row["samples"]) == 400


def test_patterns_take_only_selectors(server: Server) -> None:
    answer = server.get(f"{V1}/patterns", query='rate({app="shop"}[5m])')
    assert (answer.status_code, answer.text.strip()) == (400, "only label matchers are supported")
    assert server.get(f"{V1}/patterns", query='{app="none"}').json() == {"status": "success", "data": []}


def test_format_query(server: Server) -> None:
    assert server.get(f"{V1}/format_query", query='{a="b"}|json').json() == {
        "status": "success",
        "data": '{a="b"} | json',
    }
    refused = server.get(f"{V1}/format_query", query='{a="b"')
    assert refused.status_code == 400
    assert refused.json()["status"] == "invalid-query"
    assert refused.json()["error"].startswith("parse error at line 1, col 7")


def test_drilldown_limits(server: Server) -> None:
    body = server.get(f"{V1}/drilldown-limits").json()
    assert body["limits"]["max_entries_limit_per_query"] == 5000
    assert body["limits"]["query_timeout"] == "1m0s"
    assert "service" in body["limits"]["discover_service_name"]
    assert body["pattern_ingester_enabled"] is True


def test_ruler_is_there_without_rules(server: Server) -> None:
    probe = server.get("/api/prom/rules/test/test")
    assert (probe.status_code, probe.text.strip()) == (404, "group does not exist")
    assert server.get("/prometheus/api/v1/rules").json()["data"] == {"groups": []}
    assert server.get("/prometheus/api/v1/alerts").json()["data"] == {"alerts": []}


def test_legacy_query(streams: Server) -> None:
    body = streams.get("/api/prom/query", query='{app="shop"}', regexp="tick").json()
    assert body["streams"] == [
        {
            "labels": '{app="shop", detected_level="info", pod="2"}',
            "entries": [{"ts": "2026-01-15T11:59:59Z", "line": '{"tick":2,"a":{"b-c":true},"app":"inner"}'}],
        }
    ]
