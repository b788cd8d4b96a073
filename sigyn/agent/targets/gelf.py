"""A listener for Graylog's format (GELF) over UDP: JSON, compressed or not, whole or in chunks.

Source: Graylog's GELF specification; labels as Promtail documents them.
"""

import asyncio
import json
import time
import zlib
from collections.abc import Sequence
from functools import partial

import structlog

from sigyn.agent.config.targets import GelfConfig
from sigyn.agent.server import TargetRow
from sigyn.agent.targets.addresses import host_and_port
from sigyn.agent.targets.received import Inlet
from sigyn.agent.targets.syslog_message import SEVERITIES
from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.time import SECOND

_CHUNK = b"\x1e\x0f"
_CHUNK_HEAD = 12
_MOST_CHUNKS = 128
_CHUNK_SECONDS = 5.0  # as the specification has it
_LARGEST = 8 << 20
_log = structlog.get_logger("sigyn.agent.gelf")


class Chunks:
    """Messages in several datagrams, until they are whole or too old."""

    def __init__(self) -> None:
        self._parts: dict[bytes, tuple[float, dict[int, bytes], int]] = {}

    def add(self, data: bytes, now: float) -> bytes | None:
        """The message when this was its last chunk; raises BadRequest. `now` in seconds."""
        for name in [name for name, (began, _, _) in self._parts.items() if now - began > _CHUNK_SECONDS]:
            del self._parts[name]
        if len(data) < _CHUNK_HEAD:
            raise BadRequest("a chunk is shorter than its head")
        name, number, count = data[2:10], data[10], data[11]
        if not 0 <= number < count <= _MOST_CHUNKS:
            raise BadRequest(f"chunk {number} of {count}")
        _, parts, _ = self._parts.setdefault(name, (now, {}, count))
        parts[number] = data[_CHUNK_HEAD:]
        if len(parts) < count:
            return None
        del self._parts[name]
        return b"".join(parts[number] for number in sorted(parts))


class GelfListener:
    """Takes messages by UDP."""

    def __init__(self, config: GelfConfig, inlet: Inlet) -> None:
        """Raises ConfigurationError."""
        self._config = config
        self._inlet = inlet
        self._address = host_and_port(config.listen_address, "gelf.listen_address")
        self._chunks = Chunks()
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self) -> None:
        """Listens; raises Unavailable."""
        host, port = self._address
        try:
            self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                partial(_Datagrams, self), local_addr=(host or "0.0.0.0", port)
            )
        except OSError as error:
            raise Unavailable(f"gelf can't listen on {self._config.listen_address}: {error.strerror}") from None

    async def stop(self) -> None:
        """Closes the socket."""
        if self._transport:
            self._transport.close()

    def rows(self) -> Sequence[TargetRow]:
        """One row."""
        details: dict[str, str | int] = {"Address": self._config.listen_address}
        return [TargetRow(self._inlet.job.name, "Gelf", "ready", self._config.labels, self._config.labels, details)]

    def receive(self, data: bytes) -> None:
        """A datagram."""
        try:
            if data.startswith(_CHUNK):
                whole = self._chunks.add(data, time.monotonic())
                if whole is None:
                    return
                data = whole
            self._take(_inflate(data))
        except BadRequest as error:
            self._inlet.count_error()
            _log.warning("a GELF message can't be read", reason=str(error))

    def _take(self, data: bytes) -> None:
        try:
            message = json.loads(data)
        except ValueError as error:
            raise BadRequest(f"no JSON: {error}") from None
        if not isinstance(message, dict) or "short_message" not in message:
            raise BadRequest("no object with a short_message")
        level = message.get("level", 1)
        labels = {
            **self._config.labels,
            "__gelf_message_level": SEVERITIES[level] if level in range(len(SEVERITIES)) else "",
            "__gelf_message_host": str(message.get("host", "")),
            "__gelf_message_version": str(message.get("version", "")),
            "__gelf_message_facility": str(message.get("facility", message.get("_facility", ""))),
        }
        moment = message.get("timestamp") if self._config.use_incoming_timestamp else None
        timestamp = round(moment * SECOND) if isinstance(moment, int | float) else None
        entry = self._inlet.entry(labels, data.decode("utf-8", "replace"), timestamp)
        if entry:
            self._inlet.push_now([entry])


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: GelfListener) -> None:
        self._listener = listener

    def datagram_received(self, data: bytes, _addr: tuple[str, int]) -> None:
        self._listener.receive(data)


def _inflate(data: bytes) -> bytes:
    if data[:2] == b"\x1f\x8b" or data[:1] == b"\x78":
        try:
            inflater = zlib.decompressobj(47)  # gzip or zlib, by its head
            text = inflater.decompress(data, _LARGEST)
        except zlib.error as error:
            raise BadRequest(f"broken compression: {error}") from None
        if inflater.unconsumed_tail:
            raise BadRequest(f"over {_LARGEST} bytes once decompressed")
        return text
    return data
