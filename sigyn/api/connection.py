"""A connection of HTTP/1.1 as uvicorn serves it, with bounds on what comes before a request is understood."""

import asyncio
import fcntl
import ssl
import struct
import termios
from typing import Any

import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sigyn.api.access.door import CLIENT_CERTIFICATE

MOST_HEADER_BYTES = 64 << 10
"""Of the request line and all headers together: eight times what proxies let through by default."""

_log = structlog.get_logger("sigyn.api")

_END = b"\r\n\r\n"
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class BoundedConnection(HttpToolsProtocol):
    """Gives up on clients whose headers take too long or get too large, or that leave their answer lying; knows clients
    by their certificates.
    """

    header_seconds = 10.0
    """How long the request line and headers may take, from the first byte, or from the connection on."""

    answer_seconds = 60.0
    """How long a client may take nothing of an answer that waits for it; 0: for ever."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._header_bytes = 0
        self._in_headers = True
        self._last = b""
        self._header_timer: asyncio.TimerHandle | None = None
        self._answer_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        name = _common_name(transport.get_extra_info("ssl_object"))
        if name:
            self.app_state = {**self.app_state, CLIENT_CERTIFICATE: name}
        self._start_header_timer()

    def data_received(self, data: bytes) -> None:
        if self._in_headers:
            self._start_header_timer()
            self._header_bytes += self._header_bytes_in(data)
            if self._header_bytes > MOST_HEADER_BYTES:
                self._give_up(_TOO_LARGE)
                return
        super().data_received(data)

    def on_headers_complete(self) -> None:
        self._in_headers = False
        self._stop_header_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_headers, self._header_bytes, self._last = True, 0, b""
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.answer_seconds:
            self._look_later(self._untaken())

    def resume_writing(self) -> None:
        self._stop_answer_timer()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_header_timer()
        self._stop_answer_timer()
        super().connection_lost(exc)

    def _header_bytes_in(self, data: bytes) -> int:
        """How many of these bytes come before the end of the headers, which the bytes before may have begun."""
        last, self._last = self._last, (self._last + data[-3:])[-3:]
        if _END in last + data[:3]:
            return 0
        end = data.find(_END)
        return len(data) if end < 0 else end

    def _start_header_timer(self) -> None:
        if self._header_timer is None:
            self._header_timer = self.loop.call_later(self.header_seconds, self._give_up, _TOO_SLOW)

    def _stop_header_timer(self) -> None:
        if self._header_timer is not None:
            self._header_timer.cancel()
            self._header_timer = None

    def _look_later(self, untaken: int) -> None:
        self._answer_timer = self.loop.call_later(self.answer_seconds, self._look, untaken)

    def _look(self, before: int) -> None:
        untaken = self._untaken()
        if untaken < before:
            self._look_later(untaken)
            return
        # What the answer is made of stays in memory until somebody has read it.
        client = self.client[0] if self.client else ""
        _log.info("answer given up: its client takes nothing", client=client, path=self.scope["path"], bytes=untaken)
        self.transport.abort()

    def _untaken(self) -> int:
        """Bytes that the client has not acknowledged, those that the kernel holds among them.

        It takes them from us a MB at a time when the client is slow, which would look like a stop.
        """
        connection = self.transport.get_extra_info("socket")
        held = fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(struct.calcsize("i")))
        return self.transport.get_write_buffer_size() + int(struct.unpack("i", held)[0])

    def _stop_answer_timer(self) -> None:
        if self._answer_timer is not None:
            self._answer_timer.cancel()
            self._answer_timer = None

    def _give_up(self, answer: bytes) -> None:
        self._stop_header_timer()
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()


def _common_name(connection: ssl.SSLObject | None) -> str:
    certificate: dict[str, Any] = (connection.getpeercert() if connection is not None else None) or {}
    return next((value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"), "")
