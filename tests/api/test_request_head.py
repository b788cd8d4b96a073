"""Which requests are plainly pushes, whose connection another process may serve."""

import pytest

from sigyn.api.processes.request_head import OTHER, UNDECIDED, PushHead, whose

PUSH = b"POST /loki/api/v1/push HTTP/1.1\r\nHost: test\r\ncontent-LENGTH: 12\r\n\r\n"


def test_a_push_is_one_as_soon_as_its_headers_are_there() -> None:
    assert {whose(PUSH[:size], 1000) for size in range(len(PUSH))} == {UNDECIDED}
    assert whose(PUSH, 1000) == whose(PUSH + b"{}", 1000) == PushHead(len(PUSH) + 12)


@pytest.mark.parametrize("path", ["/api/prom/push", "/otlp/v1/logs", "/v1/logs", "/loki/api/v1/push?a=b"])
def test_every_path_of_pushes(path: str) -> None:
    request = PUSH.replace(b"/loki/api/v1/push", path.encode())
    assert whose(request, 1000) == PushHead(len(request) + 12)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"G",
        b"GET /ready HTTP/1.1\r\n",
        b"\r\n" + PUSH,
        PUSH.replace(b"POST", b"PUT"),
        PUSH.replace(b"push", b"pushed"),
        PUSH.replace(b"1.1", b"1.0"),
        PUSH.replace(b"content-LENGTH: 12\r\n", b""),
        PUSH.replace(b": 12", b": 12, 12"),
        PUSH.replace(b": 12", b": +12"),
        PUSH.replace(b"\r\n\r\n", b"\r\nContent-Length: 13\r\n\r\n"),
        PUSH.replace(b"\r\n\r\n", b"\r\nContent-Length : 13\r\n\r\n"),
        PUSH.replace(b"\r\n\r\n", b"\r\nTransfer-Encoding: chunked\r\n\r\n"),
        PUSH.replace(b"\r\n\r\n", b"\r\nUpgrade: websocket\r\n\r\n"),
        PUSH.replace(b"test", b"t" * 1000),
        PUSH[:-2].replace(b"test", b"t" * 1000),
    ],
)
def test_whatever_leaves_a_doubt_is_none(request_bytes: bytes) -> None:
    assert whose(request_bytes, 1000) == OTHER
