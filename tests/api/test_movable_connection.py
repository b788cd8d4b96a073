"""Connections of an ingest process, between two requests."""

import asyncio
import socket
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sigyn.api.http_server import HttpServer, http_config
from sigyn.api.processes.connection import IngestConnection, adopt
from sigyn.model.time import SECOND

PATIENCE = 60.0  # seconds
PUSH = b"POST /loki/api/v1/push HTTP/1.1\r\nHost: test\r\nContent-Length: 0\r\n\r\n"
ANSWER = b"x" * 50_000  # more than a socket holds here, less than what makes the server wait


async def answer(_request: Request) -> Response:
    return Response(ANSWER)


def test_nothing_more_is_read_while_a_connection_waits_to_be_given_back() -> None:
    given_back: list[bytes] = []

    def move(_descriptor: int, begin: bytes) -> bool:
        given_back.append(begin)
        return True

    async def run() -> None:
        loop = asyncio.get_running_loop()
        own = {"move": staticmethod(move), "ended": staticmethod(lambda: None)}
        app = Starlette(routes=[Route("/loki/api/v1/push", answer, methods=["POST"])])
        connection = type("Connection", (IngestConnection,), own)
        patience = 600 * SECOND
        config = http_config(
            app,
            connection,
            header_timeout=patience,
            answer_timeout=patience,
            graceful_shutdown_timeout=SECOND,
        )
        config.load()
        server = HttpServer(config, announce=lambda: None)
        server.lifespan = config.lifespan_class(config)
        client, served = socket.socketpair()
        client.setblocking(False)
        served.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        await adopt(server, served.detach(), PUSH)
        (made,) = server.server_state.connections
        adopted: Any = made
        async with asyncio.timeout(PATIENCE):
            await loop.sock_sendall(client, b"GET /ready HTTP/1.1\r\n")
            while not adopted._begin:
                await asyncio.sleep(0.01)
            while not adopted.flow.read_paused:
                await asyncio.sleep(0.01)
            received = b""
            while not received.endswith(ANSWER):
                received += await loop.sock_recv(client, 65_536)
            while not given_back:
                await asyncio.sleep(0.01)
        assert given_back == [b"GET /ready HTTP/1.1\r\n"]
        client.close()

    asyncio.run(run())
