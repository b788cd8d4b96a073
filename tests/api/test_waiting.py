"""Queries end when nobody waits for them any more."""

import socket
import time
from collections.abc import Callable

from sigyn.api.settings import ApiSettings
from sigyn.model.time import MILLISECOND

from .conftest import Server

QUERY = '{app="slow"}'
PATH = "/loki/api/v1/query_range?query=%7Bapp%3D%22slow%22%7D"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_query_is_cancelled_when_its_client_goes_away(server: Server) -> None:
    server.services.hanging.add(QUERY)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: len(server.services.asked) == 1)
    wait_until(lambda: server.services.cancelled == 1)


def test_a_query_that_does_not_listen_to_its_timeout_is_given_up(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings(query_timeout=50 * MILLISECOND, timeout_grace=50 * MILLISECOND))
    server.services.hanging.add(QUERY)
    answer = server.get("/loki/api/v1/query_range", query=QUERY)
    assert answer.status_code == 504
    assert "query_timeout" in answer.text
    wait_until(lambda: server.services.cancelled == 1)
    # Others are served meanwhile and afterwards.
    assert server.get("/ready").status_code == 200


def test_an_export_is_cancelled_when_its_client_goes_away_before_the_first_page(server: Server) -> None:
    server.services.hanging.add(QUERY)
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        path = "/sigyn/api/v1/export?query=%7Bapp%3D%22slow%22%7D"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        wait_until(lambda: len(server.services.asked) == 1)
    wait_until(lambda: server.services.cancelled == 1)


def test_a_tail_is_given_up_when_its_client_goes_away_before_its_recent_entries(server: Server) -> None:
    server.services.hanging.add(QUERY)
    upgrade = (
        "Upgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        path = "/loki/api/v1/tail?query=%7Bapp%3D%22slow%22%7D"
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{upgrade}\r\n".encode())
        wait_until(lambda: len(server.services.asked) == 1)
    wait_until(lambda: server.services.cancelled == 1)
