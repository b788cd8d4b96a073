"""A listener for syslog over TCP, TLS or UDP.

The labels are Promtail's: `__syslog_connection_*` and `__syslog_message_*`, which relabelling maps.
"""

import asyncio
import contextlib
import re
from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from sigyn.agent.config.targets import SyslogConfig
from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.server import TargetRow
from sigyn.agent.shipping.access import server_tls_context
from sigyn.agent.targets.addresses import host_and_port
from sigyn.agent.targets.framing import Framing
from sigyn.agent.targets.received import Inlet
from sigyn.agent.targets.syslog_message import SyslogMessage, parse_rfc3164, parse_rfc5424
from sigyn.model.errors import BadRequest, TooLarge, Unavailable
from sigyn.model.time import SECOND, Clock, system_clock

_log = structlog.get_logger("sigyn.agent.syslog")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_READ_BYTES = 64 << 10
_FORMATS = ("rfc5424", "rfc3164")


class SyslogListener:
    """Takes messages from any number of connections."""

    def __init__(self, config: SyslogConfig, inlet: Inlet, clock: Clock = system_clock) -> None:
        """Raises ConfigurationError."""
        self._config = config
        self._inlet = inlet
        self._clock = clock
        self._address = host_and_port(config.listen_address, "syslog.listen_address")
        if config.listen_protocol not in ("tcp", "udp"):
            raise ConfigurationError(f"syslog.listen_protocol: `{config.listen_protocol}` is none of tcp, udp")
        if config.syslog_format not in _FORMATS:
            raise ConfigurationError(f"syslog.syslog_format: `{config.syslog_format}` is none of {', '.join(_FORMATS)}")
        self._tls = server_tls_context(config.tls_config) if config.tls_config else None
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listens; raises Unavailable."""
        host, port = self._address
        loop = asyncio.get_running_loop()
        try:
            if self._config.listen_protocol == "udp":
                self._datagrams, _ = await loop.create_datagram_endpoint(
                    partial(_Datagrams, self), local_addr=(host or "0.0.0.0", port)
                )
            else:
                self._server = await asyncio.start_server(self._serve, host or None, port, ssl=self._tls)
        except OSError as error:
            raise Unavailable(f"syslog can't listen on {self._config.listen_address}: {error.strerror}") from None

    async def stop(self) -> None:
        """Closes all connections."""
        if self._datagrams:
            self._datagrams.close()
        if self._server:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def rows(self) -> Sequence[TargetRow]:
        """One row."""
        details: dict[str, str | int] = {
            "Address": self._config.listen_address,
            "Protocol": "tls" if self._tls else self._config.listen_protocol,
            "Connections": len(self._connections),
        }
        return [TargetRow(self._inlet.job.name, "Syslog", "ready", self._config.labels, self._config.labels, details)]

    def receive(self, messages: Sequence[bytes], peer: str) -> list[AgentEntry]:
        """Entries of messages; broken ones are counted and logged."""
        entries = []
        for data in messages:
            text = data.decode("utf-8", "replace")
            try:
                if self._config.syslog_format == "rfc3164":
                    message = parse_rfc3164(text, self._clock())
                else:
                    message = parse_rfc5424(text)
            except BadRequest as error:
                self._inlet.count_error()
                _log.warning("a syslog message can't be read", peer=peer, reason=str(error))
                continue
            if not message.message and not self._config.use_rfc5424_message:
                continue
            line = text if self._config.use_rfc5424_message else message.message
            timestamp = message.timestamp if self._config.use_incoming_timestamp else None
            entry = self._inlet.entry(self._labels(message, peer), line, timestamp)
            if entry:
                entries.append(entry)
        return entries

    def receive_datagram(self, data: bytes, peer: str) -> None:
        """One message a datagram; what finds no room is lost, as it is everywhere with UDP."""
        if self._inlet.job.sink.full():
            self._inlet.count_error()
            return
        self._inlet.push_now(self.receive([data.strip(b"\r\n\0")], peer))

    def _labels(self, message: SyslogMessage, peer: str) -> Mapping[str, str]:
        labels = {
            **self._config.labels,
            "__syslog_connection_ip_address": peer,
            "__syslog_connection_hostname": peer,
            "__syslog_message_severity": message.severity,
            "__syslog_message_facility": message.facility,
            "__syslog_message_hostname": message.hostname,
            "__syslog_message_app_name": message.app_name,
            "__syslog_message_proc_id": message.proc_id,
            "__syslog_message_msg_id": message.msg_id,
        }
        if self._config.label_structured_data:
            for element, parameters in message.structured.items():
                for name, value in parameters.items():
                    labels["__syslog_message_sd_" + _NOT_IN_NAMES.sub("_", f"{element}_{name}")] = value
        return labels

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        peer = str(writer.get_extra_info("peername", ("",))[0])
        framing = Framing(self._config.max_message_length)
        try:
            while True:
                async with asyncio.timeout(self._config.idle_timeout / SECOND):
                    data = await reader.read(_READ_BYTES)
                messages = framing.feed(data) if data else framing.finish()
                await self._inlet.push(self.receive(messages, peer))
                if not data:
                    break
        except TooLarge as error:
            self._inlet.count_error()
            _log.warning("a syslog connection was closed", peer=peer, reason=str(error))
        except OSError as error:  # time-outs, and what a client does to TLS, are such too
            _log.debug("a syslog connection ended", peer=peer, reason=repr(error))
        finally:
            self._connections.discard(task)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, listener: SyslogListener) -> None:
        self._listener = listener

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._listener.receive_datagram(data, addr[0])
