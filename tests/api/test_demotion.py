"""Ids as labels do no harm: few streams, everything found, wherever the label is; against a real server."""

import json
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from websockets.sync.client import connect

from tests.cli.server import RunningServer, running_server

IDS = [f"{7919 * number:032x}" for number in range(1, 2001)]
BEFORE = "before-any-was-an-id"
"""A trace_id of a stream from before the label was demoted."""


@dataclass(frozen=True)
class Client:
    """Asks a running server, and pushes to it entries of consecutive nanoseconds from `start` on."""

    http: httpx.Client
    server: RunningServer
    start: int

    def push(self, *streams: tuple[dict[str, str], int, str, dict[str, str]]) -> None:
        """Streams of one entry each: labels, the entry's place in time, line, structured metadata."""
        body = {
            "streams": [
                {"stream": labels, "values": [[str(self.start + place), line, metadata]]}
                for labels, place, line, metadata in streams
            ]
        }
        answer = self.http.post("/loki/api/v1/push", json=body)
        assert answer.status_code == 204, answer.text

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.http.get(path, params={"start": str(self.start - 10**12), "since": "", **parameters})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def lines(self, query: str) -> list[str]:
        found = self.get("/loki/api/v1/query_range", query=query, limit=5000, direction="forward")["data"]["result"]
        return [line for _, line in sorted((value[0], value[1]) for stream in found for value in stream["values"])]

    def streams(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.get("/loki/api/v1/series")["data"]
        return found

    def cardinality(self) -> Any:
        return self.get("/sigyn/api/v1/cardinality")["data"]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """A server that took a stream with a trace_id first, then two thousand of them, in pushes of a hundred."""
    data = tmp_path_factory.mktemp("demotion") / "data"
    with running_server(data) as server, httpx.Client(base_url=server.url, timeout=30) as http:
        client = Client(http, server, time.time_ns() - 60 * 10**9)
        client.push(({"app": "shop", "trace_id": BEFORE}, 0, "before", {}), ({"app": "idle"}, 1, "no id", {}))
        for begin in range(0, len(IDS), 100):
            chosen = list(enumerate(IDS))[begin : begin + 100]
            client.push(
                *(
                    ({"app": "shop", "pod": f"pod-{number % 3}", "trace_id": id}, 10 + number, f"order {number}", {})
                    for number, id in chosen
                )
            )
        yield client


def test_thousands_of_ids_make_a_handful_of_streams(client: Client) -> None:
    assert {tuple(sorted(stream.items())) for stream in client.streams()} == {
        (("app", "idle"), ("service_name", "idle")),
        (("app", "shop"), ("service_name", "shop"), ("trace_id", BEFORE)),
        *((("app", "shop"), ("pod", f"pod-{number}"), ("service_name", "shop")) for number in range(3)),
    }


@pytest.mark.parametrize(
    ("query", "lines"),
    [
        (f'{{trace_id="{IDS[5]}"}}', ["order 5"]),
        (f'{{app="shop", trace_id="{IDS[1999]}"}} |= "order"', ["order 1999"]),
        (f'{{app="idle", trace_id="{IDS[5]}"}}', []),
        (f'{{trace_id=~"{IDS[3]}|{BEFORE}"}}', ["before", "order 3"]),
        ('{trace_id="nosuch"}', []),
        (f'{{trace_id="{BEFORE}"}}', ["before"]),
        ('{trace_id=""}', ["no id"]),
        (f'{{app=~".+", trace_id!~"[0-9a-f]+", trace_id!="{BEFORE}"}}', ["no id"]),
        ('{app=~".+", trace_id!~"[0-9a-f]*"}', ["before"]),
        (f'{{app="shop"}} | trace_id="{IDS[5]}"', ["order 5"]),
        (f'{{app="shop"}} | trace_id in ({{trace_id="{IDS[5]}"}} | fields trace_id)', ["order 5"]),
    ],
)
def test_selectors_find_them_wherever_they_are(client: Client, query: str, lines: list[str]) -> None:
    assert client.lines(query) == lines


def test_all_but_one_are_found(client: Client) -> None:
    assert len(client.lines(f'{{app=~".+", trace_id!="{IDS[5]}"}}')) == len(IDS) + 1


def test_metric_queries_count_them(client: Client) -> None:
    def values(query: str) -> dict[str, str]:
        found = client.get("/loki/api/v1/query", query=query)["data"]["result"]
        return {sample["metric"].get("trace_id", ""): sample["value"][1] for sample in found}

    assert values(f'sum(count_over_time({{trace_id=~"{IDS[0]}|{IDS[1]}"}}[1h]))') == {"": "2"}
    assert values(f'sum by (trace_id) (count_over_time({{trace_id=~"{IDS[0]}|{BEFORE}"}}[1h]))') == {
        IDS[0]: "1",
        BEFORE: "1",
    }
    assert values(f'absent_over_time({{app="shop", trace_id="{"0" * 32}"}}[1h])') == {"0" * 32: "1"}


def test_they_are_shown_as_structured_metadata(client: Client) -> None:
    asked = {"query": f'{{trace_id="{IDS[5]}"}}', "start": str(client.start)}
    flags = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
    answer = client.http.get("/loki/api/v1/query_range", params=asked, headers=flags).json()["data"]
    [stream] = answer["result"]
    assert stream["stream"] == {"app": "shop", "pod": "pod-2", "service_name": "shop"}
    assert stream["values"][0][2]["structuredMetadata"]["trace_id"] == IDS[5]
    [stream] = client.get("/loki/api/v1/query_range", **asked)["data"]["result"]
    assert stream["stream"]["trace_id"] == IDS[5]


def test_labels_values_and_series_know_them(client: Client) -> None:
    assert "trace_id" in client.get("/loki/api/v1/labels")["data"]
    assert client.get("/loki/api/v1/label/trace_id/values")["data"] == sorted([BEFORE, *IDS])
    some = {"query": '{app="shop", pod="pod-1"}', "end": str(client.start + 1010)}
    assert client.get("/loki/api/v1/label/trace_id/values", **some)["data"] == sorted(IDS[1:1001:3])
    asked = {"query": f'{{trace_id="{IDS[5]}"}}'}
    assert client.get("/loki/api/v1/label/trace_id/values", **asked)["data"] == [IDS[5]]
    assert client.get("/loki/api/v1/label/pod/values", **asked)["data"] == ["pod-2"]
    assert client.get("/loki/api/v1/series", **{"match[]": asked["query"]})["data"] == [
        {"app": "shop", "pod": "pod-2", "service_name": "shop", "trace_id": IDS[5]}
    ]
    assert client.get("/loki/api/v1/index/stats", **asked)["entries"] >= 1


def test_metadata_of_the_same_name_give_way(client: Client) -> None:
    client.push(({"app": "clash", "trace_id": "of-the-label"}, 5, "clash", {"trace_id": "of-the-entry", "zone": "a"}))
    [stream] = client.get("/loki/api/v1/query_range", query='{app="clash"}')["data"]["result"]
    assert (stream["stream"]["trace_id"], stream["stream"]["trace_id_extracted"]) == ("of-the-label", "of-the-entry")
    assert client.lines('{trace_id="of-the-label"}') == ["clash"]
    assert client.lines('{trace_id="of-the-entry"}') == []


def test_a_tail_goes_on_when_its_label_is_demoted(client: Client) -> None:
    parameters = urlencode({"query": '{app="tail", request_id="9"}', "start": str(client.start)})
    url = client.server.url.replace("http://", "ws://")
    with connect(f"{url}/loki/api/v1/tail?{parameters}") as tail:
        client.push(({"app": "tail", "request_id": "9"}, 20, "as a label", {}))
        assert json.loads(tail.recv(timeout=10))["streams"][0]["values"][0][1] == "as a label"
        client.push(*(({"app": "tail", "request_id": str(number)}, 21, f"{number}", {}) for number in range(100, 150)))
        client.push(({"app": "tail", "request_id": "8"}, 22, "another", {}))
        client.push(({"app": "tail", "request_id": "9"}, 23, "as metadata", {}))
        frame = json.loads(tail.recv(timeout=10))["streams"]
        assert [stream["values"][0][1] for stream in frame] == ["as metadata"]


def test_a_notice_names_the_label(client: Client) -> None:
    [label] = [label for label in client.cardinality()["demoted"] if label["name"] == "trace_id"]
    assert (label["reason"], label["values"], label["promoted"]) == ("its name is that of an id", 31, False)
    metrics = client.http.get("/metrics").text
    [count] = [line for line in metrics.splitlines() if line.startswith("sigyn_demoted_labels_total")]
    assert count.startswith('sigyn_demoted_labels_total{tenant="fake"} ')


def test_the_log_says_it_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server, httpx.Client(base_url=server.url, timeout=30) as http:
        client = Client(http, server, time.time_ns() - 10**9)
        for begin in (0, 50, 100):
            client.push(*(({"session": id}, number, "x", {}) for number, id in enumerate(IDS[begin : begin + 50])))
        assert server.stop() == 0
    log = data.with_name("data.stderr").read_text()
    [line] = [line for line in log.splitlines() if "label demoted" in line]
    assert 'label=session reason="its values look like ids"' in line


def test_pushes_at_the_same_time_demote_it_once(tmp_path: Path) -> None:
    data, several = tmp_path / "data", 8
    with running_server(data) as server, httpx.Client(base_url=server.url, timeout=60) as http:
        client = Client(http, server, time.time_ns() - 10**9)
        together = Barrier(several)

        def push(number: int) -> None:
            ids = [f"{number:02x}{place:030x}" for place in range(500)]
            for begin in range(0, len(ids), 100):
                together.wait()
                client.push(*(({"app": "qa", "qa_id": id}, 0, "x", {}) for id in ids[begin : begin + 100]))

        with ThreadPoolExecutor(several) as threads:
            list(threads.map(push, range(several)))
        assert 'sigyn_demoted_labels_total{tenant="fake"} 1.0' in http.get("/metrics").text
        assert server.stop() == 0
    assert data.with_name("data.stderr").read_text().count("label demoted") == 1


def test_a_restart_and_a_promotion_lose_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    start = time.time_ns() - 60 * 10**9
    with running_server(data) as server, httpx.Client(base_url=server.url, timeout=30) as http:
        client = Client(http, server, start)
        client.push(*(({"app": "a", "trace_id": id}, number, f"{number}", {}) for number, id in enumerate(IDS[:40])))
        assert server.stop() == 0
    with running_server(data) as server, httpx.Client(base_url=server.url, timeout=30) as http:
        client = Client(http, server, start)
        client.push(({"app": "a", "trace_id": IDS[50]}, 50, "50", {}))
        assert client.streams() == [{"app": "a", "service_name": "a"}]
        assert client.lines(f'{{trace_id="{IDS[3]}"}}') == ["3"]
        promoted = http.post("/sigyn/api/v1/cardinality/promote", params={"label": "trace_id"})
        assert promoted.json()["data"]["promoted"] is True
        client.push(
            *(({"app": "a", "trace_id": id}, 60 + number, f"{number}", {}) for number, id in enumerate(IDS[:40]))
        )
        assert len(client.streams()) == 41
        assert client.lines(f'{{trace_id="{IDS[3]}"}}') == ["3", "3"]
        assert http.post("/sigyn/api/v1/cardinality/promote", params={"label": "app"}).status_code == 404
        assert http.post("/sigyn/api/v1/cardinality/promote").status_code == 400
        demoted = http.post("/sigyn/api/v1/cardinality/demote", params={"label": "app"})
        assert demoted.json()["data"]["reason"] == "it was asked for"
        for name in ("no-label", "__name__", "detected_level"):
            assert http.post("/sigyn/api/v1/cardinality/demote", params={"label": name}).status_code == 400
        client.push(({"app": "a", "env": "dev"}, 200, "app is metadata", {}))
        assert client.lines('{env="dev", app="a"}') == ["app is metadata"]


def test_of_very_many_values_the_newest_are_listed(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server, httpx.Client(base_url=server.url, timeout=60) as http:
        client = Client(http, server, time.time_ns() - 10**9)
        client.push(*(({"app": "shop", "trace_id": id}, number, "x", {}) for number, id in enumerate(IDS[:100])))
        ids = [f"{number:032x}" for number in range(100_001)]
        values = [[str(client.start + 1000 + number), "x", {"trace_id": id}] for number, id in enumerate(ids)]
        body = {"streams": [{"stream": {"app": "shop"}, "values": values}]}
        assert http.post("/loki/api/v1/push", json=body).status_code == 204
        assert client.get("/loki/api/v1/label/trace_id/values")["data"] == ids[-1000:]


def test_series_of_a_demoted_label_are_those_of_all_entries(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server, httpx.Client(base_url=server.url, timeout=60) as http:
        client = Client(http, server, time.time_ns() - 10**9)
        client.push(*(({"app": "shop", "trace_id": id}, number, "x", {}) for number, id in enumerate(IDS[:1500])))
        client.push(({"app": "shop", "node": "n-1"}, 2000, "x", {"trace_id": IDS[3]}))
        client.push(({"app": "cart"}, 2001, "x", {"trace_id": IDS[3], "node": "n-2"}))

        def series(selector: str) -> list[dict[str, str]]:
            found: list[dict[str, str]] = client.get("/loki/api/v1/series", **{"match[]": selector})["data"]
            return sorted(found, key=lambda labels: sorted(labels.items()))

        with_ids = series('{app="shop", node="", trace_id!=""}')
        assert [labels.pop("trace_id") for labels in with_ids] == sorted(IDS[:1500])
        assert {tuple(sorted(labels.items())) for labels in with_ids} == {(("app", "shop"), ("service_name", "shop"))}
        assert series(f'{{trace_id="{IDS[3]}"}}') == [
            {"app": "cart", "service_name": "cart", "trace_id": IDS[3]},
            {"app": "shop", "node": "n-1", "service_name": "shop", "trace_id": IDS[3]},
            {"app": "shop", "service_name": "shop", "trace_id": IDS[3]},
        ]


def test_services_with_ids_for_names_stay_with_the_streams(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server, httpx.Client(base_url=server.url, timeout=60) as http:
        client = Client(http, server, time.time_ns() - 10**9)
        client.push(({"app": "shop"}, 0, "x", {}), ({"service_name": "cart"}, 0, "x", {}))
        client.push(*(({"app": id}, number, "x", {}) for number, id in enumerate(IDS[:200])))
        client.push(({"app": "shop"}, 300, "x", {}), ({"service_name": "cart"}, 300, "x", {}))
        assert client.cardinality()["demoted"] == []
        asked = {"query": '{service_name=~".+"}', "targetLabels": "service_name", "limit": 1000}
        volumes = client.get("/loki/api/v1/index/volume", **asked)["data"]["result"]
        assert {volume["metric"]["service_name"] for volume in volumes} == {"shop", "cart", *IDS[:200]}


def test_kept_labels_and_other_thresholds_are_settings(tmp_path: Path) -> None:
    variables = {
        **os.environ,
        "SIGYN_LIMITS_KEEP_LABELS": "trace_id",
        "SIGYN_LIMITS_DEMOTE_ID_LABELS": "badge",
        "SIGYN_LIMITS_DEMOTE_ID_VALUES": "3",
        "SIGYN_LIMITS_DEMOTE_VALUES": "7",
    }
    with (
        running_server(tmp_path / "data", variables=variables) as server,
        httpx.Client(base_url=server.url, timeout=30) as http,
    ):
        client = Client(http, server, time.time_ns() - 10**9)
        for number, id in enumerate(IDS[:12]):
            client.push(({"trace_id": id}, number, "x", {}))
            client.push(({"Badge": f"b{number}"}, number, "x", {}))
            client.push(({"city": f"c{number}"}, number, "x", {}))
        found = client.cardinality()
        assert [(label["name"], label["reason"], label["values"]) for label in found["demoted"]] == [
            ("Badge", "its name is that of an id", 4),
            ("city", "it has too many values", 8),
        ]
        assert {label["name"]: label["values"]["total"] for label in found["labels"]}["trace_id"] == 12


def test_streams_over_the_limit_are_refused_in_lokis_words(tmp_path: Path) -> None:
    variables = {**os.environ, "SIGYN_LIMITS_MAX_GLOBAL_STREAMS_PER_USER": "3"}
    with (
        running_server(tmp_path / "data", variables=variables) as server,
        httpx.Client(base_url=server.url, timeout=30) as http,
    ):
        client = Client(http, server, time.time_ns() - 10**9)
        client.push(*(({"app": f"app-{number}"}, number, "x", {}) for number in range(3)))
        values = [[str(client.start + 10), "y"], [str(client.start + 11), "y"]]
        body = {"streams": [{"stream": {"app": app}, "values": values} for app in ("app-0", "app-4")]}
        answer = http.post("/loki/api/v1/push", json=body)
        assert answer.status_code == 429
        assert answer.text.startswith(
            'maximum active stream limit exceeded when trying to create stream {app="app-4", service_name="app-4"},'
            " reduce the number of active streams (reduce labels or reduce label values), or contact your Loki"
            " administrator to see if the limit can be increased, user: 'fake'"
        )
        assert client.lines('{app=~".+"} |= "y"') == ["y", "y"]
        metrics = http.get("/metrics").text
        assert 'loki_discarded_samples_total{reason="stream_limit",tenant="fake"} 2.0' in metrics
