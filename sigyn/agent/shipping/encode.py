"""Entries as protobuf, by hand: a push request is put together from bytes that are made once.

    PushRequest  { repeated Stream streams = 1; }
    Stream       { string labels = 1; repeated Entry entries = 2; }
    Entry        { Timestamp timestamp = 1; string line = 2; repeated LabelPair structuredMetadata = 3; }
    Timestamp    { int64 seconds = 1; int32 nanos = 2; }

Going through protobuf's own objects costs three times as much per entry.
"""

from collections.abc import Iterable, Mapping

from sigyn.agent.entry import AgentEntry
from sigyn.model.labels import format_labels, labels_of
from sigyn.model.time import SECOND

_LAST = [bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7]) for n in range(1 << 14)]
_MORE = [bytes([n & 127 | 128, n >> 7 | 128]) for n in range(1 << 14)]
"""Varints by 14 bits: those that end a number, and those that more bits follow."""

_FIELD_1 = [b"\x0a" + number for number in _LAST[:128]]
_FIELD_2 = [b"\x12" + number for number in _LAST]
"""Tags and lengths: field 1 is the time in an entry, field 2 the entry in its stream and the line in its entry."""

_LOW = (1 << 14) - 1
_SHORT = (1 << 14) - 32


def varint(number: int) -> bytes:
    """A number of at most 64 bits; negative ones as two's complement."""
    if number < 1 << 14:
        if number >= 0:
            return _LAST[number]
        number += 1 << 64
    pieces = []
    while number >= 1 << 14:
        pieces.append(_MORE[number & _LOW])
        number >>= 14
    pieces.append(_LAST[number])
    return b"".join(pieces)


def encode_entry(timestamp: int, line: str, metadata: Mapping[str, str]) -> bytes:
    """An entry as an element of `Stream.entries`, its tag included. `timestamp` in ns."""
    second, nanos = divmod(timestamp, SECOND)
    time = (b"\x08" + varint(second) if second else b"") + (b"\x10" + varint(nanos) if nanos else b"")
    text = line.encode("utf-8", "surrogateescape")
    body = b"\x0a" + varint(len(time)) + time + b"\x12" + varint(len(text)) + text
    if metadata:
        body += b"".join([_pair(name, value) for name, value in metadata.items()])
    return b"\x12" + varint(len(body)) + body


class EntryEncoder:
    """What `encode_entry` gives, faster for entries that follow each other in one second."""

    def __init__(self) -> None:
        self._second = -SECOND  # the moment in ns at which the second of the last entry began
        self._head = b""  # tags and number of the seconds, and the tag of the nanoseconds

    def encode(self, entries: Iterable[AgentEntry]) -> list[bytes]:
        """Each as `encode_entry` does it: 0.6 us, a third of it for the text."""
        second, head = self._second, self._head
        encoded: list[bytes] = []
        append, join = encoded.append, b"".join
        # Hot: once per line.
        for entry in entries:
            timestamp = entry.timestamp
            nanos = timestamp - second
            if not 0 <= nanos < SECOND:
                nanos = timestamp % SECOND
                second = timestamp - nanos
                head = b"\x08" + varint(second // SECOND) + b"\x10" if second > 0 else b""
            try:
                text = entry.line.encode()
            except UnicodeEncodeError:
                append(encode_entry(timestamp, entry.line, entry.metadata))
                continue
            length = len(text)
            # The fast path leaves out metadata, long lines and times at the beginning of a second.
            if nanos < 1 << 14 or length >= _SHORT or entry.metadata or not head:
                append(encode_entry(timestamp, entry.line, entry.metadata))
                continue
            if nanos < 1 << 28:
                number = _MORE[nanos & _LOW] + _LAST[nanos >> 14]
            else:
                number = _MORE[nanos & _LOW] + _MORE[nanos >> 14 & _LOW] + _LAST[nanos >> 28]
            inside = len(head) + len(number)
            tag = _FIELD_2[length]
            # Two bytes are the tag and the length of the time.
            append(join((_FIELD_2[2 + inside + len(tag) + length], _FIELD_1[inside], head, number, tag, text)))
        self._second, self._head = second, head
        return encoded


def encode_stream(labels: Mapping[str, str], entries: bytes) -> bytes:
    """A stream as an element of `PushRequest.streams`; `entries` are what `EntryEncoder.encode` gave, joined."""
    text = format_labels(labels_of(labels)).encode("utf-8", "surrogateescape")
    head = b"\x0a" + varint(len(text)) + text
    return b"\x0a" + varint(len(head) + len(entries)) + head + entries


def _pair(name: str, value: str) -> bytes:
    name_bytes, value_bytes = name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape")
    body = b"\x0a" + varint(len(name_bytes)) + name_bytes + b"\x12" + varint(len(value_bytes)) + value_bytes
    return b"\x1a" + varint(len(body)) + body
