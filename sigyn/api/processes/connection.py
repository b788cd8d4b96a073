"""Connections that go from one process to another between two requests, with the bytes that were read already.

The owner accepts all. A push moves a connection to an ingest process, anything else moves it back, so that clients may
mix both on one connection. The TCP connection stays as it is: the other process gets its descriptor.
"""

import asyncio
import os
import socket
from collections.abc import Callable
from typing import Any

import uvicorn

from sigyn.api.connection import MOST_HEADER_BYTES, BoundedConnection
from sigyn.api.processes.request_head import OTHER, UNDECIDED, PushHead, whose

_BUFFER_SECONDS = 0.01

Move = Callable[[int, bytes], bool]
"""Gives the descriptor of a connection, and what was read of the next request, to another process.

False when that can't be. The descriptor stays the caller's to close."""


class MovableConnection(BoundedConnection):
    """A connection that can go, and that may come with the begin of a request."""

    move: Move

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.came_with = b""
        self._begin = b""
        """What is there of a request that is not decided upon."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if self.came_with:
            begin, self.came_with = self.came_with, b""
            self.data_received(begin)

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait_for_more(self) -> None:
        self._unset_keepalive_if_required()
        self._start_header_timer()

    def _go(self, begin: bytes) -> bool:
        """Whether the connection is another process's now."""
        descriptor = os.dup(self.transport.get_extra_info("socket").fileno())
        try:
            gone = self.move(descriptor, begin)
        finally:
            os.close(descriptor)
        if gone:
            self._stop_header_timer()
            self._unset_keepalive_if_required()
            self.transport.abort()  # closes our descriptor alone, which ends nothing
        return gone


class OwnerConnection(MovableConnection):
    """Of the process that can serve everything, and lets pushes go if somebody takes them."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._in_request = False

    def data_received(self, data: bytes) -> None:
        if self._in_request or self._is_answering() or self.pipeline:
            super().data_received(data)
            return
        begin = self._begin + data
        decided = whose(begin, MOST_HEADER_BYTES)
        if decided == UNDECIDED:
            self._begin = begin
            self._wait_for_more()
            return
        self._begin = b""
        if isinstance(decided, PushHead) and not self.transport.get_write_buffer_size() and self._go(begin):
            return
        super().data_received(begin)

    def on_message_begin(self) -> None:
        self._in_request = True
        super().on_message_begin()

    def on_message_complete(self) -> None:
        self._in_request = False
        super().on_message_complete()


class IngestConnection(MovableConnection):
    """Of an ingest process: serves pushes, one at a time, and gives back what else comes."""

    ended: Callable[[], None]
    """Called when there is one connection less here."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._left = 0
        """Bytes that have yet to come of the push that is being served."""

    def data_received(self, data: bytes) -> None:
        if self._left:
            now, data = data[: self._left], data[self._left :]
            self._left -= len(now)
            super().data_received(now)
        if data:
            self._begin += data
            self._next_request()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.ended()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._begin:
            self.loop.call_soon(self._next_request)

    def _next_request(self) -> None:
        if not self._begin or self.transport.is_closing():
            return
        if self._is_answering():
            self.flow.pause_reading()  # goes on when the answer is complete
            return
        decided = whose(self._begin, MOST_HEADER_BYTES)
        if decided == UNDECIDED:
            self._wait_for_more()
        elif decided == OTHER and self.transport.get_write_buffer_size():
            self.flow.pause_reading()  # else a client that reads no answers could send without end
            self.loop.call_later(_BUFFER_SECONDS, self._next_request)
        elif isinstance(decided, PushHead):
            begin, self._begin, self._left = self._begin, b"", decided.size
            self.data_received(begin)
        elif not self._go(self._begin):
            self.transport.close()  # the owner is gone, or there is no room for one more file


async def adopt(server: uvicorn.Server, descriptor: int, begin: bytes) -> None:
    """Serves a connection that another process had, beginning with these bytes; takes the descriptor."""
    loop = asyncio.get_running_loop()
    connection: Any = server.config.http_protocol_class(  # type: ignore[call-arg]
        config=server.config, server_state=server.server_state, app_state=server.lifespan.state, _loop=loop
    )
    connection.came_with = begin
    accepted = socket.socket(fileno=descriptor)
    accepted.setblocking(False)
    await loop.connect_accepted_socket(lambda: connection, accepted)
    if server.should_exit:
        connection.shutdown()
