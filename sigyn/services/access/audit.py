"""The record of who asked for what and deleted what: a line of JSON for each request."""

import os
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from threading import Condition, Thread
from typing import Any

import msgspec
import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.rfc3339 import format_rfc3339

_log = structlog.get_logger("sigyn.audit")
_encode = msgspec.json.Encoder().encode
_LONGEST = 8_192
"""Characters of a parameter that are kept."""

_MOST_WAITING = 16 << 20  # bytes of records, some 40,000
_CLOSE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A request: when (ns), who, how they proved it, for which tenants, from where, what, and how it ended."""

    time: int
    identity: str
    method: str
    tenants: str
    client: str
    action: str
    request: str
    parameters: dict[str, list[str]]
    status: int
    seconds: float


class AuditLog:
    """Writes records to a file, each in one write, and to the server's own log. Safe to use from several threads.

    The file is written by a thread, in the order of the calls: a disk that hangs must not hold up the server.
    """

    def __init__(self, path: Path | None, to_log: bool, most_waiting: int = _MOST_WAITING) -> None:
        """Raises Unavailable when the file can't be had. The file may be moved away to rotate it.

        While it can't be written, so many bytes of records wait.
        """
        self._path = path
        self._to_log = to_log
        self._most_waiting = most_waiting
        self._waiting: deque[bytes] = deque()  # the first is being written
        self._bytes = 0
        self._changed = Condition()
        self._thread: Thread | None = None
        self._closing = False
        self.lost = 0
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.close(_open(path))
            except OSError as error:
                raise Unavailable(f"the audit log {path} can't be written: {error.strerror}") from None

    @property
    def on(self) -> bool:
        """Whether anything is recorded at all."""
        return self._path is not None or self._to_log

    def write(self, record: AuditRecord) -> None:
        """Records a request, soon. What can't be written is counted and said in the server's log."""
        fields: dict[str, Any] = {
            "time": format_rfc3339(record.time),
            "identity": record.identity,
            "method": record.method,
            "tenants": record.tenants,
            "client": record.client,
            "action": record.action,
            "request": record.request,
            "parameters": {name: [value[:_LONGEST] for value in values] for name, values in record.parameters.items()},
            "status": record.status,
            "seconds": round(record.seconds, 4),
        }
        if self._to_log:
            _log.info("audit", **{**fields, "parameters": _encode(fields["parameters"]).decode()})
        if self._path is None:
            return
        line = _encode(fields) + b"\n"
        with self._changed:
            has_room = self._bytes + len(line) <= self._most_waiting
            if has_room:
                self._waiting.append(line)
                self._bytes += len(line)
                self._changed.notify_all()
            if self._thread is None:
                # A disk that hangs must not keep the process from its end either.
                self._thread = Thread(target=self._write_on, args=(self._path,), name="audit", daemon=True)
                self._thread.start()
        if not has_room:
            self._lose(f"{self._most_waiting} bytes of records wait already")

    def close(self, seconds: float = _CLOSE_SECONDS) -> None:
        """Returns when all is written, or after so long; says in the server's log how many records are lost then."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._waiting, seconds)
            left = len(self._waiting)
        if left:
            _log.error("requests could not be recorded before the end", file=str(self._path), records=left)

    def _write_on(self, path: Path) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    self._thread = None
                    return
                line = self._waiting[0]
            try:
                _append(path, line)
            except OSError as error:
                self._lose(error.strerror or str(error))
            with self._changed:
                self._waiting.popleft()
                self._bytes -= len(line)
                self._changed.notify_all()

    def _lose(self, reason: str) -> None:
        with self._changed:
            self.lost += 1
        _log.error("a request could not be recorded", file=str(self._path), error=reason)


def _append(path: Path, line: bytes) -> None:
    descriptor = _open(path)
    try:
        os.write(descriptor, line)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
