"""Files tailed inside another process, such as a server: no HTTP between the two, no configuration.

Entries get their time when they are read. So that those which a killed process had stored, but not yet
noted as read, are not stored again with another time, each push is written to a file before it is made,
and made again at the next start: the store drops exact duplicates.

All that touches their disk is done on a thread: a disk that hangs must not hold up the process that it is in.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from threading import Thread
from typing import Any

import msgspec
import structlog

from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.positions import Changes, Positions, write_atomically
from sigyn.agent.stages import StagePipeline
from sigyn.agent.targets.file_reader import FileReader, FileTarget
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.line_splitting import splitter_of
from sigyn.agent.targets.moments import Moments
from sigyn.model.errors import BadRequest, SigynError, TooLarge, TooManyRequests, Unavailable
from sigyn.model.labels import Labels, labels_of
from sigyn.wire.columns import PushColumns
from sigyn.wire.push import DecodedPush

Push = Callable[[DecodedPush], Coroutine[Any, Any, object]]
"""Stores entries and returns when they are durable; raises BadRequest, TooManyRequests and Unavailable."""

_FIRST_WAIT, _LONGEST_WAIT = 0.1, 10.0
_TRIES_WHOLE = 5  # of a push over a rate limit, 3 s: with room for so much the limit has let it through by then
_RATE_LIMITED = 429
_MOST_BYTES = 4 << 20  # of entries that wait for the store: reading pauses above
_BLOCK_BYTES = 32 << 10  # a ms of work, after which requests of the server have their turn
_LABELS = {"job": "files"}
_log = structlog.get_logger("sigyn.agent.tailing")


@dataclass(slots=True)
class _Block:
    """Entries of one stream, in the order in which they were read."""

    labels: Labels
    timestamps: list[int] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Batch:
    """A push that is being made, and the positions that hold once it is stored."""

    blocks: list[_Block]
    positions: dict[str, str]


class _Answer(Enum):
    """What became of a push."""

    SETTLED = auto()  # stored, or refused for good
    LATER = auto()
    LIMITED = auto()  # later, or in smaller parts


class Tailing:
    """Files that are being tailed, on a thread with an event loop of its own; `close` ends it."""

    def __init__(self, globs: Sequence[str], push: Push, positions: Path) -> None:
        caller = asyncio.get_running_loop()

        async def push_there(decoded: DecodedPush) -> object:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(push(decoded), caller))

        self._sink = _PushSink(push_there, positions)
        self.counters = AgentCounters()
        pipeline = StagePipeline([], _LABELS["job"], StageMetrics())
        job = Job(_LABELS["job"], pipeline, self._sink)
        self._reader = FileReader(
            self._sink, self.counters, self._sink.positions.snapshot(), Moments(), block_bytes=_BLOCK_BYTES
        )
        splitter = splitter_of("")
        self._reader.set_targets("globs", [FileTarget(job, glob, "", dict(_LABELS), splitter) for glob in globs])
        self._stop = asyncio.Event()
        self._ended = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        # One that hangs in a read must not keep the process from its end.
        Thread(target=self._run, args=(caller,), name="tailed-files", daemon=True).start()

    @property
    def files(self) -> list[str]:
        """Paths that are tailed now."""
        return [file.path for file in self._reader.files()]

    async def close(self) -> None:
        """Stores what was read, and remembers where; what can't be stored is read again at the next start."""
        self._loop.call_soon_threadsafe(self._stop.set)
        try:
            async with asyncio.timeout(2 * _LONGEST_WAIT):
                await self._ended.wait()
        except TimeoutError:
            _log.error("files can't be read to an end: their disk does not answer; the next start goes on from there")

    def _run(self, caller: asyncio.AbstractEventLoop) -> None:
        try:
            self._loop.run_until_complete(self._read_and_store())
        finally:
            with contextlib.suppress(RuntimeError):  # the caller did not wait
                caller.call_soon_threadsafe(self._ended.set)
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
            self._loop.close()

    async def _read_and_store(self) -> None:
        stop = asyncio.create_task(self._stop.wait())
        reading = asyncio.create_task(self._reader.run(), name="tailed files")
        storing = asyncio.create_task(self._sink.run(), name="tailed entries")
        for task in (reading, storing):
            task.add_done_callback(_tell_failure)
        # Neither is of use without the other.
        await asyncio.wait((stop, reading, storing), return_when=asyncio.FIRST_COMPLETED)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        await self._sink.finish(storing)
        await self._stop.wait()


def start_tailing(globs: Sequence[str], push: Push, positions: Path) -> Tailing:
    """Tails files into `push`, which is called on the running event loop; entries have the labels `job` and `filename`.

    `positions` is a file that remembers how far they were read. Raises BadRequest when it is broken.
    """
    return Tailing(globs, push, positions)


def _tell_failure(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error:
        _log.error("files are not read any more; the next start goes on where this ended", reason=repr(error))


class _PushSink:
    """Entries that wait to be pushed, all that there are at a time."""

    def __init__(self, push: Push, positions: Path) -> None:
        self.positions = Positions.load(positions)
        self._push = push
        self._journal = positions.with_name(positions.name + ".pending")
        self._unfinished = _read_pending(self._journal)
        if self._unfinished:
            self.positions.apply(self._unfinished.positions)
        self._entries: list[AgentEntry] = []
        self._changes: dict[str, str] = {}
        self._size = 0
        self._pending = asyncio.Event()
        self._stored = asyncio.Event()
        self._stopping = False

    def add(self, entries: Sequence[AgentEntry], positions: Changes, size: int) -> None:
        """Keeps entries until they are pushed."""
        self._entries += entries
        self._changes.update(positions)
        self._size += size
        self._pending.set()

    def full(self) -> bool:
        """Whether reading must wait."""
        return self._size >= _MOST_BYTES

    async def room(self) -> None:
        """Returns when there is room."""
        while self.full():
            self._stored.clear()
            await self._stored.wait()

    async def kept(self) -> None:
        """At once: files can be read again."""

    async def run(self) -> None:
        """Pushes until it is told to stop, first of all what a killed process left."""
        if self._unfinished:
            await self._store(self._unfinished)
        while not self._stopping or self._entries:
            await self._pending.wait()
            self._pending.clear()
            pending = _Batch(_blocks(self._entries), self._changes)
            size = self._size
            self._entries, self._changes = [], {}
            if pending.blocks:
                await self._written(self._journal, msgspec.msgpack.encode(pending))
            await self._store(pending)
            self._size -= size
            self._stored.set()

    async def finish(self, task: asyncio.Task[None]) -> None:
        """Pushes what is left; gives up when the store can't take it."""
        self._stopping = True
        self._pending.set()
        await asyncio.wait([task], timeout=_LONGEST_WAIT)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _store(self, pending: _Batch) -> None:
        await self._store_lines(pending.blocks)
        self.positions.apply(pending.positions)
        text = self.positions.changed_text()
        if text is None or await self._written(self.positions.path, text):
            self._journal.unlink(missing_ok=True)

    async def _store_lines(self, blocks: list[_Block]) -> None:
        """Returns when all are stored, or refused for good.

        A limit of a rate lets nothing through that is larger than its burst, however long one waits: what is
        refused several times is pushed in halves, down to the size that passes.
        """
        waiting, tries_whole, passed = [blocks] if blocks else [], _TRIES_WHOLE, 0
        tries, wait = 0, _FIRST_WAIT
        while waiting:
            part = waiting[-1]
            answer, count = await self._pushed(part), _count(part)
            if answer is _Answer.SETTLED:
                passed = max(passed, count)
                waiting.pop()
                tries, wait = 0, _FIRST_WAIT
                continue
            await asyncio.sleep(wait)
            tries, wait = tries + (answer is _Answer.LIMITED), min(2 * wait, _LONGEST_WAIT)
            if tries >= tries_whole and count > max(passed, 1):
                waiting[-1:] = [_part(part, count // 2, count), _part(part, 0, count // 2)]
                tries_whole, wait = 1, _FIRST_WAIT

    async def _written(self, path: Path, content: bytes) -> bool:
        """Writes a file; goes on without it when it can't be written."""
        try:
            await asyncio.to_thread(write_atomically, path, content)
        except Unavailable as error:
            _log.error("how far files are read can't be saved", reason=str(error))
            return False
        return True

    async def _pushed(self, blocks: Sequence[_Block]) -> _Answer:
        try:
            await self._push(_decoded(blocks))
        except TooManyRequests as error:
            await asyncio.sleep(error.retry_after)
            return _Answer.LATER
        except (BadRequest, TooLarge) as error:
            # What no waiting lets through is refused for good when it can't be smaller either.
            if error.status == _RATE_LIMITED and not (isinstance(error, TooLarge) and _count(blocks) == 1):
                _log.warning("lines of files can't be stored yet", reason=str(error))
                return _Answer.LIMITED
            _log.warning("lines of files were refused", reason=str(error))
        except SigynError as error:
            _log.warning("lines of files can't be stored yet", reason=str(error))
            return _Answer.LATER
        return _Answer.SETTLED


def _count(blocks: Iterable[_Block]) -> int:
    return sum(len(block.lines) for block in blocks)


def _part(blocks: Iterable[_Block], start: int, end: int) -> list[_Block]:
    """The entries from `start` to `end`, counted over all blocks."""
    parts, begin = [], 0
    for block in blocks:
        within = slice(max(0, start - begin), max(0, end - begin))
        if block.lines[within]:
            parts.append(_Block(block.labels, block.timestamps[within], block.lines[within]))
        begin += len(block.lines)
    return parts


def _blocks(entries: Iterable[AgentEntry]) -> list[_Block]:
    blocks: dict[Labels, _Block] = {}
    for entry in entries:
        labels = labels_of(entry.labels)
        block = blocks.get(labels)
        if block is None:
            block = blocks[labels] = _Block(labels)
        block.timestamps.append(entry.timestamp)
        block.lines.append(_clean(entry.line))
    return list(blocks.values())


def _decoded(blocks: Sequence[_Block]) -> DecodedPush:
    columns = PushColumns()
    for block in blocks:
        columns.timestamps += block.timestamps
        columns.lines += block.lines
        columns.metadata += [None] * len(block.lines)
        columns.end_stream(block.labels)
    return columns.decoded(len(blocks))


def _read_pending(path: Path) -> _Batch | None:
    """The push that a killed process was making; None when there is none, or when it is not whole."""
    try:
        return msgspec.msgpack.decode(path.read_bytes(), type=_Batch)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.MsgspecError) as error:
        _log.warning("what was being stored can't be read", file=str(path), reason=str(error))
        return None


def _clean(line: str) -> str:
    """Valid text: bytes that are not become U+FFFD, as they do in a push."""
    if line.isascii():
        return line
    return line.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
