"""`limits_config`: lines per second, and bytes per line."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace

from sigyn.agent.config.process import LimitsConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import TENANT_LABEL, AgentEntry
from sigyn.agent.stages.values import byte_length


class EntryLimits:
    """Cuts, drops and slows down entries before they get into a batch. What is dropped counts for each host."""

    def __init__(self, config: LimitsConfig, counters: AgentCounters, hosts: Sequence[str]) -> None:
        self._config = config
        self._counters = counters
        self._hosts = hosts
        self._tokens = float(config.readline_burst)
        self._filled = time.monotonic()
        self.active = bool(config.readline_rate_enabled or config.max_line_size)

    def admit(self, entries: Sequence[AgentEntry]) -> Sequence[AgentEntry]:
        """The entries that may pass, with long lines cut if so configured."""
        if self._config.max_line_size:
            entries = self._by_size(entries)
        if self._config.readline_rate_enabled:
            entries = self._by_rate(entries)
        return entries

    async def pace(self) -> None:
        """Waits while more lines were read than the rate allows, where none is to be dropped."""
        if self._config.readline_rate_enabled and not self._config.readline_rate_drop:
            self._fill()
            while self._tokens < 0:
                await asyncio.sleep(-self._tokens / self._config.readline_rate)
                self._fill()

    def count(self, reason: str, entries: int, size: int, tenant: str = "") -> None:
        """Counts what was dropped."""
        for host in self._hosts:
            self._counters.dropped_entries.labels(host, tenant, reason).inc(entries)
            self._counters.dropped_bytes.labels(host, tenant, reason).inc(size)

    def _by_size(self, entries: Sequence[AgentEntry]) -> list[AgentEntry]:
        limit = self._config.max_line_size
        kept = []
        for entry in entries:
            # Four bytes are the most that a character takes: most lines need no encoding to be judged.
            if 4 * len(entry.line) > limit:
                data = entry.line.encode("utf-8", "surrogateescape")
                if len(data) > limit:
                    if not self._config.max_line_size_truncate:
                        self.count("line_too_long", 1, len(data), entry.labels.get(TENANT_LABEL, ""))
                        continue
                    entry = replace(entry, line=data[:limit].decode("utf-8", "ignore"))
            kept.append(entry)
        return kept

    def _by_rate(self, entries: Sequence[AgentEntry]) -> Sequence[AgentEntry]:
        self._fill()
        if not self._config.readline_rate_drop:
            self._tokens -= len(entries)
            return entries
        allowed = min(len(entries), int(self._tokens))
        self._tokens -= allowed
        if allowed < len(entries):
            size = sum(byte_length(entry.line) for entry in entries[allowed:])
            self.count("rate_limited", len(entries) - allowed, size)
        return entries[:allowed]

    def _fill(self) -> None:
        now = time.monotonic()
        more = (now - self._filled) * self._config.readline_rate
        self._tokens = min(float(self._config.readline_burst), self._tokens + more)
        self._filled = now
