"""Sections about the agent as a whole: positions, limits, how files are watched, the buffer on disk."""

from dataclasses import dataclass

from sigyn.agent.config.clients import LAG_BY_FILE
from sigyn.agent.config.units import MILLISECOND, SECOND, Duration, Size
from sigyn.agent.config.unused import unused

BUFFER_TELLS = "clients hear of each batch in the buffer at once, and do not look for them"
DROPPED_WHEN_SENT = "a batch leaves the buffer when all clients have it"


@dataclass(frozen=True, slots=True)
class PositionsConfig:
    """`positions`: the file that remembers how far each file was read."""

    filename: str = "/var/log/positions.yaml"
    sync_period: Duration = 10 * SECOND
    ignore_invalid_yaml: bool = False


@dataclass(frozen=True, slots=True)
class LimitsConfig:
    """`limits_config`: lines per second, streams, and bytes per line (0: no limit)."""

    readline_rate_enabled: bool = False
    readline_rate: float = 10_000.0
    readline_burst: int = 10_000
    readline_rate_drop: bool = True
    max_streams: int = 0
    max_line_size: Size = 0
    max_line_size_truncate: bool = False


@dataclass(frozen=True, slots=True)
class TargetConfig:
    """`target_config`: how often new and vanished files are looked for."""

    sync_period: Duration = 10 * SECOND
    stdin: bool = False


@dataclass(frozen=True, slots=True)
class FileWatchConfig:
    """`global.file_watch_config`: how often files are polled for changes."""

    min_poll_frequency: Duration = 250 * MILLISECOND
    max_poll_frequency: Duration = unused(
        250 * MILLISECOND, "the kernel tells of changes; where it can't, files are looked at by min_poll_frequency"
    )


@dataclass(frozen=True, slots=True)
class GlobalConfig:
    """`global`."""

    file_watch_config: FileWatchConfig = FileWatchConfig()


@dataclass(frozen=True, slots=True)
class OptionsConfig:
    """`options`: stream lag labels, which the agent's metrics always have."""

    stream_lag_labels: str = unused("", LAG_BY_FILE)


@dataclass(frozen=True, slots=True)
class TracingConfig:
    """`tracing`: accepted, the agent sends no traces of itself."""

    enabled: bool = unused(False, "NOT APPLIED: the agent sends no traces of itself")


@dataclass(frozen=True, slots=True)
class WalWatchConfig:
    """`wal.watch_config`: how often the buffer is read, and how long it may take to drain at the end."""

    min_read_frequency: Duration = unused(250 * MILLISECOND, BUFFER_TELLS)
    max_read_frequency: Duration = unused(SECOND, BUFFER_TELLS)
    drain_timeout: Duration = unused(30 * SECOND, "what is not sent at the end waits in the buffer for the next start")


@dataclass(frozen=True, slots=True)
class WalConfig:
    """`wal`: the buffer on disk for entries that no server took yet.

    `max_size` is Sigyn's own: the buffer never takes more room than this.
    """

    enabled: bool = False
    dir: str = "wal"
    max_segment_age: Duration = unused(3600 * SECOND, DROPPED_WHEN_SENT)
    cleaner_interval: Duration = unused(60 * SECOND, DROPPED_WHEN_SENT)
    max_size: Size = 1 << 30
    watch_config: WalWatchConfig = WalWatchConfig()
