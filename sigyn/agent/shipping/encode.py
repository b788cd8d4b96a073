"""Entries as protobuf, by hand: a push request is put together from bytes that are made once.

    PushRequest  { repeated Stream streams = 1; }
    Stream       { string labels = 1; repeated Entry entries = 2; }
    Entry        { Timestamp timestamp = 1; string line = 2; repeated LabelPair structuredMetadata = 3; }
    Timestamp    { int64 seconds = 1; int32 nanos = 2; }

Going through protobuf's own objects costs three times as much per entry.
"""

from collections.abc import Mapping

from sigyn.model.labels import format_labels, labels_of

_LAST = [bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7]) for n in range(1 << 14)]
_MORE = [bytes([n & 127 | 128, n >> 7 | 128]) for n in range(1 << 14)]
"""Varints by 14 bits: those that end a number, and those that more bits follow."""

_LOW = (1 << 14) - 1
_SECOND = 1_000_000_000


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


class EntryEncoder:
    """Encodes entries; remembers the second it saw last, which most entries share."""

    def __init__(self) -> None:
        self._second = -1
        self._second_bytes = b""

    def encode(self, timestamp: int, line: str, metadata: Mapping[str, str]) -> bytes:
        """An entry as an element of `Stream.entries`, its tag included. `timestamp` in ns."""
        second, nanos = divmod(timestamp, _SECOND)
        if second != self._second:
            self._second = second
            self._second_bytes = b"\x08" + varint(second) if second else b""
        if nanos < 1 << 14:
            time = self._second_bytes + b"\x10" + _LAST[nanos] if nanos else self._second_bytes
        elif nanos < 1 << 28:
            time = self._second_bytes + b"\x10" + _MORE[nanos & _LOW] + _LAST[nanos >> 14]
        else:
            time = self._second_bytes + b"\x10" + _MORE[nanos & _LOW] + _MORE[nanos >> 14 & _LOW] + _LAST[nanos >> 28]
        text = line.encode("utf-8", "surrogateescape")
        length = len(text)
        if length < 1 << 14:
            body = b"\x0a%c%b\x12%b%b" % (len(time), time, _LAST[length], text)
        else:
            body = b"\x0a%c%b\x12%b%b" % (len(time), time, varint(length), text)
        if metadata:
            body += b"".join([_pair(name, value) for name, value in metadata.items()])
        length = len(body)
        return b"\x12" + (_LAST[length] if length < 1 << 14 else varint(length)) + body


def encode_stream(labels: Mapping[str, str], entries: bytes) -> bytes:
    """A stream as an element of `PushRequest.streams`; `entries` are what `EntryEncoder.encode` gave, joined."""
    text = format_labels(labels_of(labels)).encode("utf-8", "surrogateescape")
    head = b"\x0a" + varint(len(text)) + text
    return b"\x0a" + varint(len(head) + len(entries)) + head + entries


def _pair(name: str, value: str) -> bytes:
    name_bytes, value_bytes = name.encode("utf-8", "surrogateescape"), value.encode("utf-8", "surrogateescape")
    body = b"\x0a" + varint(len(name_bytes)) + name_bytes + b"\x12" + varint(len(value_bytes)) + value_bytes
    return b"\x1a" + varint(len(body)) + body
