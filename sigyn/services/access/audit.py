"""The record of who asked for what and deleted what: a line of JSON for each request."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import structlog

from sigyn.model.errors import Unavailable
from sigyn.model.rfc3339 import format_rfc3339

_log = structlog.get_logger("sigyn.audit")
_encode = msgspec.json.Encoder().encode
_LONGEST = 8_192
"""Characters of a parameter that are kept."""


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
    """Writes records to a file, each in one write, and to the server's own log."""

    def __init__(self, path: Path | None, to_log: bool) -> None:
        """Raises Unavailable when the file can't be had. The file may be moved away to rotate it."""
        self._path = path
        self._to_log = to_log
        self.lost = 0
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                os.close(self._open(path))
            except OSError as error:
                raise Unavailable(f"the audit log {path} can't be written: {error.strerror}") from None

    @property
    def on(self) -> bool:
        """Whether anything is recorded at all."""
        return self._path is not None or self._to_log

    def write(self, record: AuditRecord) -> None:
        """Records a request. What can't be written is counted and said in the server's log."""
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
        try:
            descriptor = self._open(self._path)
            try:
                os.write(descriptor, _encode(fields) + b"\n")
            finally:
                os.close(descriptor)
        except OSError as error:
            self.lost += 1
            _log.error("a request could not be recorded", file=str(self._path), error=error.strerror)

    @staticmethod
    def _open(path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
