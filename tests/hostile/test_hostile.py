"""What a server answers to those who mean it no good: no fault of its own, nothing that it should keep to itself."""

import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from .requests import GRPC, RAW, Answer, Hostile, corpus, send
from .server import Attacked, attacked_server

MOST_BYTES = 1536 << 20
"""Memory that the server may use at its highest; docs/security.md has what it used."""

LEAKS = ("Traceback", 'File "', str(Path(__file__).parents[2]), "site-packages", "root:x:0")
OPEN = ("/ready", "/metrics")
REFUSED = range(300, 500)


@pytest.fixture(scope="module", params=["open", "locked"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    with attacked_server(tmp_path_factory.mktemp(request.param), locked=request.param == "locked") as attacked:
        yield attacked


def test_the_corpus_is_large() -> None:
    assert len(corpus()) >= 300


@pytest.mark.timeout(600)
def test_no_request_of_the_corpus_finds_a_fault_or_a_secret(server: Attacked) -> None:
    wrong = [f"{request}: {problem}" for request in corpus() if (problem := _problem(server, request))]
    assert not wrong, "\n".join(wrong)
    assert httpx.get(f"{server.url}/ready").status_code == 200
    assert server.process.poll() is None
    assert server.memory < MOST_BYTES
    assert "Traceback" not in server.log
    assert "request failed" not in server.log
    assert {path.name for path in server.folder.iterdir()} == {"data", "log"}


def _problem(server: Attacked, request: Hostile) -> str:
    answer = send(request, server.url, server.grpc)
    if answer.status >= 500:
        return f"{answer.status} {answer.text[-300:]}"
    if not answer.status and request.method != RAW:
        return "no answer"
    if leak := next((leak for leak in (*LEAKS, str(server.folder)) if leak in answer.text), ""):
        return "" if _is_settings(server, request, leak) else f"tells `{leak}`"
    needs_nobody = request.method in (RAW, GRPC) or request.target.partition("?")[0] in OPEN
    return _let_in(answer) if server.locked and not needs_nobody else ""


def _is_settings(server: Attacked, request: Hostile, leak: str) -> bool:
    """`/config` of an open server tells where its data are, to whoever may ask."""
    return not server.locked and leak == str(server.folder) and request.target.startswith("/config")


def _let_in(answer: Answer) -> str:
    return "" if answer.status in REFUSED else f"{answer.status} for nobody"


SLOW = {
    "nothing": b"",
    "half of the headers": b"GET /ready HTTP/1.1\r\nhost: x\r\n",
    "half of a body": b"POST /loki/api/v1/push HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n{",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=list(SLOW))
def test_slow_clients_are_given_up(server: Attacked, sent: bytes) -> None:
    with _connect(server) as connection:
        connection.sendall(sent)
        status = connection.recv(4096)[9:12]
    assert status == (b"401" if server.locked and b"content-length" in sent else b"408")
    assert httpx.get(f"{server.url}/ready").status_code == 200


def test_headers_without_an_end_are_given_up(server: Attacked) -> None:
    received = b""
    with _connect(server) as connection, suppress(ConnectionError):
        connection.sendall(b"GET /ready HTTP/1.1\r\nx: ")
        for _ in range(20):
            connection.sendall(b"y" * 5_000)
            time.sleep(0.01)  # so that the answer is there before the connection is reset
        received = connection.recv(4096)
    assert received[9:12] in (b"431", b"")  # none: the reset came before the answer was read
    assert httpx.get(f"{server.url}/ready").status_code == 200


def _connect(server: Attacked) -> socket.socket:
    address = httpx.URL(server.url)
    return socket.create_connection((address.host, address.port or 80), timeout=30)
