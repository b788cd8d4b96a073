"""export: everything, once, in order, and resumable while more comes in."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sigyn.api.settings import ApiSettings
from sigyn.model.results import LogEntry

from .conftest import NOW, Server

EXPORT = "/sigyn/api/v1/export"
SHOP = (("app", "shop"),)


def rows(server: Server, **parameters: str) -> list[Any]:
    answer = server.get(EXPORT, query='{app="shop"}', **parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.text.splitlines()]


def test_rows(server: Server) -> None:
    server.services.entries.append(LogEntry(NOW - 1, '{"a":1}', SHOP, (("k", "v"),), ()))
    answer = server.get(EXPORT, query='{app="shop"} | json')
    row = json.loads(answer.text)
    assert len(row.pop("id")) == 16
    assert row == {
        "timestamp": str(NOW - 1),
        "line": '{"a":1}',
        "stream": {"app": "shop"},
        "structuredMetadata": {"k": "v"},
        "parsed": {"a": "1"},
    }


def test_more_than_any_limit_comes_out_in_order(server: Server) -> None:
    # Several pages, with more entries at one time than a page holds.
    times = [NOW - 20_000 + i for i in range(7_000)] + [NOW - 5_000] * 3_000
    server.services.entries += [LogEntry(t, f"line {i}", SHOP, (), ()) for i, t in enumerate(times)]
    found = rows(server)
    assert len(found) == 10_000
    assert len({row["line"] for row in found}) == 10_000
    stamps = [int(row["timestamp"]) for row in found]
    assert stamps == sorted(stamps)
    backward = rows(server, direction="backward")
    assert backward == found[::-1]


def test_arrow_and_parquet(server: Server, tmp_path_factory: pytest.TempPathFactory) -> None:
    server.services.entries += [LogEntry(NOW - i - 1, f"line {i}", SHOP, (("k", str(i)),), ()) for i in range(2_500)]
    arrow = server.get(EXPORT, query='{app="shop"}', headers={"Accept": "application/vnd.apache.arrow.stream"})
    table = pa.ipc.open_stream(arrow.content).read_all()
    assert table.num_rows == 2_500
    assert table["line"][0].as_py() == "line 2499"
    assert table["structured_metadata"][0].as_py() == [("k", "2499")]
    parquet = server.get(EXPORT, query='{app="shop"}', format="parquet")
    path = tmp_path_factory.mktemp("export") / "shop.parquet"
    path.write_bytes(parquet.content)
    assert pq.read_table(path)["id"].to_pylist() == table["id"].to_pylist()


def test_nothing_found_is_an_empty_file_of_each_format(server: Server) -> None:
    assert rows(server) == []
    arrow = server.get(EXPORT, query='{app="shop"}', format="arrow")
    assert pa.ipc.open_stream(arrow.content).read_all().num_rows == 0
    parquet = server.get(EXPORT, query='{app="shop"}', format="parquet")
    assert pq.read_table(pa.BufferReader(parquet.content)).num_rows == 0


entry_times = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("abc")), max_size=30)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    before=entry_times, after=entry_times, cut=st.integers(1, 30), direction=st.sampled_from(["forward", "backward"])
)
def test_a_resumed_export_repeats_and_skips_nothing(
    server: Server, before: list[tuple[int, str]], after: list[tuple[int, str]], cut: int, direction: str
) -> None:
    def entries(pairs: list[tuple[int, str]]) -> list[LogEntry]:
        return [LogEntry(NOW - 10 + time, line, SHOP, (), ()) for time, line in pairs]

    server.services.entries[:] = entries(before)
    whole = rows(server, direction=direction)
    assert len(whole) == len(before)
    head = rows(server, direction=direction, limit=str(cut))
    assert head == whole[:cut]
    server.services.entries += entries(after)
    cursor = {"after": f"{head[-1]['timestamp']}-{head[-1]['id']}"} if head else {}
    tail = rows(server, direction=direction, **cursor)
    keys = [(row["timestamp"], row["id"]) for row in head + tail]
    assert len(keys) == len(set(keys))
    assert {(row["timestamp"], row["id"]) for row in whole} <= set(keys)


@pytest.mark.parametrize("direction", ["forward", "backward"])
def test_an_export_goes_on_from_before_1970(server: Server, direction: str) -> None:
    server.services.entries += [LogEntry(time, f"line {time}", SHOP, (), ()) for time in (-5, -4, 0)]
    asked = {"start": "1969-12-31T23:00:00Z", "end": "1970-01-01T01:00:00Z", "direction": direction}
    whole = rows(server, **asked)
    for number, row in enumerate(whole):
        assert rows(server, after=f"{row['timestamp']}-{row['id']}", **asked) == whole[number + 1 :]


@pytest.mark.parametrize(
    "parameters",
    [
        {"query": "{bad"},
        {"query": "vector(1)"},
        {"after": "x"},
        {"format": "csv"},
        {"limit": "-1"},
        {"allow_missing": "y"},
    ],
)
def test_bad_requests(server: Server, parameters: dict[str, str]) -> None:
    server.services.answers.clear()
    answer = server.get(EXPORT, **{"query": '{app="shop"}', **parameters})
    assert answer.status_code in (400, 404)
    assert answer.text.strip()


def test_an_incomplete_page_is_not_passed_off_as_the_whole(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings())
    server.services.warnings, server.services.is_whole = ("the query was stopped after 60 s",), False
    assert server.get(EXPORT, query='{app="shop"}').status_code == 503
    assert server.get(EXPORT, query='{app="shop"}', allow_missing="true").status_code == 503
