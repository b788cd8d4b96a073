"""Targets of a scrape config that are not files."""

from dataclasses import dataclass, field

from sigyn.agent.config.clients import TlsConfig
from sigyn.agent.config.server import ServerConfig
from sigyn.agent.config.units import SECOND, Duration, LabelTable, Size
from sigyn.agent.config.unused import unused


@dataclass(frozen=True, slots=True)
class DecompressionConfig:
    """`decompression`: files that are read through gz, bz2 or z."""

    enabled: bool = False
    initial_delay: Duration = unused(0, "NOT APPLIED: a compressed file is read as soon as it is found")
    format: str = ""


@dataclass(frozen=True, slots=True)
class JournalConfig:
    """`journal`: entries of systemd's journal."""

    max_age: Duration = 7 * 3600 * SECOND
    json: bool = False
    labels: LabelTable = field(default_factory=dict)
    path: str = ""
    matches: str = ""


@dataclass(frozen=True, slots=True)
class SyslogConfig:
    """`syslog`: a listener for RFC 5424 and RFC 3164 over TCP or UDP."""

    listen_address: str = ""
    listen_protocol: str = "tcp"
    idle_timeout: Duration = 120 * SECOND
    label_structured_data: bool = False
    labels: LabelTable = field(default_factory=dict)
    use_incoming_timestamp: bool = False
    use_rfc5424_message: bool = False
    syslog_format: str = "rfc5424"
    max_message_length: Size = 8192
    tls_config: TlsConfig | None = None


@dataclass(frozen=True, slots=True)
class LokiPushApiConfig:
    """`loki_push_api`: a listener for Loki's push API, with a server of its own."""

    server: ServerConfig = ServerConfig()
    labels: LabelTable = field(default_factory=dict)
    use_incoming_timestamp: bool = False


@dataclass(frozen=True, slots=True)
class GelfConfig:
    """`gelf`: a UDP listener for Graylog's format."""

    listen_address: str = "0.0.0.0:12201"
    labels: LabelTable = field(default_factory=dict)
    use_incoming_timestamp: bool = False
