"""The buffer on disk: sealed batches wait here until every client has them.

A folder of segments, named by the number of their first record. A segment:

    +----------+  then records of
    | magic 8B |  +-----------+----------+-------------+------------------+
    +----------+  | length u4 | crc32 u4 | sequence u8 | payload (length) |
                  +-----------+----------+-------------+------------------+

little-endian; the checksum covers sequence and payload. A record is in the buffer once the fsync after
it returned. A torn tail, which a crash leaves, is cut when the buffer is opened. Segments go when all
their records are delivered and the positions file says so.
"""

import fcntl
import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from sigyn.agent.positions import sync_folder
from sigyn.agent.shipping.record import Record, pack, unpack
from sigyn.model.errors import BadRequest, NotFound, Unavailable

_MAGIC = b"SIGYNBF1"
_HEAD = struct.Struct("<IIQ")
_SUFFIX = ".buffer"
SEGMENT_BYTES = 16 << 20  # few files for a full buffer, and room is given back while it drains

_log = structlog.get_logger("sigyn.agent.buffer")


@dataclass(slots=True, frozen=True)
class _Place:
    segment: Path
    offset: int
    length: int


class DiskBuffer:
    """Records by number. `append` and `drop_through` may run in another thread than the rest, one at a time."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Opens the buffer and cuts torn tails; raises Unavailable."""
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._places: dict[int, _Place] = {}
        self._segments: dict[Path, int] = {}  # bytes of each, in order
        self._current: int | None = None
        self._current_path = folder
        self._end = 0
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise Unavailable(f"can't use the buffer {folder}: {error.strerror}") from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._lock)
            raise Unavailable(f"another agent uses the buffer {folder}") from None
        try:
            for path in sorted(folder.glob(f"*{_SUFFIX}")):
                self._scan(path)
        except OSError as error:
            os.close(self._lock)
            raise Unavailable(f"can't read the buffer {folder}: {error.strerror}") from None

    @property
    def bytes(self) -> int:
        """Bytes on disk."""
        return sum(self._segments.values())

    def sequences(self) -> list[int]:
        """Numbers of the records that are there, rising."""
        return sorted(self._places)

    def read(self, sequence: int) -> Record:
        """A record; raises NotFound, and Unavailable when the disk fails."""
        place = self._places.get(sequence)
        if place is None:
            raise NotFound(f"batch {sequence} is not in the buffer")
        try:
            with place.segment.open("rb") as file:
                file.seek(place.offset)
                return unpack(sequence, file.read(place.length))
        except OSError as error:
            raise Unavailable(f"can't read {place.segment}: {error.strerror}") from None

    def append(self, records: Sequence[Record]) -> None:
        """Writes records and waits until they are durable; raises Unavailable, and then none of them counts."""
        written: list[tuple[int, _Place]] = []
        try:
            if self._current is None or self._end >= self._segment_bytes:
                self._begin_segment(records[0].sequence)
            assert self._current is not None
            pieces = []
            at = self._end
            for record in records:
                payload = pack(record)
                check = zlib.crc32(payload, zlib.crc32(record.sequence.to_bytes(8, "little")))
                pieces.append(_HEAD.pack(len(payload), check, record.sequence))
                pieces.append(payload)
                written.append((record.sequence, _Place(self._current_path, at + _HEAD.size, len(payload))))
                at += _HEAD.size + len(payload)
            _write_all(self._current, b"".join(pieces), self._end)
            os.fdatasync(self._current)
        except OSError as error:
            if self._current is not None:
                with suppress(OSError):  # what stays behind the end is written over, or cut as a torn tail
                    os.ftruncate(self._current, self._end)
            raise Unavailable(f"can't write to the buffer {self._folder}: {error.strerror}") from None
        self._end = at
        self._segments[self._current_path] = at
        self._places.update(written)

    def drop_through(self, sequence: int) -> None:
        """Gives back the room of full segments whose records are all up to `sequence`; raises Unavailable."""
        newest: dict[Path, int] = {}
        for number, place in self._places.items():
            newest[place.segment] = max(number, newest.get(place.segment, 0))
        for path in [path for path in self._segments if newest.get(path, 0) <= sequence]:
            if path == self._current_path and self._current is not None:
                if self._end < self._segment_bytes:
                    continue
                os.close(self._current)
                self._current = None
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise Unavailable(f"can't delete {path}: {error.strerror}") from None
            del self._segments[path]
            self._places = {number: place for number, place in self._places.items() if place.segment != path}

    def close(self, delivered: int = 0) -> None:
        """Closes files and frees the lock; segments whose records are all up to `delivered` go."""
        if self._current is not None:
            os.close(self._current)
            self._current = None
        try:
            self.drop_through(delivered)
        except Unavailable as error:
            _log.warning("batches that were delivered stay in the buffer", reason=str(error))
        os.close(self._lock)

    def _begin_segment(self, sequence: int) -> None:
        if self._current is not None:
            os.close(self._current)
            self._current = None
        path = self._folder / f"{sequence:020d}{_SUFFIX}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            _write_all(file, _MAGIC, 0)
            sync_folder(self._folder)
        except OSError:  # no segment without a head is ever written to
            os.close(file)
            path.unlink()
            raise
        self._current, self._current_path, self._end = file, path, len(_MAGIC)
        self._segments[path] = self._end

    def _scan(self, path: Path) -> None:
        content = path.read_bytes()
        end = len(_MAGIC)
        if content.startswith(_MAGIC):
            for offset, length, sequence in _records(content):
                self._places[sequence] = _Place(path, offset, length)
                end = offset + length
        if end < len(content):
            _log.warning("cut a torn tail of the buffer", file=str(path), bytes=len(content) - end)
            os.truncate(path, end)
        if end == len(_MAGIC):
            path.unlink()
        else:
            self._segments[path] = end


def _records(content: bytes) -> Iterator[tuple[int, int, int]]:
    """Offset and length of payloads with their sequence, up to the first that is not whole."""
    at = len(_MAGIC)
    while at + _HEAD.size <= len(content):
        length, check, sequence = _HEAD.unpack_from(content, at)
        offset = at + _HEAD.size
        payload = content[offset : offset + length]
        if len(payload) < length or zlib.crc32(payload, zlib.crc32(sequence.to_bytes(8, "little"))) != check:
            return
        try:
            unpack(sequence, payload)
        except BadRequest:
            return
        yield offset, length, sequence
        at = offset + length


def _write_all(file: int, data: bytes, offset: int) -> None:
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view, offset = view[written:], offset + written
