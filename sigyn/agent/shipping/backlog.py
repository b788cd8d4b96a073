"""Sealed batches in order, and how far each client has come."""

import asyncio
import json
import os
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from pathlib import Path

import structlog

from sigyn.agent.shipping.buffer import DiskBuffer
from sigyn.agent.shipping.record import Record

_CACHE_BYTES = 8 << 20  # what clients that keep up never read back from the disk
_log = structlog.get_logger("sigyn.agent.buffer")


class Cursors:
    """The number of the last batch that each client has, kept in a file across restarts.

    The file is replaced without an fsync: a killed process loses nothing of it, and after a crash of the
    machine some batches are sent again, which servers that drop exact duplicates don't mind.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._values: dict[str, int] = {}
        if path and path.exists():
            try:
                self._values = {str(name): int(value) for name, value in json.loads(path.read_bytes()).items()}
            except (ValueError, AttributeError):
                _log.warning("cursors of the buffer can't be read, all of it is sent again", file=str(path))

    def get(self, client: str) -> int:
        """0 for a client that has got nothing."""
        return self._values.get(client, 0)

    def highest(self) -> int:
        """The highest number that any client has."""
        return max(self._values.values(), default=0)

    def keep(self, clients: Iterable[str]) -> None:
        """Forgets clients that are no longer configured."""
        self._values = {name: self._values.get(name, 0) for name in clients}

    def lowest(self) -> int:
        """What every client has."""
        return min(self._values.values(), default=0)

    def set(self, client: str, sequence: int) -> None:
        """Notes that a client has everything up to `sequence`."""
        self._values[client] = sequence
        if not self._path:
            return
        temporary = self._path.with_suffix(".new")
        try:
            temporary.write_text(json.dumps(self._values))
            os.replace(temporary, self._path)
        except OSError as error:  # a full disk must not end the sending that will free it
            _log.warning(
                "cursors can't be saved, a restart sends batches again", file=str(self._path), reason=str(error)
            )


class Backlog:
    """Batches that some client still needs: the newest in memory, all of them in the buffer when there is one."""

    def __init__(self, cursors: Cursors, buffer: DiskBuffer | None) -> None:
        self._cursors = cursors
        self._buffer = buffer
        self._records: OrderedDict[int, Record] = OrderedDict()
        self._memory = 0
        self._positions: deque[tuple[int, Mapping[str, str]]] = deque()
        self.delivered_positions: dict[str, str] = {}  # found in the buffer; the positions file may not have them yet
        self._arrived = asyncio.Event()
        self._progress = asyncio.Event()
        self.last = max(cursors.highest(), cursors.lowest())
        self.delivered = cursors.lowest()
        for sequence in buffer.sequences() if buffer else ():
            self.last = max(self.last, sequence)
            assert buffer is not None
            positions = buffer.read(sequence).positions
            if sequence > self.delivered:
                self._positions.append((sequence, positions))
            else:
                self.delivered_positions.update(positions)

    @property
    def memory(self) -> int:
        """Bytes of bodies in memory."""
        return self._memory

    @property
    def waiting(self) -> int:
        """Batches that some client has not got yet."""
        return len(self._positions)

    def put(self, record: Record) -> None:
        """A batch that may be sent from now on: with a buffer, one that is durable."""
        self._records[record.sequence] = record
        self._memory += record.size
        self._positions.append((record.sequence, record.positions))
        self.last = record.sequence
        while self._buffer and self._memory > _CACHE_BYTES and len(self._records) > 1:
            self._memory -= self._records.popitem(last=False)[1].size
        self._arrived.set()
        self._arrived = asyncio.Event()

    async def next(self, after: int) -> Record:
        """The first batch after this number; waits for one. Raises what reading the buffer raises."""
        while after >= self.last:
            await self._arrived.wait()
        record = self._records.get(after + 1)
        if record is None:
            sequence = next((number for number, _ in self._positions if number > after), None)
            if sequence is None:
                return Record(self.last, {}, ())
            record = self._records.get(sequence)
        else:
            sequence = after + 1
        if record:
            return record
        assert self._buffer is not None
        return await asyncio.to_thread(self._buffer.read, sequence)

    def acknowledge(self, client: str, sequence: int) -> dict[str, str]:
        """Notes that a client has a batch; the positions that all clients now have behind them."""
        self._cursors.set(client, sequence)
        self.delivered = self._cursors.lowest()
        changes: dict[str, str] = {}
        while self._positions and self._positions[0][0] <= self.delivered:
            number, positions = self._positions.popleft()
            changes.update(positions)
            record = self._records.pop(number, None)
            if record:
                self._memory -= record.size
        self._progress.set()
        self._progress = asyncio.Event()
        return changes

    def outstanding_positions(self) -> dict[str, str]:
        """The positions of batches that are kept but not delivered."""
        changes: dict[str, str] = {}
        for _, positions in self._positions:
            changes.update(positions)
        return changes

    async def progress(self) -> None:
        """Waits until some client has got a batch."""
        await self._progress.wait()
