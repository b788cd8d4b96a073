"""The record of requests, on a disk that hangs: opening a pipe hangs until somebody reads from it."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from structlog.testing import capture_logs

from sigyn.services.access.audit import AuditLog, AuditRecord

RECORD = AuditRecord(0, "ann", "token", "a", "127.0.0.1", "read", "GET /", {"query": ["{}"]}, 200, 0.1)


@contextmanager
def hanging(path: Path) -> Iterator[None]:
    """Opening the file hangs within."""
    os.mkfifo(path.with_suffix(".pipe"))
    path.with_suffix(".pipe").replace(path)
    yield
    # Whoever hangs in the open of the pipe goes on, and may write into it while this reads.
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    path.with_suffix(".file").touch()
    path.with_suffix(".file").replace(path)
    os.set_blocking(pipe, True)
    read = b""
    while block := os.read(pipe, 1 << 16):
        read += block
    os.close(pipe)
    path.with_suffix(".read").write_bytes(read)


def requests(path: Path) -> list[str]:
    texts = [each.read_text() for each in (path.with_suffix(".read"), path) if each.exists()]
    return [json.loads(line)["request"] for text in texts for line in text.splitlines()]


def test_what_is_written_while_the_disk_hangs_is_there_in_order_when_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = AuditLog(path, to_log=False)
    with hanging(path):
        for number in range(100):
            audit.write(replace(RECORD, request=f"GET /{number}"))
    audit.close()
    assert requests(path) == [f"GET /{number}" for number in range(100)]
    assert audit.lost == 0


def test_what_does_not_fit_while_the_disk_hangs_is_counted_and_told(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = AuditLog(path, to_log=False, most_waiting=1_000)
    with capture_logs() as logs:
        with hanging(path):
            for number in range(100):
                audit.write(replace(RECORD, request=f"GET /{number}"))
            audit.close(seconds=0)
        audit.close()
    written = requests(path)
    assert written == [f"GET /{number}" for number in range(len(written))]
    assert 0 < len(written) == 100 - audit.lost
    lost = [log for log in logs if log["event"] == "a request could not be recorded"]
    assert len(lost) == audit.lost
    assert lost[0]["error"] == "1000 bytes of records wait already"
    assert [log["records"] for log in logs if log["event"] == "requests could not be recorded before the end"] == [
        len(written)
    ]


def test_threads_write_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = AuditLog(path, to_log=False)

    def write(name: str) -> None:
        for number in range(200):
            audit.write(replace(RECORD, request=f"{name} {number}"))

    threads = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    audit.close()
    written = requests(path)
    for name in "ab":
        assert [each for each in written if each[0] == name] == [f"{name} {number}" for number in range(200)]


def test_what_can_not_be_written_is_counted(tmp_path: Path) -> None:
    path = tmp_path / "kept" / "audit.jsonl"
    audit = AuditLog(path, to_log=False)
    path.unlink()
    path.mkdir()
    with capture_logs() as logs:
        audit.write(RECORD)
        audit.close()
    assert audit.lost == 1
    assert [(log["event"], log["error"]) for log in logs] == [("a request could not be recorded", "Is a directory")]
