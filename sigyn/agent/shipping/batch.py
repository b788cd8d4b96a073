"""The batch that is being filled: entries grouped by tenant and stream, encoded as they come."""

from collections.abc import Iterable, Mapping, Sequence
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
    latest: int = 0


class OpenBatch:
    """Entries that wait for company.

    `max_streams` (0: no limit) bounds the streams of a batch; entries of more are dropped, and counted
    in `refused`.
    """

    def __init__(self, max_streams: int = 0) -> None:
        self.size = 0
        self.entries = 0
        self.refused = 0
        self.positions: dict[str, str] = {}
        self._max_streams = max_streams
        self._streams: dict[tuple[str, ...] | tuple[tuple[str, str], ...], _Stream] = {}
        self._encoder = EntryEncoder()

    def __bool__(self) -> bool:
        return bool(self._streams or self.positions)

    def add(self, entries: Iterable[AgentEntry], positions: Changes) -> None:
        """Adds entries together with the positions that hold once they are delivered."""
        streams, encode = self._streams, self._encoder.encode
        size = count = 0
        # Hot: once per line. Labels in another order are found again as a stream of their own, which
        # `seal` writes under the same sorted labels.
        for entry in entries:
            key = tuple(entry.labels.items())
            stream = streams.get(key)
            if stream is None:
                if self._max_streams and len(streams) >= self._max_streams:
                    self.refused += 1
                    continue
                labels = dict(key)
                stream = streams[key] = _Stream(labels.pop(TENANT_LABEL, ""), labels)
            encoded = encode(entry.timestamp, entry.line, entry.metadata)
            stream.entries.append(encoded)
            if entry.timestamp > stream.latest:
                stream.latest = entry.timestamp
            size += len(encoded)
            count += 1
        self.size += size
        self.entries += count
        self.positions.update(positions)

    def seal(self, sequence: int, variants: Sequence[Mapping[str, str]]) -> Record:
        """The record of this batch, with a body for each tenant and each set of external labels."""
        tenants: dict[str, list[tuple[_Stream, bytes]]] = {}
        for stream in self._streams.values():
            tenants.setdefault(stream.tenant, []).append((stream, b"".join(stream.entries)))
        posts = [
            _post(external, tenant, streams) for external in variants for tenant, streams in sorted(tenants.items())
        ]
        return Record(sequence, self.positions, tuple(posts))


def _post(external: Mapping[str, str], tenant: str, streams: Sequence[tuple[_Stream, bytes]]) -> Post:
    message = b"".join([encode_stream({**external, **stream.labels}, encoded) for stream, encoded in streams])
    latest: dict[str, int] = {}
    for stream, _ in streams:
        file = stream.labels.get(FILENAME)
        if file is not None:
            latest[file] = max(stream.latest, latest.get(file, 0))
    return Post(
        variant=variant_of(external),
        tenant=tenant,
        entries=sum(len(stream.entries) for stream, _ in streams),
        raw_bytes=sum(len(encoded) for _, encoded in streams),
        body=bytes(cramjam.snappy.compress_raw(message)),
        latest=latest,
    )
