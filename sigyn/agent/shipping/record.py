"""A sealed batch: ready-made bodies, and how far the sources are read once it is delivered."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from sigyn.model.errors import BadRequest


@dataclass(slots=True, frozen=True)
class Post:
    """One body to push: snappy protobuf for one tenant.

    variant   which external labels it has: their canonical text; clients that share them share the body
    tenant    empty: the client's own
    raw_bytes size of the lines and metadata before encoding
    latest    timestamp (ns) of the last entry by file, for the lag
    """

    variant: str
    tenant: str
    entries: int
    raw_bytes: int
    body: bytes
    latest: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class Record:
    """A batch with its number in the order of all batches."""

    sequence: int
    positions: Mapping[str, str]
    posts: tuple[Post, ...]

    @property
    def size(self) -> int:
        """Bytes of all bodies."""
        return sum(len(post.body) for post in self.posts)


_Payload = tuple[dict[str, str], list[Post]]
_DECODER = msgspec.msgpack.Decoder(_Payload)


def pack(record: Record) -> bytes:
    """The record without its number."""
    return msgspec.msgpack.encode((record.positions, record.posts))


def unpack(sequence: int, payload: bytes) -> Record:
    """The record that `pack` wrote; raises BadRequest."""
    try:
        positions, posts = _DECODER.decode(payload)
    except msgspec.MsgspecError as error:
        raise BadRequest(f"batch {sequence} of the buffer can't be read: {error}") from None
    return Record(sequence, positions, tuple(posts))
