"""Dashboards of many panels, refreshed, by several people, against a real server."""

import asyncio
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from sigyn.model.time import MINUTE, SECOND
from tests.cli.server import running_server
from tests.services.memcached import memcached

STEP = 30
LENGTH = 2 * 3600


@dataclass(frozen=True)
class Dashboard:
    """A server with two hours of entries, which end a quarter of an hour ago."""

    url: str
    end: int

    def push(self, tenant: str, app: str, times: list[int]) -> None:
        values = [[str(at), f"level=info took={at % 7}"] for at in times]
        body = {"streams": [{"stream": {"app": app}, "values": values}]}
        answer = httpx.post(f"{self.url}/loki/api/v1/push", json=body, headers={"X-Scope-OrgID": tenant}, timeout=30)
        assert answer.status_code == 204, answer.text

    def fill(self, tenant: str, app: str = "shop") -> None:
        self.push(tenant, app, [self.end - second * SECOND for second in range(0, LENGTH, 10)])

    def parameters(self, query: str, later: int = 0) -> dict[str, str]:
        """A range query, whose range lies some steps later than the usual one."""
        end = self.end // SECOND + later * STEP
        return {"query": query, "start": str(end - LENGTH), "end": str(end), "step": str(STEP)}

    def ask(self, query: str, tenant: str = "one", later: int = 0) -> dict[str, Any]:
        answer = httpx.get(
            f"{self.url}/loki/api/v1/query_range",
            params=self.parameters(query, later),
            headers={"X-Scope-OrgID": tenant},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    def metrics(self) -> str:
        return httpx.get(f"{self.url}/metrics", timeout=30).text


@contextmanager
def dashboard(folder: Path, variables: Mapping[str, str]) -> Iterator[Dashboard]:
    environment = {**os.environ, "SIGYN_SERVER_AUTH_ENABLED": "true", **variables}
    with running_server(folder / "data", variables=environment) as server:
        now = time.time_ns()
        yield Dashboard(server.url, now - now % (STEP * SECOND) - 15 * MINUTE)


async def at_once(url: str, asked: list[tuple[str, dict[str, str]]]) -> list[httpx.Response]:
    """The answers to range queries that are all sent before the first is answered, each by tenant and parameters."""
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=httpx.Limits(max_connections=None)) as client:
        requests = [
            client.get("/loki/api/v1/query_range", params=parameters, headers={"X-Scope-OrgID": tenant})
            for tenant, parameters in asked
        ]
        return await asyncio.gather(*requests)


def test_sixty_panels_at_once_wait_for_each_other(tmp_path: Path) -> None:
    queries = [f'sum(rate({{app="shop"}} | logfmt | took="{number % 20}" [5m]))' for number in range(60)]
    with dashboard(tmp_path, {"SIGYN_QUERY_MAX_CONCURRENT": "1", "SIGYN_QUERY_MAX_QUERY_PARALLELISM": "1"}) as board:
        board.fill("one")
        answers = asyncio.run(at_once(board.url, [("one", board.parameters(query)) for query in queries]))
        assert [answer.status_code for answer in answers] == [200] * 60
        by_query: dict[str, Any] = {}
        for query, answer in zip(queries, answers, strict=True):
            result = answer.json()["data"]["result"]
            assert by_query.setdefault(query, result) == result
        assert sum(map(bool, by_query.values())) == 7
        metrics = board.metrics()
    turns = re.search(r'loki_query_scheduler_queue_duration_seconds_count\{user="one"\} (\S+)', metrics)
    joined = re.search(r"^sigyn_queries_joined_total (\S+)", metrics, re.MULTILINE)
    assert turns
    assert joined
    assert float(turns[1]) + float(joined[1]) == 60


def test_tenants_have_their_own_answers_and_turns(tmp_path: Path) -> None:
    with dashboard(tmp_path, {"SIGYN_QUERY_MAX_CONCURRENT": "2"}) as board:
        board.fill("one")
        board.push("two", "shop", [board.end - 60 * SECOND])
        panel = board.parameters('sum(count_over_time({app="shop"}[5m]))')
        asked = [("one", panel)] * 60 + [("two", panel)] * 3
        answers = asyncio.run(at_once(board.url, asked))
        assert {answer.status_code for answer in answers} == {200}
        values = [{value for _, value in answer.json()["data"]["result"][0]["values"]} for answer in answers]
        assert all("30" in found for found in values[:60])
        assert values[60:] == [{"1"}] * 3
        metrics = board.metrics()
    assert 'loki_query_scheduler_queue_length{user="one"} 0.0' in metrics
    assert 'loki_query_scheduler_queue_length{user="two"} 0.0' in metrics


QUERIES = (
    'sum by (level) (rate({app="shop"} | logfmt [5m]))',
    'topk(2, quantile_over_time(0.9, {app="shop"} | logfmt | unwrap took [5m]))',
    'sum(rate({app="shop"} |= "took=3" [5m])) / sum(rate({app="shop"}[5m]))',
)


@pytest.mark.parametrize("where", ["process", "memcached"])
def test_a_refresh_computes_only_the_new_end(tmp_path: Path, where: str) -> None:
    with (
        memcached() as server,
        dashboard(tmp_path, {"SIGYN_QUERY_RESULTS_CACHE": server.url if where == "memcached" else ""}) as board,
    ):
        board.fill("one")
        for query in QUERIES:
            first, second, later = board.ask(query), board.ask(query), board.ask(query, later=2)
            assert second["result"] == first["result"]
            cached = [data["stats"]["cache"]["result"] for data in (first, second, later)]
            assert [cached[0]["entriesFound"], cached[0]["entriesStored"]] == [0, cached[0]["entriesRequested"]]
            assert cached[1]["entriesFound"] == cached[1]["entriesRequested"] == cached[0]["entriesStored"]
            assert cached[1]["queryLengthServed"] == (LENGTH + STEP) * SECOND
            assert cached[2]["queryLengthServed"] == (LENGTH - STEP) * SECOND
            assert second["stats"]["summary"]["totalLinesProcessed"] == 0
        before = board.ask(QUERIES[2])["result"]
        board.push("one", "shop", [board.end - 3600 * SECOND + number for number in range(20)])  # late
        after = board.ask(QUERIES[2])
        assert after["result"] != before
        assert 0 < after["stats"]["cache"]["result"]["queryLengthServed"] < LENGTH * SECOND
        metrics = board.metrics()
    assert re.search(r'loki_cache_hits_total\{name="results"\} [1-9]', metrics)
    assert 'sigyn_cache_failures_total{name="results"} 0.0' in metrics


def test_a_memcached_that_is_killed_costs_only_the_cache(tmp_path: Path) -> None:
    with memcached() as server, dashboard(tmp_path, {"SIGYN_QUERY_RESULTS_CACHE": server.url}) as board:
        board.fill("one")
        whole = {query: board.ask(query)["result"] for query in QUERIES}
        assert board.ask(QUERIES[0])["stats"]["cache"]["result"]["entriesFound"] > 0
        server.kill()
        for query in QUERIES:
            again = board.ask(query)
            assert again["result"] == whole[query]
            assert again["stats"]["cache"]["result"]["entriesFound"] == 0
        assert "sigyn_cache_failures_total" in board.metrics()
        assert 'sigyn_cache_failures_total{name="results"} 0.0' not in board.metrics()


def test_what_memcached_knows_of_pushes_that_a_snapshot_lacks_is_in_no_answer(tmp_path: Path) -> None:
    query = 'sum(count_over_time({app="shop"} |= "took" [5m]))'
    data, snapshot = tmp_path / "data", tmp_path / "snapshot"
    with memcached() as server:
        cache = {"SIGYN_QUERY_RESULTS_CACHE": server.url}
        with dashboard(tmp_path, cache) as board:
            end = board.end
            board.push("one", "shop", [end - 60 * SECOND])
        shutil.copytree(data, snapshot)
        with dashboard(tmp_path, cache) as board:
            board = replace(board, end=end)
            board.fill("one")
            board.ask(query)
        shutil.rmtree(data)
        snapshot.rename(data)
        with dashboard(tmp_path, cache) as board:
            board = replace(board, end=end)
            board.push("one", "shop", [end - 90 * SECOND])
            answer = board.ask(query)["result"]
    assert {value for _, value in answer[0]["values"]} == {"1", "2"}


def test_a_cache_that_is_off_keeps_nothing(tmp_path: Path) -> None:
    with dashboard(tmp_path, {"SIGYN_QUERY_CACHE_RESULTS": "false"}) as board:
        board.fill("one")
        for _ in range(2):
            assert board.ask(QUERIES[0])["stats"]["cache"]["result"]["entriesRequested"] == 0
        assert "loki_cache_hits" not in board.metrics()
