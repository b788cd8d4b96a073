"""Lines of standard input."""

import asyncio
import os
import socket
import stat
import sys
from collections.abc import Sequence

from sigyn.agent.config.scrape import ScrapeConfig
from sigyn.agent.entry import AgentEntry
from sigyn.agent.server import TargetRow
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.line_splitting import splitter_of
from sigyn.agent.targets.moments import Moments

_BLOCK_BYTES = 128 << 10


class StandardInput:
    """Reads standard input to its end; labels are those of the job's static_configs, else a job and a hostname."""

    def __init__(self, job: Job, scrape: ScrapeConfig, moments: Moments, finished: asyncio.Event) -> None:
        given = {
            name: value
            for config in scrape.static_configs
            for name, value in config.labels.items()
            if not name.startswith("__")
        }
        self._labels = given or {"job": "stdin", "hostname": socket.gethostname()}
        self._splitter = splitter_of(scrape.encoding)
        self._job = job
        self._moments = moments
        self._finished = finished
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begins to read."""
        self._task = asyncio.create_task(self._read(), name="stdin")

    async def stop(self) -> None:
        """Ends reading."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def rows(self) -> Sequence[TargetRow]:
        """One row."""
        return [TargetRow(self._job.name, "Stdin", "ready", self._labels, self._labels, {})]

    async def _read(self) -> None:
        try:
            rest = b""
            while block := await self._block():
                rest += block
                lines, used = self._splitter.split(rest)
                rest = rest[used:]
                await self._push(lines)
            if rest:
                await self._push([self._splitter.text(rest)])
        finally:
            self._finished.set()

    async def _push(self, lines: Sequence[str]) -> None:
        first = self._moments.take(len(lines))
        entries = [AgentEntry(self._labels.copy(), moment, line) for moment, line in enumerate(lines, first)]
        if entries:
            self._job.push(entries, None, sum(map(len, lines)))
        if self._job.sink.full():
            await self._job.sink.room()

    async def _block(self) -> bytes:
        handle = sys.stdin.fileno()
        if stat.S_ISREG(os.fstat(handle).st_mode):
            await asyncio.sleep(0)
            return os.read(handle, _BLOCK_BYTES)
        return await asyncio.to_thread(os.read, handle, _BLOCK_BYTES)
