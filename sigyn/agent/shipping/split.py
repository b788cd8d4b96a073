"""A post in two halves, for a server that refuses the whole for its size.

A body is split as bytes, without going through protobuf's objects: it is what `encode` put together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import cramjam

from sigyn.agent.shipping.encode import varint
from sigyn.agent.shipping.record import Post
from sigyn.wire.compression import decompress_snappy

_LABELS, _ENTRY = 0x0A, 0x12  # tags of fields 1 and 2; the streams of a push are its field 1


def halves(post: Post) -> tuple[Post, Post] | None:
    """Two posts with half of the bytes each, the first with the entries that come first; None for a single entry."""
    message = decompress_snappy(post.body)
    entries: list[tuple[bytes, bytes]] = []
    for _, stream, _ in _fields(message):
        labels = b""
        for tag, content, whole in _fields(stream):
            if tag == _ENTRY:
                entries.append((labels, bytes(whole)))
            else:
                labels = bytes(content)
    if len(entries) < 2:
        return None
    half, size, middle = sum(len(entry) for _, entry in entries) // 2, 0, 0
    while middle < len(entries) - 1 and (middle == 0 or size + len(entries[middle][1]) <= half):
        size += len(entries[middle][1])
        middle += 1
    first, second = _post(post, entries[:middle]), _post(post, entries[middle:])
    # The lag is that of the last entries.
    return replace(first, latest={}), second


def _post(whole: Post, entries: Sequence[tuple[bytes, bytes]]) -> Post:
    streams: dict[bytes, list[bytes]] = {}
    for labels, entry in entries:
        streams.setdefault(labels, []).append(entry)
    message = b"".join(_field(_LABELS, _field(_LABELS, labels) + b"".join(of)) for labels, of in streams.items())
    return replace(
        whole,
        entries=len(entries),
        raw_bytes=sum(len(entry) for _, entry in entries),
        body=bytes(cramjam.snappy.compress_raw(message)),
    )


def _field(tag: int, content: bytes) -> bytes:
    return bytes([tag]) + varint(len(content)) + content


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Of each field the tag, the content, and both together."""
    at = 0
    while at < len(message):
        begin, tag, length, shift = at, message[at], 0, 0
        at += 1
        while True:
            byte = message[at]
            length |= (byte & 127) << shift
            shift += 7
            at += 1
            if byte < 128:
                break
        content = message[at : at + length]
        at += length
        yield tag, content, message[begin:at]
