"""A real server with the demonstration's logs."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.cli.server import running_server

_QUERY = 'sum(count_over_time({service_name=~".+"}[6h]))'
_LINES = 100_000


@contextmanager
def demo_server(data: Path) -> Iterator[str]:
    """`sigyn serve --demo` once it has filled the past six hours; its URL."""
    with running_server(data, "--demo") as server:
        until = time.monotonic() + 180
        while _lines(server.url) < _LINES:
            assert time.monotonic() < until, "the demonstration does not log"
            time.sleep(0.3)
        yield server.url


def _lines(url: str) -> float:
    answer = httpx.get(f"{url}/loki/api/v1/query", params={"query": _QUERY}, timeout=30).json()
    return sum(float(sample["value"][1]) for sample in answer["data"]["result"])
