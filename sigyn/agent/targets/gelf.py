"""A listener for Graylog's format (GELF) over UDP: JSON, compressed or not, whole or in chunks.

Source: Graylog's GELF specification; labels as Promtail documents them.
"""

import asyncio
import json
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
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
_MOST_WAITING = 64 << 20  # bytes of chunks: whoever reaches the port may send any number that never become whole
_LARGEST = 8 << 20
_FARTHEST = (1 << 63) / SECOND  # seconds
_log = structlog.get_logger("sigyn.agent.gelf")


@dataclass(slots=True)
class _Begun:
    """A message that is not whole yet: when its first chunk came (seconds), and those that are there by number."""

    at: float
    chunks: dict[int, bytes] = field(default_factory=dict)


class Chunks:
    """Messages in several datagrams, until they are whole or too old, or newer ones need their room."""

    def __init__(self, most_bytes: int = _MOST_WAITING) -> None:
        """`most_bytes` are those of all chunks that wait."""
        self._begun: dict[bytes, _Begun] = {}  # the oldest first
        self._most_bytes = most_bytes
        self._bytes = 0

    def add(self, data: bytes, now: float) -> bytes | None:
        """The message when this was its last chunk; raises BadRequest. `now` in seconds."""
        if len(data) < _CHUNK_HEAD:
            raise BadRequest("a chunk is shorter than its head")
        name, number, count = data[2:10], data[10], data[11]
        if not 0 <= number < count <= _MOST_CHUNKS:
            raise BadRequest(f"chunk {number} of {count}")
        self._make_room(len(data), now)
        begun = self._begun.setdefault(name, _Begun(now))
        self._bytes += len(data) - len(begun.chunks.get(number, b""))
        begun.chunks[number] = data
        if len(begun.chunks) < count:
            return None
        self._forget(name)
        return b"".join(begun.chunks[number][_CHUNK_HEAD:] for number in sorted(begun.chunks))

    def _make_room(self, size: int, now: float) -> None:
        while self._begun:
            name, oldest = next(iter(self._begun.items()))
            if now - oldest.at <= _CHUNK_SECONDS and self._bytes + size <= self._most_bytes:
                return
            self._forget(name)

    def _forget(self, name: bytes) -> None:
        self._bytes -= sum(map(len, self._begun.pop(name).chunks.values()))


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
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"no JSON: {error}") from None
        if not isinstance(message, dict) or "short_message" not in message:
            raise BadRequest("no object with a short_message")
        level = message.get("level", 1)
        labels = {
            **self._config.labels,
            "__gelf_message_level": SEVERITIES[int(level)] if level in range(len(SEVERITIES)) else "",
            "__gelf_message_host": str(message.get("host", "")),
            "__gelf_message_version": str(message.get("version", "")),
            "__gelf_message_facility": str(message.get("facility", message.get("_facility", ""))),
        }
        moment = message.get("timestamp") if self._config.use_incoming_timestamp else None
        if isinstance(moment, int | float) and not abs(moment) < _FARTHEST:
            raise BadRequest(f"the timestamp {str(moment)[:40]} is no time in seconds")
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
