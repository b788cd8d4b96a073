"""Pushes to try the decoders with, and the bytes that senders would make of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cramjam
import msgspec
from hypothesis import strategies as st

from sigyn.model.labels import Labels, format_labels, labels_of
from sigyn.wire.loki_messages import PushRequest

NANOSECONDS = 1_000_000_000


@dataclass(frozen=True)
class Entry:
    timestamp: int
    line: str
    metadata: dict[str, str]


@dataclass(frozen=True)
class Stream:
    labels: Labels
    entries: Sequence[Entry]


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
_names = st.from_regex(r"[a-zA-Z_][a-zA-Z0-9_]{0,6}", fullmatch=True)
_metadata_names = st.one_of(
    _names,
    st.sampled_from(["user.id", "9x", "_private", "__double", "a-b", "a_b", "a b", "", "ключ", "a\x00b"]),
    _texts,
)
_entries = st.builds(
    Entry,
    st.integers(-(1 << 62), 1 << 62),
    _texts,
    st.dictionaries(_metadata_names, _texts, max_size=4),
)
pushes = st.lists(
    st.builds(
        Stream,
        st.dictionaries(_names, _texts, max_size=3).map(labels_of),
        st.lists(_entries, max_size=4),
    ),
    max_size=4,
)


def as_json(push: Sequence[Stream]) -> bytes:
    streams = [
        {
            "stream": dict(stream.labels),
            "values": [
                [str(entry.timestamp), entry.line, *([entry.metadata] if entry.metadata else [])]
                for entry in stream.entries
            ],
        }
        for stream in push
    ]
    return msgspec.json.encode({"streams": streams})


def as_message(push: Sequence[Stream]) -> bytes:
    request = PushRequest()
    for stream in push:
        message = request.streams.add(labels=format_labels(stream.labels).encode(), hash=17)
        for entry in stream.entries:
            added = message.entries.add(line=entry.line.encode())
            added.timestamp.seconds, added.timestamp.nanos = divmod(entry.timestamp, NANOSECONDS)
            for name, value in entry.metadata.items():
                added.structured_metadata.add(name=name.encode(), value=value.encode())
    data: bytes = request.SerializeToString()
    return data


def as_snappy(message: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(message))
