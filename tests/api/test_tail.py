"""tail: recent entries first, then live ones; slow clients are told what they missed."""

import json
import time
from typing import Any
from urllib.parse import urlencode

import pyarrow as pa
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

from .conftest import NOW, Server

SHOP = (("app", "shop"),)
EDGE = (("app", "edge"),)


def batch(*entries: tuple[Labels, int, str], tenant: str = "fake") -> Batch:
    streams = tuple(sorted({labels for labels, _, _ in entries}))
    rows = [
        {
            "stream": streams.index(labels),
            "timestamp": timestamp,
            "line": line,
            "detected_level": "info",
            "metadata": '{"k":"v"}',
        }
        for labels, timestamp, line in entries
    ]
    return Batch(tenant, streams, pa.Table.from_pylist(rows, ENTRY_SCHEMA))


def watch(
    server: Server, query: str, path: str = "/loki/api/v1/tail", max_size: int = 1 << 20, **parameters: str
) -> ClientConnection:
    url = f"ws://127.0.0.1:{server.port}{path}?{urlencode({'query': query, **parameters})}"
    return connect(url, max_size=max_size)


def receive(connection: ClientConnection) -> Any:
    return json.loads(connection.recv(timeout=30))


def test_recent_entries_come_first_then_live_ones(server: Server) -> None:
    server.services.entries += [LogEntry(NOW - 2, "old", SHOP, (), ()), LogEntry(NOW - 1, "new", SHOP, (), ())]
    with watch(server, '{app="shop"}') as connection:
        assert receive(connection) == {
            "streams": [{"stream": {"app": "shop"}, "values": [[str(NOW - 2), "old"], [str(NOW - 1), "new"]]}]
        }
        server.publish(batch((SHOP, NOW + 2, "b"), (EDGE, NOW, "other"), (SHOP, NOW + 1, "a")))
        labels = {"app": "shop", "detected_level": "info", "k": "v"}
        assert receive(connection) == {
            "streams": [{"stream": labels, "values": [[str(NOW + 1), "a"], [str(NOW + 2), "b"]]}]
        }


def test_labels_are_told_apart_for_clients_that_send_the_header_of_queries(server: Server) -> None:
    query = urlencode({"query": '{app="shop"}'})
    url = f"ws://127.0.0.1:{server.port}/loki/api/v1/tail?{query}"
    with connect(url, additional_headers={"X-Loki-Response-Encoding-Flags": "categorize-labels"}) as connection:
        server.publish(batch((SHOP, NOW, "line")))
        frame = receive(connection)
    assert frame["encodingFlags"] == ["categorize-labels"]
    rest = {"structuredMetadata": {"detected_level": "info", "k": "v"}}
    assert frame["streams"] == [{"stream": {"app": "shop"}, "values": [[str(NOW), "line", rest]]}]


def test_labels_are_told_apart_for_clients_that_can_not_send_the_header_of_queries(server: Server) -> None:
    server.services.entries += [LogEntry(NOW - 1, "{}", SHOP, (("k", "v"),), ())]
    with watch(server, '{app="shop"} | json', encoding_flags="other,categorize-labels") as connection:
        assert receive(connection) == {
            "encodingFlags": ["categorize-labels"],
            "streams": [
                {"stream": {"app": "shop"}, "values": [[str(NOW - 1), "{}", {"structuredMetadata": {"k": "v"}}]]}
            ],
        }
        server.publish(batch((SHOP, NOW, '{"ms":"5"}')))
        rest = {"structuredMetadata": {"detected_level": "info", "k": "v"}, "parsed": {"ms": "5"}}
        assert receive(connection)["streams"] == [
            {"stream": {"app": "shop"}, "values": [[str(NOW), '{"ms":"5"}', rest]]}
        ]


def test_pipeline_runs_over_live_entries(server: Server) -> None:
    with watch(server, '{app="shop"} |= "keep" | json | line_format "{{.msg}}" | keep app') as connection:
        server.publish(batch((SHOP, NOW, '{"msg":"drop"}')))
        server.publish(batch((SHOP, NOW + 1, '{"msg":"keep me"}')))
        assert receive(connection) == {"streams": [{"stream": {"app": "shop"}, "values": [[str(NOW + 1), "keep me"]]}]}


def test_other_tenants_see_nothing(server: Server) -> None:
    with watch(server, '{app="shop"}') as connection:
        server.publish(batch((SHOP, NOW, "theirs"), tenant="other"))
        server.publish(batch((SHOP, NOW, "ours")))
        assert receive(connection)["streams"][0]["values"] == [[str(NOW), "ours"]]


def test_what_does_not_fit_is_named(server: Server) -> None:
    with watch(server, '{app="shop"}') as connection:
        most = 10_000
        server.publish(batch(*((SHOP, NOW + i, "x") for i in range(most + 1))))
        frame = receive(connection)
        assert frame["dropped_entries"] == [{"labels": {"app": "shop"}, "timestamp": str(NOW + most)}]
        received = len(frame["streams"][0]["values"])
        while received < most:
            received += len(receive(connection)["streams"][0]["values"])
        assert received == most


def test_long_lines_come_in_frames_of_some_megabytes_and_few_of_them_wait(server: Server) -> None:
    long = "x" * (1 << 20)
    with watch(server, '{app="shop"}', max_size=16 << 20) as connection:
        server.publish(batch(*((SHOP, NOW + i, long) for i in range(40)), (SHOP, NOW + 40, "x" * (6 << 20))))
        received, dropped = [], []
        while len(received) + len(dropped) < 41:
            frame = receive(connection)
            of_frame = [(time, len(line)) for stream in frame["streams"] for time, line in stream["values"]]
            assert len(of_frame) == 1 or sum(size for _, size in of_frame) <= 4 << 20
            received += [time for time, _ in of_frame]
            dropped += [entry["timestamp"] for entry in frame.get("dropped_entries", [])]
        assert received == [str(NOW + i) for i in range(31)]
        assert dropped == [str(NOW + i) for i in range(31, 41)]
        server.publish(batch((SHOP, NOW + 50, "x" * (6 << 20)), (SHOP, NOW + 51, "y")))
        assert [len(line) for _, line in receive(connection)["streams"][0]["values"]] == [6 << 20]
        assert receive(connection)["streams"][0]["values"] == [[str(NOW + 51), "y"]]


def test_a_line_longer_than_a_queue_is_sent_all_the_same(server: Server) -> None:
    with watch(server, '{app="shop"}', max_size=64 << 20) as connection:
        server.publish(batch((SHOP, NOW, "x" * (33 << 20))))
        assert len(receive(connection)["streams"][0]["values"][0][1]) == 33 << 20


def test_delay_brings_stragglers_into_order(server: Server) -> None:
    with watch(server, '{app="shop"}', delay_for="1") as connection:
        server.publish(batch((SHOP, NOW + 2, "second")))
        server.publish(batch((SHOP, NOW + 1, "first")))
        assert [line for _, line in receive(connection)["streams"][0]["values"]] == ["first", "second"]


def test_legacy_frames(server: Server) -> None:
    with watch(server, '{app="shop"}', "/api/prom/tail") as connection:
        server.publish(batch((SHOP, NOW, "x")))
        assert receive(connection)["streams"] == [
            {
                "labels": '{app="shop", detected_level="info", k="v"}',
                "entries": [{"ts": "2026-01-15T12:00:00Z", "line": "x"}],
            }
        ]


def test_tails_end_with_their_clients(server: Server) -> None:
    with watch(server, '{app="shop"}') as connection:
        server.publish(batch((SHOP, NOW, "x")))
        receive(connection)
        assert server.tails.count == 1
        assert "loki_querier_tail_active 1.0" in server.get("/metrics").text
    deadline = time.monotonic() + 5
    while server.tails.count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("{bad", {}),
        ('rate({app="shop"}[1m])', {}),
        ('{app="shop"}', {"delay_for": "9"}),
        ('{app="shop"}', {"delay_for": "\u00b2"}),
        ('{app="shop"}', {"delay_for": "1" * 5_000}),
        ('{app="shop"}', {"limit": "0"}),
    ],
)
def test_bad_requests_are_refused_before_the_upgrade(server: Server, query: str, parameters: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        watch(server, query, **parameters)
    assert refused.value.response.status_code == 400
    assert refused.value.response.body


def test_who_asks_without_a_websocket_is_told(server: Server) -> None:
    answer = server.client.get("/loki/api/v1/tail", params={"query": '{app="shop"}'})
    assert answer.status_code == 400
    assert "tail speaks WebSocket only" in answer.text
