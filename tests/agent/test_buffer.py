"""What waits on the disk for a server, and how far each has come."""

import errno
import os
from pathlib import Path

import pytest

from sigyn.agent.shipping.backlog import Cursors
from sigyn.agent.shipping.buffer import DiskBuffer
from sigyn.agent.shipping.record import Post, Record
from sigyn.model.errors import Unavailable
from tests.agent.full_disk import full_disk


def record(sequence: int, body: bytes = b"body") -> Record:
    return Record(sequence, {"f": str(sequence)}, (Post("{}", "", 1, 4, body),))


@pytest.mark.parametrize("damage", ["cut", "flipped", "garbage"])
def test_a_torn_tail_is_cut_and_the_rest_kept(tmp_path: Path, damage: str) -> None:
    buffer = DiskBuffer(tmp_path)
    buffer.append([record(1), record(2)])
    buffer.append([record(3)])
    buffer.close()
    (segment,) = tmp_path.glob("*.buffer")
    data = bytearray(segment.read_bytes())
    if damage == "cut":
        del data[-3:]
    elif damage == "flipped":
        data[-3] ^= 1
    else:
        data += b"\x07garbage"
    segment.write_bytes(data)
    buffer = DiskBuffer(tmp_path)
    whole = [1, 2, 3] if damage == "garbage" else [1, 2]
    assert buffer.sequences() == whole
    assert buffer.read(2) == record(2)
    buffer.append([record(4)])
    buffer.close()
    assert DiskBuffer(tmp_path).sequences() == [*whole, 4]


@pytest.mark.parametrize("limit", [0, 150])
def test_a_full_disk_leaves_the_buffer_whole(tmp_path: Path, limit: int) -> None:
    buffer = DiskBuffer(tmp_path, segment_bytes=100)
    buffer.append([record(1, b"x" * 90)])  # the next one begins a segment
    with full_disk(limit), pytest.raises(Unavailable, match="can't write to the buffer"):
        buffer.append([record(2, b"x" * 200)])
    assert buffer.sequences() == [1]
    buffer.append([record(2), record(3)])
    assert buffer.read(3) == record(3)
    buffer.close()
    assert DiskBuffer(tmp_path).sequences() == [1, 2, 3]


def test_a_disk_that_takes_nothing_any_more_is_told_and_the_buffer_stays_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    buffer = DiskBuffer(tmp_path, segment_bytes=1000)
    buffer.append([record(1)])
    with monkeypatch.context() as patched:
        for name in ("fdatasync", "ftruncate"):
            patched.setattr(os, name, refuse)
        with pytest.raises(Unavailable, match=r"can't write to the buffer .*: Read-only file system"):
            buffer.append([record(2, b"x" * 900)])
    buffer.append([record(2)])
    buffer.append([record(3, b"x" * 900)])
    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", refuse)
        with pytest.raises(Unavailable, match=r"can't delete .*: Read-only file system"):
            buffer.drop_through(3)
        buffer.close(3)
    buffer = DiskBuffer(tmp_path)
    assert buffer.sequences() == [1, 2, 3]
    assert buffer.read(2) == record(2)
    buffer.close(3)
    assert DiskBuffer(tmp_path).sequences() == []


def test_cursors_that_cannot_be_written_are_kept_in_memory(tmp_path: Path) -> None:
    cursors = Cursors(tmp_path / "cursors.json")
    cursors.set("a", 1)
    with full_disk(0):
        cursors.set("a", 2)
    assert cursors.get("a") == 2
    assert Cursors(tmp_path / "cursors.json").get("a") == 1


def test_room_comes_back_by_segments_and_one_agent_owns_the_folder(tmp_path: Path) -> None:
    buffer = DiskBuffer(tmp_path, segment_bytes=100)
    for sequence in range(1, 10):
        buffer.append([record(sequence, b"x" * 60)])
    with pytest.raises(Unavailable, match="another agent"):
        DiskBuffer(tmp_path)
    before = buffer.bytes
    buffer.drop_through(5)
    assert min(buffer.sequences()) <= 6
    assert buffer.bytes < before
    assert buffer.read(9) == record(9, b"x" * 60)
    buffer.close(9)
    assert list(tmp_path.glob("*.buffer")) == []
