"""What the containers of a Docker daemon write, over its API, from the moment on that was delivered last."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import httpx
import structlog

from sigyn.agent.config.discovery import DockerSdConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.discovery.docker import ID_LABEL, docker_client
from sigyn.agent.discovery.groups import TargetLabels
from sigyn.agent.entry import AgentEntry
from sigyn.agent.positions import Changes
from sigyn.agent.server import TargetRow
from sigyn.agent.targets.job import Job, Origin
from sigyn.languages.relabel import RelabelRule, relabel, without_meta
from sigyn.languages.templates.golayout import parse_time
from sigyn.model.time import SECOND

_log = structlog.get_logger("sigyn.agent.docker")
_FRAME = 8
_STREAMS = {1: "stdout", 2: "stderr"}
_LAYOUT = "2006-01-02T15:04:05.999999999Z07:00"
_AGAIN = 2.0
_LONGEST_LINE = 4 << 20
"""Bytes; what is longer is sent in pieces, as a container may write for ever without ending a line."""


def _cut(text: bytes) -> tuple[list[bytes], bytes]:
    """The lines that are whole, or long enough, and the beginning of the next: a piece has the time of those before."""
    *lines, left = text.split(b"\n")
    if len(left) < _LONGEST_LINE:
        return lines, left
    return [*lines, left], left.partition(b" ")[0] + b" "


class Demultiplexer:
    """Frames of a log without a terminal: a byte of kind, three of nothing, four of length, the text."""

    def __init__(self) -> None:
        self._rest = b""
        self._lines: dict[int, bytes] = {}

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Complete lines with the stream that they are of."""
        rest = self._rest + data
        found = []
        while len(rest) >= _FRAME:
            kind, length = rest[0], int.from_bytes(rest[4:8], "big")
            if len(rest) < _FRAME + length:
                break
            text = self._lines.pop(kind, b"") + rest[_FRAME : _FRAME + length]
            lines, left = _cut(text)
            if left:
                self._lines[kind] = left
            found += [(_STREAMS.get(kind, ""), line) for line in lines]
            rest = rest[_FRAME + length :]
        self._rest = rest
        return found


class TerminalLines:
    """The log of a container with a terminal: lines, and no frames."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[tuple[str, bytes]]:
        """Complete lines."""
        lines, self._rest = _cut(self._rest + data)
        return [("stdout", line.removesuffix(b"\r")) for line in lines]


@dataclass(slots=True)
class _Read:
    """What had been read of a log before it was asked for again: up to a time (ns), and so many lines of that time."""

    last: int
    lines_at_last: int


class ContainerLog:
    """One container. Its position is `docker-ID: NANOSECONDS` of the last line."""

    def __init__(
        self,
        container: str,
        discovered: TargetLabels,
        rules: Sequence[RelabelRule],
        job: Job,
        counters: AgentCounters,
        since: int,
    ) -> None:
        self.container = container
        self.lines = 0
        self.last = since
        self._lines_at_last = 0
        self._job = job
        self._counter = counters.target_entries.labels("docker", job.name)
        self._errors = counters.target_errors.labels("docker", job.name)
        self._labels: dict[str, dict[str, str] | None] = {}
        for stream in ("stdout", "stderr"):
            kept = relabel({**discovered, "__meta_docker_container_log_stream": stream}, rules)
            self._labels[stream] = None if kept is None else without_meta(kept)

    def changes(self, mark: int | None) -> Changes:
        """The time of the last line that was read, or of the one before a held line."""
        return {f"docker-{self.container}": str(self.last if mark is None else mark)}

    async def follow(self, client: httpx.AsyncClient, again: float = _AGAIN) -> None:
        """Reads until it is cancelled, or the container is removed; one that ends may be started again.

        Its log is asked for again after so many seconds.
        """
        while True:
            try:
                await self._read(client)
            except httpx.HTTPStatusError as error:
                if error.response.status_code == httpx.codes.NOT_FOUND:
                    return
                _log.warning("a container's log can't be read", container=self.container, reason=str(error))
            except (httpx.HTTPError, OSError, ValueError) as error:
                _log.debug("a container's log ended", container=self.container, reason=repr(error))
            await asyncio.sleep(again)

    async def _read(self, client: httpx.AsyncClient) -> None:
        details = await client.get(f"/containers/{self.container}/json")
        details.raise_for_status()
        terminal = bool((details.json().get("Config") or {}).get("Tty"))
        splitter = TerminalLines() if terminal else Demultiplexer()
        read = _Read(self.last, self._lines_at_last)
        seconds, nanos = divmod(read.last, SECOND)
        parameters = {
            "follow": "1", "stdout": "1", "stderr": "1", "timestamps": "1", "since": f"{seconds}.{nanos:09d}",
        }  # fmt: skip
        timeout = httpx.Timeout(30.0, read=None)
        path = f"/containers/{self.container}/logs"
        async with client.stream("GET", path, params=parameters, timeout=timeout) as answer:
            answer.raise_for_status()
            async for data in answer.aiter_raw():
                self._push(splitter.feed(data), read)
                if self._job.sink.full():
                    await self._job.sink.room()

    def _push(self, lines: Sequence[tuple[str, bytes]], read: _Read) -> None:
        entries: list[AgentEntry] = []
        size = 0
        for stream, data in lines:
            text = data.decode("utf-8", "replace")
            time, _, line = text.partition(" ")
            try:
                timestamp = parse_time(_LAYOUT, time)
            except ValueError:
                self._errors.inc()
                continue
            if timestamp < read.last:
                continue  # daemons that know no fractions of `since` send the whole second again
            if timestamp == read.last and read.lines_at_last:
                read.lines_at_last -= 1  # what a daemon sends begins with the time that it is asked for
                continue
            before = self.last
            if timestamp > before:
                self.last, self._lines_at_last = timestamp, 0
            self._lines_at_last += timestamp == self.last
            labels = self._labels.get(stream)
            if labels is not None:
                entries.append(AgentEntry(labels.copy(), timestamp, line, {}, {}, Origin(self, before)))
                size += len(data)
        self.lines += len(entries)
        self._counter.inc(len(entries))
        if lines:
            self._job.push(entries, self, size)


@dataclass(slots=True)
class _Followed:
    log: ContainerLog
    labels: dict[str, str]
    discovered: TargetLabels
    task: asyncio.Task[None] | None = None


class DockerFollower:
    """The logs of all containers that discovery finds."""

    def __init__(
        self,
        config: DockerSdConfig,
        job: Job,
        rules: Sequence[RelabelRule],
        counters: AgentCounters,
        positions: dict[str, str],
    ) -> None:
        """Raises ConfigurationError."""
        self.client = docker_client(config)
        self._job = job
        self._rules = rules
        self._counters = counters
        self._positions = positions
        self._followed: dict[str, _Followed] = {}

    async def start(self) -> None:
        """Logs are followed as soon as discovery finds them."""

    async def stop(self) -> None:
        """Closes all logs."""
        tasks = [one.task for one in self._followed.values() if one.task]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.client.aclose()

    def follow(self, _source: str, targets: Sequence[tuple[TargetLabels, dict[str, str]]]) -> None:
        """Follows new containers; those that are gone end by themselves."""
        for discovered, labels in targets:
            container = discovered.get(ID_LABEL, "")
            known = self._followed.get(container)
            if not container or (known and known.task and not known.task.done()):
                continue
            if known:
                since = known.log.last
            else:
                position = self._positions.get(f"docker-{container}", "")
                since = int(position) if position.isdigit() else 0
            log = ContainerLog(container, discovered, self._rules, self._job, self._counters, since)
            task = asyncio.create_task(log.follow(self.client), name=f"docker {container}")
            self._followed[container] = _Followed(log, labels, discovered, task)

    def rows(self) -> Sequence[TargetRow]:
        """A row for each container."""
        return [
            TargetRow(
                self._job.name,
                "Docker",
                "ready" if one.task and not one.task.done() else "the container is gone",
                one.labels,
                one.discovered,
                {"Container": container, "Lines": one.log.lines},
            )
            for container, one in self._followed.items()
        ]
