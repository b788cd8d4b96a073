"""What Grafana's Loki data source, Logs Drilldown and alerting send, and how strictly they read."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from websockets.sync.client import connect

from .process import ServerProcess, server_process

V1 = "/loki/api/v1"
MINUTE = 60 * 1_000_000_000
HOUR = 60 * MINUTE
HEADERS = {
    "User-Agent": "Grafana/13.0.1",
    "X-Loki-Response-Encoding-Flags": "categorize-labels",
    "X-Query-Tags": "Source=datasample",
}


class Grafana:
    """A data source over the last hour, in which a shop wrote a JSON line a minute."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        now = time.time_ns()
        self.end = now - (now - HOUR // 2) % HOUR  # half past: steps of hours begin in its middle, whenever this runs
        self.start = self.end - 60 * MINUTE
        self.times = [self.start + i * MINUTE for i in range(60)]
        lines = [f'{{"level":"{("info", "error")[i % 2]}","user":"u{i % 3}","took":"{i}ms"}}' for i in range(60)]
        server.push({"app": "shop", "env": "prod"}, *zip(self.times, lines, strict=True))

    def get(self, path: str, **parameters: str) -> Any:
        answer = self.server.client.get(V1 + path, params=parameters, headers=HEADERS)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"].startswith("application/json")
        return answer.json()

    def range(self) -> dict[str, str]:
        """The panel's range as the data source sends it, in ns."""
        return {"start": str(self.start), "end": str(self.end)}

    def rfc_3339(self) -> dict[str, str]:
        """The panel's range as Drilldown sends it."""
        return {
            name: datetime.fromtimestamp(at / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for name, at in (("start", self.start), ("end", self.end))
        }


@pytest.fixture(scope="module")
def grafana(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Grafana]:
    with server_process(tmp_path_factory.mktemp("data")) as server:
        yield Grafana(server)


def test_save_and_test(grafana: Grafana) -> None:
    data = grafana.get("/query", query="vector(1)+vector(1)", time="4000000000", direction="backward", limit="1")
    assert data["data"]["resultType"] == "vector"
    (sample,) = data["data"]["result"]
    assert sample["value"][1] == "2"


def test_logs_panel(grafana: Grafana) -> None:
    query = {"query": '{app="shop"} | json', "direction": "backward", "limit": "10", "step": "15000ms"}
    data = grafana.get("/query_range", **query, **grafana.range())["data"]
    assert (data["resultType"], data["encodingFlags"]) == ("streams", ["categorize-labels"])
    (stream,) = data["result"]
    assert stream["stream"] == {"app": "shop", "env": "prod", "service_name": "shop"}
    assert len(stream["values"]) == 10
    for timestamp, line, labels in stream["values"]:
        assert int(timestamp) in grafana.times
        assert line.startswith("{")
        assert set(labels) == {"structuredMetadata", "parsed"}
        assert set(labels["parsed"]) == {"level", "user", "took"}
    for part in ("summary", "querier", "ingester"):
        assert part in data["stats"]


def test_log_volume(grafana: Grafana) -> None:
    query = 'sum by (level, detected_level) (count_over_time({app="shop"} | json | drop __error__[1m]))'
    data = grafana.get("/query_range", query=query, step="60000ms", **grafana.range())["data"]
    assert data["resultType"] == "matrix"
    totals = {
        series["metric"]["detected_level"]: sum(float(value) for _, value in series["values"])
        for series in data["result"]
    }
    assert totals == {"info": 30, "error": 30}


def test_log_context(grafana: Grafana) -> None:
    at = grafana.times[30]
    around = {"query": '{app="shop",env="prod",service_name="shop"}', "limit": "5"}
    before = grafana.get("/query_range", **around, direction="backward", start=str(at - 120 * MINUTE), end=str(at))
    after = grafana.get("/query_range", **around, direction="forward", start=str(at), end=str(at + 120 * MINUTE))
    times = [[int(value[0]) for value in body["data"]["result"][0]["values"]] for body in (before, after)]
    assert times[0] == grafana.times[29:24:-1]
    assert times[1] == grafana.times[30:35]


def test_instant_queries(grafana: Grafana) -> None:
    at = {"time": str(grafana.end), "direction": "backward", "limit": "1000"}
    metric = grafana.get("/query", query='sum(count_over_time({app="shop"}[2h]))', **at)["data"]
    assert metric["result"][0]["value"][1] == "60"
    lines = grafana.get("/query", query='{app="shop"}', **at)["data"]
    assert lines["resultType"] == "streams"
    assert sum(len(stream["values"]) for stream in lines["result"]) >= 59


def test_query_editor(grafana: Grafana) -> None:
    assert grafana.get("/labels", **grafana.range())["data"] == ["app", "env", "service_name"]
    assert grafana.get("/label/app/values", query='{env="prod"}', **grafana.range())["data"] == ["shop"]
    assert grafana.get("/series", **{"match[]": '{app="shop"}'}, **grafana.range())["data"] == [
        {"app": "shop", "env": "prod", "service_name": "shop"}
    ]
    stats = grafana.get("/index/stats", query='{app="shop"}', **grafana.range())
    assert stats["entries"] == 60
    assert set(stats) == {"streams", "chunks", "entries", "bytes"}
    fields = grafana.get("/detected_fields", query='{app="shop"}', limit="1000", **grafana.range())["fields"]
    assert {field["label"]: field["type"] for field in fields} == {
        "detected_level": "string",
        "level": "string",
        "took": "duration",
        "user": "string",
    }
    values = grafana.get("/detected_field/user/values", query='{app="shop"}', limit="1000", **grafana.range())
    assert sorted(values["values"]) == ["u0", "u1", "u2"]
    assert grafana.get("/label/__stream_shard__/values", query='{app="shop"}', **grafana.range()).get("data", []) == []
    assert grafana.get("/format_query", query='{app="shop"}|json')["data"] == '{app="shop"} | json'


def test_drilldown(grafana: Grafana) -> None:
    times = grafana.rfc_3339()
    everything = {"query": '{service_name=~".+"}', "limit": "5000"}
    services = grafana.get("/index/volume", **everything, targetLabels="service_name", **times)["data"]
    assert [row["metric"] for row in services["result"]] == [{"service_name": "shop"}]
    labels = grafana.get("/detected_labels", query="", **times)["detectedLabels"]
    assert {label["label"] for label in labels} == {"app", "env", "service_name"}
    patterns = grafana.get("/patterns", query='{service_name="shop"}', step="10s", **times)["data"]
    assert sum(count for pattern in patterns for _, count in pattern["samples"]) == 60
    assert {pattern["level"] for pattern in patterns} == {"info", "error"}
    field = (
        'sum by (user) (count_over_time({service_name="shop"} | json | drop __error__, __error_details__'
        ' | user != "" [1m]))'
    )
    panel = grafana.get("/query_range", query=field, step="60s", **times)["data"]
    assert {series["metric"]["user"] for series in panel["result"]} == {"u0", "u1", "u2"}
    limits = grafana.get("/drilldown-limits")["limits"]
    assert limits["volume_enabled"] is True


def test_alerting(grafana: Grafana) -> None:
    get = grafana.server.client.get
    probe = get("/api/prom/rules/test/test")
    assert (probe.status_code, probe.text.strip()) == (404, "group does not exist")
    assert get("/prometheus/api/v1/rules").json()["status"] == "success"
    assert get("/prometheus/api/v1/alerts").json()["status"] == "success"


def test_warnings_reach_the_panel(grafana: Grafana) -> None:
    body = grafana.get("/query_range", query='{app="shop"}', limit="9999", **grafana.range())
    assert "max_entries_limit_per_query" in body["warnings"][0]


def test_errors_are_plain_text_with_a_status_below_500(grafana: Grafana) -> None:
    # Grafana hides the body of a 5xx.
    answer = grafana.server.client.get(f"{V1}/query_range", params={"query": '{app="shop"'}, headers=HEADERS)
    assert answer.status_code == 400
    assert answer.text.startswith("parse error at line 1, col 12: syntax error: unexpected $end, expecting } or ,")


def test_a_day_and_more_comes_in_pieces_that_join(grafana: Grafana) -> None:
    # The data source cuts long ranges into days, newest first, and puts the answers together.
    day = 24 * 60 * MINUTE
    query = {"query": 'sum(count_over_time({app="shop"}[1m]))', "step": "60000ms"}
    pieces = [(grafana.end - day, grafana.end), (grafana.end - 2 * day, grafana.end - day - MINUTE)]
    points: dict[float, str] = {}
    for start, end in pieces:
        data = grafana.get("/query_range", **query, start=str(start), end=str(end))["data"]
        assert data["resultType"] == "matrix"
        for series in data["result"]:
            assert not points.keys() & {at for at, _ in series["values"]}
            points |= dict(series["values"])
    assert sum(float(count) for count in points.values()) == 60


def test_the_last_step_may_be_longer_than_the_range(grafana: Grafana) -> None:
    query = {"query": 'count_over_time({app="shop"}[1h])', "step": "7200000ms"}
    data = grafana.get("/query_range", **query, **grafana.range())["data"]
    assert [len(series["values"]) for series in data["result"]] == [1, 1]  # a series for each level


def test_result_type_and_flags_stand_before_the_result(grafana: Grafana) -> None:
    # The converter reads the body as a stream and refuses another order.
    parameters = {"query": '{app="shop"} | json', "limit": "1", **grafana.range()}
    text = grafana.server.client.get(f"{V1}/query_range", params=parameters, headers=HEADERS).text
    assert text.index('"resultType"') < text.index('"encodingFlags"') < text.index('"result":') < text.index('"stats"')


@pytest.mark.parametrize("tag", ["logvolhist", "logsample", "datasample", "infinitescroll"])
def test_every_kind_of_query_tag_is_taken(grafana: Grafana, tag: str) -> None:
    limits = '{"expr":"{app=\\"shop\\"}","from":"0","to":"1"}'
    headers = HEADERS | {"X-Query-Tags": f"Source={tag}", "X-Loki-Query-Limits-Context": limits}
    parameters = {"query": '{app="shop"}', "limit": "10", "direction": "backward", **grafana.range()}
    assert grafana.server.client.get(f"{V1}/query_range", params=parameters, headers=headers).status_code == 200


def test_a_form_post_means_the_same(grafana: Grafana) -> None:
    parameters = {"query": 'sum(count_over_time({app="shop"}[2h]))', "time": str(grafana.end)}
    posted = grafana.server.client.post(f"{V1}/query", data=parameters, headers=HEADERS).json()
    assert posted["data"]["result"] == grafana.get("/query", **parameters)["data"]["result"]


def test_infinite_scroll_goes_on_where_it_ended(grafana: Grafana) -> None:
    page = {"query": '{app="shop"}', "limit": "25", "direction": "backward"}
    first = grafana.get("/query_range", **page, **grafana.range())["data"]["result"][0]["values"]
    rest = {"start": str(grafana.start), "end": first[-1][0]}
    second = grafana.get("/query_range", **page, **rest)["data"]["result"][0]["values"]
    times = [int(value[0]) for value in first + second]
    assert times == sorted(set(times), reverse=True)
    assert len(times) == 50


def test_live_tail_through_the_proxy(grafana: Grafana) -> None:
    # A start, as what the shop wrote may be older than the hour that a tail begins with by itself.
    asked = urlencode({"query": '{app="shop"}', "limit": 5, "start": grafana.start})
    address = grafana.server.url.replace("http", "ws") + f"{V1}/tail?{asked}"
    with connect(address, additional_headers=HEADERS, compression=None) as tail:
        frame = json.loads(tail.recv(timeout=10))
    assert {"stream", "values"} <= set(frame["streams"][0])
    assert sum(len(stream["values"]) for stream in frame["streams"]) == 5
    assert not frame.get("dropped_entries")


def test_variables_of_dashboards(grafana: Grafana) -> None:
    # label_values(app), label_values({env="prod"}, app), and names of labels.
    assert grafana.get("/label/app/values", **grafana.range())["data"] == ["shop"]
    assert grafana.get("/series", **{"match[]": '{env="prod"}'}, **grafana.range())["data"][0]["app"] == "shop"
    assert "app" in grafana.get("/labels", query='{env="prod"}', **grafana.range())["data"]


def test_rules_as_the_alerting_pages_read_them(grafana: Grafana) -> None:
    get = grafana.server.client.get
    for path in ("/api/prom/rules", "/api/prom/rules/test", "/loki/api/v1/rules"):
        answer = get(path)
        assert answer.status_code in (200, 404)
        assert "page not found" not in answer.text  # a router's own 404 says that there is no ruler
    assert isinstance(get("/prometheus/api/v1/rules").json()["data"]["groups"], list)
    assert isinstance(get("/prometheus/api/v1/alerts").json()["data"]["alerts"], list)
