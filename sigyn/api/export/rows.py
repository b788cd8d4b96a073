"""Rows of an export, and the cursor that continues one.

A row has an `id` that depends on nothing but the entry: a digest of its labels and line, and of its
number among entries that are equal in both. Entries of equal time come in the order of their ids.
So `<timestamp>-<id>` of any row says what comes after it, whatever was ingested since: a resumed
export repeats no row and skips none that was there before.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from sigyn.model.errors import BadRequest
from sigyn.model.results import LogEntry

_CURSOR = re.compile(r"(-?[0-9]{1,19})-([0-9a-f]{16})")  # before 1970 the time is below 0
_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, order=True)
class Cursor:
    """The place after the row with this time (ns) and id."""

    timestamp: int
    id: str

    def __str__(self) -> str:
        return f"{self.timestamp}-{self.id}"


@dataclass(frozen=True, slots=True)
class Row:
    """An entry with its place."""

    cursor: Cursor
    entry: LogEntry


def parse_cursor(text: str) -> Cursor | None:
    """The cursor in the parameter `after`; None when it is empty; raises BadRequest."""
    if not text:
        return None
    match = _CURSOR.fullmatch(text)
    if match is None:
        raise BadRequest(f"after={text} is not a cursor: write <timestamp>-<id> of the last row that you have")
    return Cursor(int(match[1]), match[2])


def rows_of(entries: Iterable[LogEntry]) -> list[Row]:
    """Rows of complete groups of equal time, in the order of their cursors."""
    equals: dict[tuple[int, bytes], int] = {}
    rows = []
    for entry in entries:
        content = _ENCODER.encode((entry.stream, entry.metadata, entry.parsed, entry.line))
        number = equals[entry.timestamp, content] = equals.get((entry.timestamp, content), -1) + 1
        digest = blake2b(content, digest_size=8, salt=number.to_bytes(8, "little")).hexdigest()
        rows.append(Row(Cursor(entry.timestamp, digest), entry))
    rows.sort(key=lambda row: row.cursor)
    return rows
