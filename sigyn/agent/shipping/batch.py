"""The batch that is being filled: entries grouped by tenant and stream, encoded as they come."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import cramjam

from sigyn.agent.entry import TENANT_LABEL, AgentEntry
from sigyn.agent.positions import Changes
from sigyn.agent.shipping.encode import EntryEncoder, encode_stream
from sigyn.agent.shipping.record import Post, Record
from sigyn.model.labels import format_labels, labels_of

FILENAME = "filename"


def variant_of(external_labels: Mapping[str, str]) -> str:
    """The name of a set of external labels."""
    return format_labels(labels_of(external_labels))


@dataclass(slots=True)
class _Stream:
    """Encoded entries of one stream."""

    tenant: str
    labels: dict[str, str]
    entries: list[bytes] = field(default_factory=list)


class OpenBatch:
    """Entries that wait for company.

    `max_streams` (0: no limit) bounds the streams of a batch; entries of more are dropped, and counted
    in `refused`.
    """

    def __init__(self, max_streams: int = 0) -> None:
        self.size = 0
        self.refused = 0
        self.positions: dict[str, str] = {}
        self._max_streams = max_streams
        self._streams: list[_Stream] = []
        # By labels in the order they come in: another order is another stream here, with the same text at the end.
        self._append: dict[tuple[tuple[str, str], ...], Callable[[bytes], None]] = {}
        self._latest: dict[str, int] = {}
        self._encoder = EntryEncoder()

    def __bool__(self) -> bool:
        return bool(self._streams or self.positions)

    def add(self, entries: Sequence[AgentEntry], positions: Changes) -> None:
        """Adds entries together with the positions that hold once they are delivered."""
        self.positions.update(positions)
        if not entries:
            return
        known = self._append
        size = 0
        # Hot: once per line.
        for entry, encoded in zip(entries, self._encoder.encode(entries), strict=True):
            key = tuple(entry.labels.items())
            append = known.get(key) or self._begin(key)
            if append is None:
                self.refused += 1
                continue
            append(encoded)
            size += len(encoded)
        self.size += size
        file = entry.labels.get(FILENAME)
        if file is not None:
            self._latest[file] = entry.timestamp

    def _begin(self, key: tuple[tuple[str, str], ...]) -> Callable[[bytes], None] | None:
        """A new stream; None when there are too many."""
        if self._max_streams and len(self._streams) >= self._max_streams:
            return None
        labels = dict(key)
        stream = _Stream(labels.pop(TENANT_LABEL, ""), labels)
        self._streams.append(stream)
        self._append[key] = stream.entries.append
        return stream.entries.append

    def seal(self, sequence: int, variants: Sequence[Mapping[str, str]]) -> Record:
        """The record of this batch, with a body for each tenant and each set of external labels."""
        tenants: dict[str, list[tuple[_Stream, bytes]]] = {}
        for stream in self._streams:
            tenants.setdefault(stream.tenant, []).append((stream, b"".join(stream.entries)))
        posts = [
            _post(external, tenant, streams, self._latest)
            for external in variants
            for tenant, streams in sorted(tenants.items())
        ]
        return Record(sequence, self.positions, tuple(posts))


def _post(
    external: Mapping[str, str],
    tenant: str,
    streams: Sequence[tuple[_Stream, bytes]],
    latest: Mapping[str, int],
) -> Post:
    message = b"".join([encode_stream({**external, **stream.labels}, encoded) for stream, encoded in streams])
    files = {stream.labels[FILENAME] for stream, _ in streams if FILENAME in stream.labels}
    return Post(
        variant=variant_of(external),
        tenant=tenant,
        entries=sum(len(stream.entries) for stream, _ in streams),
        raw_bytes=sum(len(encoded) for _, encoded in streams),
        body=bytes(cramjam.snappy.compress_raw(message)),
        latest={file: latest[file] for file in files if file in latest},
    )
