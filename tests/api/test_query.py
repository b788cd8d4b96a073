"""query and query_range: what Grafana sends, and the shape of what it gets."""

import gzip
import json
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import pytest

from sigyn.api.settings import ApiSettings
from sigyn.model.errors import QueryError, TooManyRequests
from sigyn.model.results import (
    LogEntry,
    LogResult,
    MatrixResult,
    QueryResult,
    Sample,
    ScalarResult,
    Series,
    VectorResult,
)

from .conftest import NOW, Server

SECOND = 1_000_000_000
STREAM = (("app", "shop"), ("env", "prod"))
LEVEL = (("detected_level", "info"),)

Item = TypeVar("Item")


class Held(list[Item]):
    """Items of an answer that are not handed out before the test says so, or has not for too long."""

    def __init__(self, items: list[Item]) -> None:
        super().__init__(items)
        self.asked, self.released = threading.Event(), threading.Event()
        self.was_released = False

    def __iter__(self) -> Iterator[Item]:
        self.asked.set()
        self.was_released = self.released.wait(30)
        return super().__iter__()


def add_lines(server: Server, *lines: str) -> None:
    server.services.entries += [
        LogEntry(NOW - (len(lines) - i) * SECOND, line, STREAM, LEVEL, ()) for i, line in enumerate(lines)
    ]


def test_streams_carry_all_labels(server: Server) -> None:
    add_lines(server, "one", "two")
    body = server.get("/loki/api/v1/query_range", query='{app="shop"}').json()
    assert body["status"] == "success"
    assert body["data"]["resultType"] == "streams"
    assert body["data"]["result"] == [
        {
            "stream": {"app": "shop", "env": "prod", "detected_level": "info"},
            "values": [[str(NOW - SECOND), "two"], [str(NOW - 2 * SECOND), "one"]],
        }
    ]


def test_categorised_labels_stand_apart(server: Server) -> None:
    add_lines(server, '{"a":"b"}', "plain")
    answer = server.get(
        "/loki/api/v1/query_range",
        headers={"X-Loki-Response-Encoding-Flags": "categorize-labels"},
        query='{app="shop"} | json | drop __error__, __error_details__',
        direction="forward",
    )
    data = answer.json()["data"]
    assert data["encodingFlags"] == ["categorize-labels"]
    assert data["result"] == [
        {
            "stream": {"app": "shop", "env": "prod"},
            "values": [
                [
                    str(NOW - 2 * SECOND),
                    '{"a":"b"}',
                    {"structuredMetadata": {"detected_level": "info"}, "parsed": {"a": "b"}},
                ],
                [str(NOW - SECOND), "plain", {"structuredMetadata": {"detected_level": "info"}}],
            ],
        }
    ]
    # Grafana reads the body as a stream and has to know both before the first value.
    text = answer.text
    assert text.index('"resultType"') < text.index('"encodingFlags"') < text.index('"result":')


def test_statistics_and_warnings_are_where_grafana_reads_them(server: Server) -> None:
    add_lines(server, "one")
    server.services.warnings = ("only the last hour was read",)
    body = server.get("/loki/api/v1/query_range", query='{app="shop"}').json()
    assert body["warnings"] == ["only the last hour was read"]
    summary = body["data"]["stats"]["summary"]
    assert summary["totalLinesProcessed"] == 1
    assert summary["totalBytesProcessed"] == 10
    assert summary["bytesProcessedPerSecond"] == 20
    assert summary["execTime"] == 0.5
    assert summary["totalEntriesReturned"] == 1


def test_health_query_of_grafana(server: Server) -> None:
    query = "vector(1)+vector(1)"
    server.services.answers[query] = VectorResult(4 * SECOND, [Sample((), 2.0)])
    data = server.get("/loki/api/v1/query", query=query, time="4000000000", direction="backward", limit="1").json()
    assert data["data"]["resultType"] == "vector"
    assert data["data"]["result"] == [{"metric": {}, "value": [4, "2"]}]
    # Ten digits are seconds, as in Loki.
    assert server.services.asked[-1].end == 4_000_000_000 * SECOND


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (1e21, "1000000000000000000000"),
        (1.5e-7, "0.00000015"),
        (-2.0, "-2"),
        (float("inf"), "+Inf"),
        (float("-inf"), "-Inf"),
        (float("nan"), "NaN"),
        (0.0016666666666666668, "0.0016666666666666668"),
    ],
)
def test_numbers_are_written_as_go_writes_them(server: Server, value: float, text: str) -> None:
    server.services.answers["1"] = ScalarResult(1_500_000_000, value)
    data = server.get("/loki/api/v1/query", query="1").json()["data"]
    assert data["resultType"] == "scalar"
    assert data["result"] == [1.5, text]


def test_matrix(server: Server) -> None:
    points = np.array([10 * SECOND, 10 * SECOND + 250_000_000], np.int64)
    server.services.answers["m"] = MatrixResult([Series((("a", "b"),), points, np.array([1.0, 2.5]))])
    data = server.get("/loki/api/v1/query_range", query="m").json()["data"]
    assert data["resultType"] == "matrix"
    assert data["result"] == [{"metric": {"a": "b"}, "values": [[10, "1"], [10.25, "2.5"]]}]


@pytest.mark.parametrize("whole_alone", [False, True])
def test_values_of_a_matrix_have_all_their_digits_and_no_exponent(server: Server, whole_alone: bool) -> None:
    texts = ["0", "7", "-12", "100000000000000000000", "9007199254740991", "9007199254740992", "-0"]
    if not whole_alone:
        texts += ["0.1", "0.30000000000000004", "0.00000000000000000001", "NaN", "+Inf", "-Inf"]
    values = np.array([float(text) for text in texts])
    series = [
        Series((("a", name),), np.arange(1, len(some) + 1) * SECOND, some)
        for name, some in (("all", values), ("first", values[:5]), ("one", values[1:2]))
    ]
    server.services.answers["m"] = MatrixResult(series)
    result = server.get("/loki/api/v1/query_range", query="m").json()["data"]["result"]
    assert result == [
        {"metric": {"a": name}, "values": [[second, text] for second, text in enumerate(some, 1)]}
        for name, some in (("all", texts), ("first", texts[:5]), ("one", texts[1:2]))
    ]


def test_empty_matrix_and_streams(server: Server) -> None:
    server.services.answers["m"] = MatrixResult([])
    assert server.get("/loki/api/v1/query_range", query="m").json()["data"]["result"] == []
    assert server.get("/loki/api/v1/query_range", query='{app="none"}').json()["data"]["result"] == []


def test_defaults(server: Server) -> None:
    server.get("/loki/api/v1/query_range", query='{app="shop"}')
    asked = server.services.asked[-1]
    assert (asked.start, asked.end) == (NOW - 3600 * SECOND, NOW)
    assert (asked.limit, asked.direction, asked.step, asked.interval) == (100, "backward", None, 0)
    assert asked.tenant == "fake"


def test_form_post(server: Server) -> None:
    form = {"query": '{app="shop"}', "start": "1768471200", "end": "1768474800000000000", "step": "15000ms"}
    answer = server.client.post("/loki/api/v1/query_range", data={**form, "limit": "7", "direction": "FORWARD"})
    assert answer.status_code == 200
    asked = server.services.asked[-1]
    assert (asked.start, asked.end) == (1_768_471_200 * SECOND, 1_768_474_800 * SECOND)
    assert (asked.limit, asked.direction, asked.step) == (7, "forward", 15 * SECOND)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"limit": "0"}, "limit must be a positive value"),
        ({"limit": "many"}, 'parsing "many": invalid syntax; a limit is a whole number such as 100'),
        ({"direction": "sideways"}, "invalid direction 'sideways'; write backward (newest first) or forward"),
        ({"step": "0.5h"}, 'cannot parse "0.5h" to a valid duration; write seconds, or a duration such as 30s'),
        ({"step": "0"}, "zero or negative query resolution step widths are not accepted. Try a positive integer"),
        ({"since": "soon"}, "could not parse 'since' parameter: not a valid duration string: \"soon\""),
        (
            {"start": "bad"},
            "could not parse 'start' parameter: strconv.ParseInt: parsing \"bad\": invalid syntax; write seconds",
        ),
        ({"start": "20", "end": "10"}, "end timestamp must not be before or equal to start time"),
        ({"step": "1s", "since": "24h"}, "exceeded maximum resolution of 11,000 points per time series."),
        ({"interval": "-1"}, "interval must be >= 0"),
        ({"query": "{bad"}, "parse error at line 1, col 5"),
    ],
)
def test_bad_parameters_are_named(server: Server, parameters: dict[str, str], message: str) -> None:
    answer = server.client.get("/loki/api/v1/query_range", params={"query": '{app="shop"}', **parameters})
    assert answer.status_code == 400
    assert message in answer.text
    assert answer.headers["content-type"].startswith("text/plain")


def test_errors_of_the_query_service_keep_their_status(server: Server) -> None:
    server.services.failure = QueryError("can't")
    answer = server.get("/loki/api/v1/query", query="1")
    assert (answer.status_code, answer.text.strip()) == (400, "can't")
    server.services.failure = TooManyRequests("too many queries", retry_after=3)
    answer = server.get("/loki/api/v1/query", query="1")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")


def test_too_high_a_limit_is_lowered_with_a_warning(server: Server) -> None:
    body = server.get("/loki/api/v1/query_range", query='{app="shop"}', limit="6000").json()
    assert server.services.asked[-1].limit == 5000
    assert "max_entries_limit_per_query" in body["warnings"][0]


def test_too_long_a_range_is_cut_with_a_warning(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings(max_query_length=600 * SECOND))
    body = server.get("/loki/api/v1/query_range", query='{app="shop"}', since="1h").json()
    assert server.services.asked[-1].start == NOW - 600 * SECOND
    assert body["warnings"] == ["the range was cut to 2026-01-15T11:50:00Z .. 2026-01-15T12:00:00Z (max_query_length)"]


def test_large_answers_are_compressed(server: Server) -> None:
    add_lines(server, *(f"line {i}" for i in range(2000)))
    with server.client.stream(
        "GET",
        "/loki/api/v1/query_range",
        params={"query": '{app="shop"}', "limit": "5000"},
        headers={"Accept-Encoding": "gzip"},
    ) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == "gzip"
    assert len(json.loads(gzip.decompress(raw))["data"]["result"][0]["values"]) == 2000


def test_very_large_answers_are_whole(server: Server) -> None:
    for i in range(40):
        stream = (("app", "shop"), ("n", str(i)))
        server.services.entries.append(LogEntry(NOW - i * SECOND - 1, "x" * 20_000, stream, LEVEL, ()))
    result = server.get("/loki/api/v1/query_range", query='{app="shop"}').json()["data"]["result"]
    assert len(result) == 40
    assert all(stream["values"][0][1] == "x" * 20_000 for stream in result)


@pytest.mark.parametrize("flags", ["", "categorize-labels"])
def test_a_stream_of_long_lines_is_written_as_a_short_one(server: Server, flags: str) -> None:
    lines = ["short", "é" * 700_000, *("x" * 100_000 + f'"{i}' for i in range(40)), "", "y" * 2_500_000, "short"]
    add_lines(server, *lines)
    answer = server.get(
        "/loki/api/v1/query_range", {"X-Loki-Response-Encoding-Flags": flags}, query='{app="shop"}', direction="forward"
    )
    (stream,) = answer.json()["data"]["result"]
    assert [value[1] for value in stream["values"]] == lines
    whole = json.dumps([stream], ensure_ascii=False, separators=(",", ":"))
    assert f'"result":{whole},"stats":' in answer.text


def _large_log() -> tuple[QueryResult, Held[LogEntry]]:
    held = Held([LogEntry(NOW - i, "x", STREAM, LEVEL, (("user", str(i)),)) for i in range(5000)])
    return LogResult(held, "backward"), held


def _large_vector() -> tuple[QueryResult, Held[Sample]]:
    held = Held([Sample((("user", str(i)),), float(i)) for i in range(5000)])
    return VectorResult(NOW, held), held


@pytest.mark.parametrize("large", [_large_log, _large_vector])
def test_others_are_served_while_a_large_answer_is_encoded(
    server: Server, large: Callable[[], tuple[QueryResult, Held[object]]]
) -> None:
    query = 'sum by (user) (rate({app="shop"}[1m]))'
    server.services.answers[query], held = large()
    with ThreadPoolExecutor(1) as asking:
        answer = asking.submit(server.get, "/loki/api/v1/query_range", query=query)
        assert held.asked.wait(30)
        assert server.get("/ready").status_code == 200
        held.released.set()
        assert len(answer.result().json()["data"]["result"]) == 5000
    assert held.was_released
