"""Tables over HTTP: as such to who asks, else in a shape that Loki's clients know; errors with their place."""

import csv
import io
import json

import httpx
import pyarrow as pa
import pytest

from sigyn.model.results import LogEntry, TableResult
from sigyn.model.tables import TIMESTAMP

from .conftest import NOW, Server

QUERY = '{app="shop"} | stats something'
RANGE, INSTANT = "/loki/api/v1/query_range", "/loki/api/v1/query"

COUNTS = pa.table({"level": ["error", ""], "count": pa.array([12, 3], pa.int64())})
SEVERAL = pa.table(
    {
        "path": ["/a", "/b,c"],
        "n": pa.array([12, 3], pa.int64()),
        "slow": pa.array([0.25, None], pa.float64()),
        "users": pa.array([["ann", "bob"], []], pa.list_(pa.string())),
    }
)
BUCKETS = pa.table(
    {
        "_time": pa.array([NOW - 60 * 10**9, NOW, NOW - 60 * 10**9], TIMESTAMP),
        "level": ["error", "error", "info"],
        "count": pa.array([1, 2, 3], pa.int64()),
    }
)


def answer(server: Server, path: str, table: pa.Table, accept: str = "*/*", **parameters: str) -> httpx.Response:
    server.services.answers[QUERY] = TableResult(NOW, table)
    return server.get(path, {"Accept": accept}, query=QUERY, **parameters)


def data(server: Server, path: str, table: pa.Table, **parameters: str) -> dict[str, object]:
    body: dict[str, dict[str, object]] = answer(server, path, table, **parameters).json()
    return body["data"]


def test_one_column_of_numbers_is_a_vector(server: Server) -> None:
    found = data(server, INSTANT, COUNTS)
    assert found["resultType"] == "vector"
    assert found["result"] == [
        {"metric": {"level": "error"}, "value": [NOW // 10**9, "12"]},
        {"metric": {}, "value": [NOW // 10**9, "3"]},
    ]


def test_rows_with_the_same_labels_are_no_vector(server: Server) -> None:
    assert data(server, INSTANT, pa.table({"a": ["x", "x"], "n": [1, 2]}))["resultType"] == "streams"


def test_buckets_of_time_are_a_matrix(server: Server) -> None:
    found = data(server, RANGE, BUCKETS)
    assert found["resultType"] == "matrix"
    assert found["result"] == [
        {"metric": {"level": "error"}, "values": [[NOW // 10**9 - 60, "1"], [NOW // 10**9, "2"]]},
        {"metric": {"level": "info"}, "values": [[NOW // 10**9 - 60, "3"]]},
    ]


@pytest.mark.parametrize("path", [RANGE, INSTANT])
def test_any_other_table_is_an_entry_per_row(server: Server, path: str) -> None:
    found = data(server, path, SEVERAL)
    assert found["resultType"] == "streams"
    assert found["result"] == [
        {
            "stream": {"path": "/a", "n": "12", "slow": "0.25", "users": '["ann","bob"]'},
            "values": [[str(NOW - 1), '{"path":"/a","n":12,"slow":0.25,"users":["ann","bob"]}']],
        },
        {
            "stream": {"path": "/b,c", "n": "3", "users": "[]"},
            "values": [[str(NOW - 2), '{"path":"/b,c","n":3,"users":[]}']],
        },
    ]


TABLE_JSON = "application/vnd.sigyn.table+json"


@pytest.mark.parametrize(("accept", "form"), [(f"{TABLE_JSON}, */*", ""), ("*/*", "table")])
def test_a_table_as_json(server: Server, accept: str, form: str) -> None:
    found = answer(server, RANGE, SEVERAL, accept, format=form).json()["data"]
    assert found["resultType"] == "table"
    assert found["result"] == {
        "columns": [
            {"name": "path", "type": "text"},
            {"name": "n", "type": "number"},
            {"name": "slow", "type": "number"},
            {"name": "users", "type": "list"},
        ],
        "rows": [["/a", 12, 0.25, ["ann", "bob"]], ["/b,c", 3, None, []]],
    }
    assert "summary" in found["stats"]


def test_values_that_json_has_no_number_for(server: Server) -> None:
    table = pa.table({"x": [float("nan"), float("inf"), float("-inf"), 1e300, 2.0]})
    rows = answer(server, RANGE, table, format="table").json()["data"]["result"]["rows"]
    assert rows == [["NaN"], ["+Inf"], ["-Inf"], [1e300], [2]]


def test_an_empty_table(server: Server) -> None:
    empty = COUNTS.slice(0, 0)
    assert answer(server, RANGE, empty, format="table").json()["data"]["result"]["rows"] == []
    assert data(server, INSTANT, empty)["result"] == []
    assert data(server, RANGE, empty)["result"] == []


@pytest.mark.parametrize(("accept", "form"), [("text/csv", ""), ("*/*", "csv")])
def test_a_table_as_csv(server: Server, accept: str, form: str) -> None:
    found = answer(server, RANGE, SEVERAL, accept, format=form)
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(found.text)))
    assert rows == [["path", "n", "slow", "users"], ["/a", "12", "0.25", "ann,bob"], ["/b,c", "3", "", ""]]


def test_a_table_as_arrow(server: Server) -> None:
    found = answer(server, RANGE, BUCKETS, "application/vnd.apache.arrow.stream")
    assert found.headers["content-type"] == "application/vnd.apache.arrow.stream"
    assert pa.ipc.open_stream(found.content).read_all() == BUCKETS


def test_lines_as_a_table(server: Server) -> None:
    server.services.entries.append(LogEntry(NOW - 1, "hello", (("app", "shop"),), (), ()))
    rows = list(csv.reader(io.StringIO(server.get(RANGE, query='{app="shop"}', format="csv").text)))
    assert rows == [["timestamp", "line", "app"], ["2026-01-15T11:59:59.999999999Z", "hello", "shop"]]
    asked = server.get(RANGE, {"Accept": TABLE_JSON}, query='{app="shop"}').json()
    assert asked["data"]["resultType"] == "streams"


def test_a_format_that_there_is_not(server: Server) -> None:
    refused = answer(server, RANGE, COUNTS, format="xml")
    assert (refused.status_code, refused.text) == (
        400,
        "format=xml is none: choose one of table, csv, arrow, or leave it out for Loki's JSON\n",
    )


def test_errors_as_text_say_what_would_be_right(server: Server) -> None:
    refused = server.get(RANGE, query='{app="shop"} | stat count()')
    assert refused.status_code == 400
    assert refused.text == (
        "parse error at line 1, col 21: syntax error: unexpected COUNT\n"
        "hint: there is no stage `stat`; did you mean `stats`?\n"
    )


def test_errors_as_json_show_the_place(server: Server) -> None:
    refused = server.get(RANGE, {"Accept": "application/json"}, query='{app="shop"}\n| sort count desc')
    assert refused.status_code == 400
    body = json.loads(refused.text)
    assert body["status"] == "error"
    assert body["errorType"] == "bad_data"
    assert body["error"] == body["message"] == "parse error at line 2, col 8: `sort` needs `by`"
    assert body["details"] == {
        "line": 2,
        "column": 8,
        "length": 5,
        "hint": "write: | sort by count desc",
        "excerpt": "| sort count desc\n       ^^^^^",
    }


def test_pipes_are_not_exported(server: Server) -> None:
    refused = server.get("/sigyn/api/v1/export", query='{app="shop"} | limit 5')
    assert refused.status_code == 400
    assert "leave its pipes out" in refused.text
