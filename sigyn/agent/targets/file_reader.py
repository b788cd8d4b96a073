"""All tailed files, read by one task: whichever has something new, a block at a time.

Rotation. A file that is no longer at its path (renamed, deleted) is read to its end by its open handle,
and a while longer, since its writer may not know yet. A file that was cut (copytruncate) begins anew;
what was not read of it is taken from the copy beside it, which begins as the file did. After a restart
both are found again by what the positions file says of them (see `identity`).
"""

import asyncio
import contextlib
import os
import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import structlog

from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.targets import globs
from sigyn.agent.targets.identity import (
    FilePosition,
    find_moved,
    known_files,
    position_of,
    rotated_key,
    rotated_positions,
)
from sigyn.agent.targets.job import Job, Origin, Sink
from sigyn.agent.targets.line_splitting import LineSplitter
from sigyn.agent.targets.moments import Moments
from sigyn.agent.targets.open_files import file_limit, most_files
from sigyn.agent.targets.tailed_file import TailedFile
from sigyn.agent.targets.watch import FolderWatch

_BLOCK_BYTES = 128 << 10  # some 500 lines: a few ms of work, then other files and sockets have their turn
_LONGEST_LINE = 4 << 20  # a longer one is sent in pieces
_GRACE = 10.0  # seconds for which a file that was moved away is watched after its last line

_log = structlog.get_logger("sigyn.agent.files")


@dataclass(frozen=True, slots=True, eq=False)
class FileTarget:
    """A pattern of paths with the labels of what is read there."""

    job: Job
    pattern: str
    exclude: str
    labels: dict[str, str]
    splitter: LineSplitter
    compression: str = ""

    def content(self) -> tuple[object, ...]:
        """What makes two targets the same."""
        return id(self.job), self.pattern, self.exclude, tuple(sorted(self.labels.items())), self.compression

    def wants(self, path: str) -> bool:
        """Whether a file at this path would be read."""
        return globs.matches(self.pattern, path) and not (self.exclude and globs.matches(self.exclude, path))


class FileReader:
    """Finds, opens and reads the files of all targets. Times in seconds."""

    def __init__(
        self,
        sink: Sink,
        counters: AgentCounters,
        positions: dict[str, str],
        moments: Moments,
        *,
        block_bytes: int = _BLOCK_BYTES,
        sync_period: float = 10.0,
        poll_period: float = 0.25,
        grace: float = _GRACE,
    ) -> None:
        self._sink = sink
        self._counters = counters
        self._moments = moments
        self._start = positions
        self._known = known_files(positions)
        self._unfinished = rotated_positions(positions)
        self._block_bytes = min(block_bytes, _BLOCK_BYTES)
        self._sync_period = sync_period
        self._poll_period = poll_period
        self._grace = grace
        self._targets: dict[str, list[FileTarget]] = {}
        self._files: dict[tuple[FileTarget, str], TailedFile] = {}
        self._by_path: dict[str, list[TailedFile]] = {}
        self._leaving: list[TailedFile] = []
        self._dirty: dict[TailedFile, None] = {}
        self._seen: dict[TailedFile, tuple[int, int]] = {}
        self._wake = asyncio.Event()
        self._sync_soon = False
        self._watch: FolderWatch | None = None
        self._next_sync = self._next_poll = 0.0

    def files(self) -> list[TailedFile]:
        """What is being read."""
        return [*self._files.values(), *self._leaving]

    def targets(self) -> list[FileTarget]:
        """All targets."""
        return [target for targets in self._targets.values() for target in targets]

    def set_targets(self, source: str, targets: Sequence[FileTarget]) -> None:
        """Replaces the targets of one source of discovery; they are read from the next turn on."""
        known = {target.content(): target for target in self._targets.get(source, ())}
        self._targets[source] = [known.get(target.content(), target) for target in targets]
        self._sync_soon = True
        self._wake.set()

    async def run(self) -> None:
        """Reads until it is cancelled."""
        self._watch = FolderWatch(self._on_written, self._on_moved)
        try:
            while True:
                self._look_around()
                await self._read_dirty()
                if not self._dirty and not self._sync_soon:
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(max(0.0, min(self._next_sync, self._next_poll) - time.monotonic())):
                            await self._wake.wait()
                self._wake.clear()
        finally:
            self._watch.close()
            for file in self.files():
                file.close()

    def _look_around(self) -> None:
        """Looks for files, and at those that there are, when it is time to."""
        now = time.monotonic()
        if self._sync_soon or now >= self._next_sync:
            self._sync_soon = False
            self.sync()
            self._next_sync = time.monotonic() + self._sync_period
        if now >= self._next_poll:
            self._poll()
            # With inotify polling only catches what it can't see, such as network file systems.
            inotify = self._watch is not None and self._watch.active
            self._next_poll = now + (max(1.0, self._poll_period) if inotify else self._poll_period)

    async def _room(self) -> None:
        """Returns when there is room for more entries.

        Files that come meanwhile are opened: they may be moved away, and others in their place, before there is room.
        """
        room = asyncio.ensure_future(self._sink.room())
        try:
            while not room.done():
                await asyncio.wait((room,), timeout=self._poll_period)
                self._look_around()
            room.result()
        finally:
            room.cancel()

    def sync(self) -> None:
        """Looks for files that came and went."""
        for file in list(self._files.values()):
            self._check_path(file)
        targets = self.targets()
        wanted: set[tuple[FileTarget, str]] = set()
        for target in targets:
            if self._watch:
                self._watch.watch(globs.folders(target.pattern))
            for path in globs.expand(target.pattern):
                if not target.exclude or not globs.matches(target.exclude, path):
                    wanted.add((target, path))
        gone = {target for target, _ in self._files}.difference(targets)
        for key in [key for key in self._files if key[0] in gone]:
            self._leave_target(key, wanted)
        self._open_all(sorted(wanted.difference(self._files), key=lambda key: key[1]))
        self._finish_vanished({path for _, path in wanted})
        self._counters.files_active.set(len(self._files) + len(self._leaving))

    def _leave_target(self, key: tuple[FileTarget, str], wanted: Iterable[tuple[FileTarget, str]]) -> None:
        """The target is gone: the file goes on under one that came in its place, or is read to its end."""
        file = self._files[key]
        for target, path in wanted:
            if path == key[1] and target.job is file.job and (target, path) not in self._files:
                del self._files[key]
                file.labels = {**target.labels, "filename": file.path}
                self._files[target, path] = file
                return
        self._leave(file)

    def _open_all(self, found: Sequence[tuple[FileTarget, str]]) -> None:
        """Opens files until those that are read leave no room for connections; the others when some are done."""
        most, left = most_files(), []
        for target, path in found:
            if len(self._files) + len(self._leaving) < most:
                self._open(target, path)
            else:
                left.append(path)
                self._counters.read_errors.labels(path).inc()
        if left:
            _log.warning(
                "files are not read: the process may have too few open",
                files=len(left),
                first=left[0],
                limit=file_limit(),
                hint="raise it: ulimit -n, LimitNOFILE= in a unit of systemd",
            )

    def _open(self, target: FileTarget, path: str) -> None:
        key = self._position_key(target, path)
        try:
            labels = {**target.labels, "filename": path}
            file = TailedFile(path, target.job, labels, target.splitter, key=key, compression=target.compression)
        except OSError as error:
            self._counters.read_errors.labels(path).inc()
            _log.warning("a file can't be read", file=path, reason=error.strerror)
            return
        position = position_of(self._start, key)
        for name in (key, f"identity-{key}"):
            self._start.pop(name, None)
        file.offset = self._resume(file, position)
        for unfinished in self._unfinished.pop(key, ()):
            self._resume_moved(file, unfinished)
        self._files[target, path] = file
        self._by_path.setdefault(path, []).append(file)
        self._sink.add((), file.changes(None), 0)
        self._mark(file)

    def _position_key(self, target: FileTarget, path: str) -> str:
        """The path; of a file that several targets read, with a checksum of the labels for all but the first."""
        if not any(file.key == path for file in self._by_path.get(path, ())):
            return path
        return f"{path}#{zlib.crc32(repr((target.job.name, sorted(target.labels.items()))).encode()):08x}"

    def _resume(self, file: TailedFile, position: FilePosition | None) -> int:
        """Where to begin: where this file, by whatever name, was left."""
        if file.compressed:
            return position.offset if position else 0
        if position is None:
            return self._left_elsewhere(file)
        if position.identity is None:
            return position.offset if position.offset <= file.size() else 0
        same = position.identity.key == file.identity.key and position.identity.begins(file.handle)
        if same and file.size() >= position.offset:
            return position.offset
        self._resume_moved(file, position)
        return self._left_elsewhere(file)

    def _left_elsewhere(self, file: TailedFile) -> int:
        """Where a file was left that had another name then, as each of a chain that was turned; 0 for a new one."""
        for leaving in self._leaving:
            if leaving.identity.key == file.identity.key and leaving.job is file.job:
                return self._take_over(leaving)
        known = self._known.get(file.identity.key)
        if known and known.identity and known.path != file.path and not _is_at(known.path, file):
            same = known.identity.begins(file.handle) and file.size() >= known.offset
            return known.offset if same else 0
        return 0

    def _take_over(self, leaving: TailedFile) -> int:
        """A file that was moved to a path that is read as well goes on there."""
        self._leaving.remove(leaving)
        self._sink.add((), {rotated_key(leaving.key, leaving.identity): ""}, 0)
        offset = leaving.offset
        leaving.handed_on = True
        self._forget(leaving)
        return offset

    def _resume_moved(self, file: TailedFile, position: FilePosition) -> None:
        """Reads on in a file that was moved away from its path, or in the copy made of it."""
        assert position.identity is not None
        moved = find_moved(file.path, position.identity)
        gone = {rotated_key(file.key, position.identity): ""}
        if moved is None:
            _log.info("a rotated file is gone", file=file.path, read_bytes=position.offset)
        if moved is None or self._is_wanted(moved):  # it is read under its new name
            self._sink.add((), gone, 0)
            return
        self._sink.add((), gone, 0)
        self._follow(file, moved, position.offset)

    def _follow(self, file: TailedFile, moved: str, offset: int) -> None:
        """Reads what a file left at another path, as if it were still at its own."""
        try:
            rest = TailedFile(file.path, file.job, file.labels, file.splitter, key=file.key, found_at=moved)
        except OSError as error:
            _log.warning("a rotated file can't be read", file=moved, reason=error.strerror)
            return
        rest.offset = offset
        rest.rotated = True
        rest.last_growth = time.monotonic()
        self._leaving.append(rest)
        self._sink.add((), rest.changes(None), 0)
        self._mark(rest)

    def _is_wanted(self, path: str) -> bool:
        return any(target.wants(path) for target in self.targets())

    def _check_path(self, file: TailedFile) -> None:
        """Whether the file is still at its path; else it is read to its end, and what came there is opened."""
        if not _is_at(file.path, file):
            self._leave(file)
            self._sync_soon = True

    def _leave(self, file: TailedFile) -> None:
        """Reads a file to its end that is no longer looked for."""
        self._files = {key: other for key, other in self._files.items() if other is not file}
        self._by_path[file.path].remove(file)
        self._sink.add((), {file.key: "", f"identity-{file.key}": ""}, 0)
        if file.compressed:
            self._forget(file)
            return
        file.rotated = True
        file.last_growth = time.monotonic()
        self._leaving.append(file)
        file.job.push([], file, 0)
        self._mark(file)

    def _finish_vanished(self, wanted: set[str]) -> None:
        """Files that the positions file knows, but whose path is gone: moved away while no agent ran."""
        for key in [key for key in self._start if key.startswith("/") and key not in wanted]:
            position = position_of(self._start, key)
            path = key.partition("#")[0]
            target = next((one for one in self.targets() if one.wants(path)), None)
            if position is None or target is None or os.path.exists(path):
                continue
            gone = {key: "", f"identity-{key}": ""}
            for name in gone:
                self._start.pop(name, None)
            self._sink.add((), gone, 0)
            moved = find_moved(path, position.identity) if position.identity else None
            if moved and not self._is_wanted(moved):
                self._follow_vanished(target, key, path, moved, position.offset)

    def _follow_vanished(self, target: FileTarget, key: str, path: str, moved: str, offset: int) -> None:
        labels = {**target.labels, "filename": path}
        with contextlib.suppress(OSError):
            gone = TailedFile(path, target.job, labels, target.splitter, key=key, found_at=moved)
            self._follow(gone, moved, offset)
            gone.close()

    def _forget(self, file: TailedFile) -> None:
        if file in self._by_path.get(file.path, ()):
            self._by_path[file.path].remove(file)
        self._dirty.pop(file, None)
        self._seen.pop(file, None)
        file.close()
        if not self._by_path.get(file.path):
            self._by_path.pop(file.path, None)
            for metric in (self._counters.read_bytes, self._counters.file_bytes, self._counters.read_lines):
                with contextlib.suppress(KeyError):
                    metric.remove(file.path)

    def _mark(self, file: TailedFile) -> None:
        self._dirty[file] = None
        self._wake.set()

    def _on_written(self, paths: set[str]) -> None:
        for path in paths:
            for file in self._by_path.get(path, ()):
                self._mark(file)

    def _on_moved(self, paths: Iterable[str]) -> None:
        for path in paths:
            for file in list(self._by_path.get(path, ())):
                self._check_path(file)
        self._sync_soon = True
        self._wake.set()

    def _poll(self) -> None:
        """Marks files that changed, and ends those whose time is over."""
        for file in list(self._files.values()):
            if not file.ended and self._seen.get(file) != file.state():
                self._mark(file)
            # A rotation behind a link is none in the folder that inotify looks at.
            if file.is_linked or not (self._watch and self._watch.active):
                self._check_path(file)
        now = time.monotonic()
        for file in list(self._leaving):
            if self._seen.get(file) != file.state():
                self._mark(file)
            elif file not in self._dirty and now - file.last_growth >= self._grace:
                self._end(file)

    def _end(self, file: TailedFile) -> None:
        """A file that was moved away is done: a last line without an end counts as one."""
        if not file.was_truncated():
            self._read_rest(file)
        file.ended = True
        file.job.push([], file, 0)
        self._leaving.remove(file)
        self._forget(file)
        self._counters.files_active.set(len(self._files) + len(self._leaving))

    async def _read_dirty(self) -> None:
        """Reads a block of each file that has something."""
        for file in list(self._dirty):
            if file not in self._dirty:
                continue
            try:
                more = self._read_block(file)
            except OSError as error:
                self._counters.read_errors.labels(file.path).inc()
                _log.warning("a file can't be read", file=file.path, reason=str(error))
                file.ended = file.compressed  # damaged: it will not get better by reading it again
                more = False
            if not more:
                self._dirty.pop(file, None)
            if self._sink.full():
                await self._room()
            else:
                await asyncio.sleep(0)

    def _read_block(self, file: TailedFile) -> bool:
        """Reads a block; whether there may be more."""
        if file.was_truncated():
            if file.rotated:  # the next rotation wrote over it
                self._end(file)
                return False
            self._on_truncated(file)
        file.refresh_identity()
        state = file.state()
        block = file.read(self._block_bytes)
        lines, used = file.splitter.split(block)
        if not used and len(block) == self._block_bytes:
            block = file.read(_LONGEST_LINE)
            lines, used = file.splitter.split(block)
            if not used and len(block) == _LONGEST_LINE:
                lines, used = [file.splitter.text(block)], len(block)
        if used:
            self._push(file, lines, block, used)
            return True
        self._seen[file] = state
        if not file.ended and file.complete():
            self._read_rest(file)
            file.ended = True
        return False

    def _push(self, file: TailedFile, lines: list[str], block: bytes, used: int) -> None:
        start = file.offset
        first = self._moments.take(len(lines))
        labels = file.labels
        # Hot: once per line.
        if file.job.holds and used <= len(block):
            starts = file.splitter.starts(block[:used])
            entries = [
                AgentEntry(labels.copy(), first + number, line, {}, {}, Origin(file, start + begin))
                for number, (line, begin) in enumerate(zip(lines, starts, strict=True))
            ]
        else:
            origin = Origin(file, start)
            entries = [
                AgentEntry(labels.copy(), moment, line, {}, {}, origin) for moment, line in enumerate(lines, first)
            ]
        file.offset = start + used
        file.last_growth = time.monotonic()
        file.job.push(entries, file, used)
        self._counters.read_lines.labels(file.path).inc(len(lines))
        self._counters.read_bytes.labels(file.path).set(file.offset)
        if not file.compressed:
            self._counters.file_bytes.labels(file.path).set(file.size())

    def _read_rest(self, file: TailedFile) -> None:
        """The last line of a file that will not grow, when it has no end."""
        block = file.read(_LONGEST_LINE)
        if block:
            self._push(file, [file.splitter.text(block)], block, len(block))

    def _on_truncated(self, file: TailedFile) -> None:
        _log.info("a file was truncated, it is read from its beginning", file=file.path)
        left = FilePosition(file.path, file.offset, file.identity)
        if file.offset and find_moved(file.path, file.identity):
            self._resume_moved(file, left)
        file.restart()
        self._sink.add((), file.changes(None), 0)


def _is_at(path: str, file: TailedFile) -> bool:
    """Whether the file is the one at this path."""
    try:
        status = os.stat(path)
    except OSError:
        return False
    return (status.st_dev, status.st_ino) == (file.identity.device, file.identity.inode)
