"""Pushes hold no more memory together than they may, from the first byte of a body on."""

import json
import socket
import time
from collections.abc import Callable

import pytest

from sigyn.api.push_memory import PushMemory
from sigyn.api.settings import ApiSettings
from sigyn.model.errors import TooManyRequests

from .conftest import NOW, Server

PUSH = "/loki/api/v1/push"


def body(size: int) -> bytes:
    """A push of one line, about so many bytes long."""
    return json.dumps({"streams": [{"stream": {"app": "shop"}, "values": [[str(NOW), "x" * size]]}]}).encode()


def test_a_push_is_refused_while_others_hold_what_there_is(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings(push_memory_bytes=10_000))
    first = body(8_000)
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as slow:
        head = (
            f"POST {PUSH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(first)}\r\n\r\n"
        )
        slow.sendall(head.encode() + first[:-1])
        refused = _until_refused(server, body(5_000))
        assert refused["retry-after"] == "1"
        assert server.client.post(PUSH, content=body(100)).status_code == 204  # there is room for this one
        slow.sendall(first[-1:])
        assert slow.recv(1 << 10).startswith(b"HTTP/1.1 204")
    assert server.client.post(PUSH, content=body(5_000)).status_code == 204


def test_a_push_that_is_alone_may_hold_more(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings(push_memory_bytes=100))
    assert server.client.post(PUSH, content=body(5_000)).status_code == 204


def test_a_body_may_not_inflate_beyond_what_it_may_have(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings(max_decompressed_bytes=4_000))
    answer = server.client.post(PUSH, content=body(5_000), headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert "over 4000 bytes once decompressed" in answer.text


def test_what_a_push_held_is_given_back_however_it_ends() -> None:
    memory = PushMemory(100)
    with memory.hold() as one:
        one.add(80)
        with (
            pytest.raises(TooManyRequests, match="80 bytes of memory, 30 more would exceed the 100"),
            memory.hold() as two,
        ):
            two.add(30)
        one.add(50)
    with memory.hold() as three:
        three.add(100)


def _until_refused(server: Server, content: bytes) -> dict[str, str]:
    """The headers of the first refusal: the slow push may not have arrived yet."""
    for _ in range(1000):
        answer = server.client.post(PUSH, content=content, headers={"Content-Type": "application/json"})
        if answer.status_code == 429:
            return dict(answer.headers)
        assert answer.status_code == 204
        time.sleep(0.01)
    raise AssertionError("no push was refused")
