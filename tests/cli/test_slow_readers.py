"""Clients that are slow to read their answers, or never do."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.cli.server import RunningServer, running_server

LINES, LINE_BYTES = 80, 250_000
"""More than the kernel's buffers hold of one connection."""

QUERY = b"GET /loki/api/v1/query_range?query=%7Bapp%3D%22shop%22%7D HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
PATIENCE = 30


@contextmanager
def server_with_long_lines(data: Path, answer_timeout: str) -> Iterator[RunningServer]:
    variables = {**environ, "SIGYN_SERVER_ANSWER_TIMEOUT": answer_timeout}
    with running_server(data, variables=variables) as running:
        now = time.time_ns()
        values = [[str(now + number), "x" * LINE_BYTES] for number in range(LINES)]
        body = {"streams": [{"stream": {"app": "shop"}, "values": values}]}
        assert httpx.post(f"{running.url}/loki/api/v1/push", json=body, timeout=PATIENCE).status_code == 204
        yield running


def asking(url: str) -> socket.socket:
    """A connection on which all lines were asked for."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 << 10)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", urlsplit(url).port))
    connection.sendall(QUERY)
    return connection


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_an_answer_that_nobody_takes_is_given_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    log = data.with_name("data.stderr")
    with server_with_long_lines(data, "200ms") as running, asking(running.url) as connection:
        wait_until(lambda: "answer given up: its client takes nothing" in log.read_text())
        assert "client=127.0.0.1 path=/loki/api/v1/query_range" in log.read_text()
        # Of one stream, of which no more is encoded than fits on the way to the client.
        untaken = re.search(r"path=/loki/api/v1/query_range bytes=(\d+)", log.read_text())
        assert untaken, log.read_text()
        assert int(untaken[1]) < LINES * LINE_BYTES / 2
        received = 0
        try:
            while piece := connection.recv(1 << 20):
                received += len(piece)
        except ConnectionResetError:
            pass
        assert received < LINES * LINE_BYTES
        assert httpx.get(f"{running.url}/ready").status_code == 200


def test_an_answer_that_is_taken_slowly_is_not(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with server_with_long_lines(data, "1s") as running, asking(running.url) as connection:
        received = connection.recv(100)
        for _ in range(20):  # twice the timeout, in which the kernel takes nothing more from the server
            received += connection.recv(8 << 10)
            time.sleep(0.1)
        while piece := connection.recv(1 << 20):
            received += piece
    assert received.startswith(b"HTTP/1.1 200 OK")
    assert received.count(b"x") >= LINES * LINE_BYTES
    assert "given up" not in data.with_name("data.stderr").read_text()
