"""Log entries grouped into streams, the way Loki answers log queries.

Without flags, entries are grouped by all of their labels. With `categorize-labels` they are
grouped by the labels of the stream, and each value carries the rest by origin as its third
element, in which empty parts are absent.
"""

from collections.abc import Iterable, Iterator, Sequence

from sigyn.api.encoding.json import encode
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

CATEGORIZE_LABELS = "categorize-labels"

ENCODING_FLAGS = b'"encodingFlags":["%b"],' % CATEGORIZE_LABELS.encode()
"""How an answer says that its labels are apart; it stands before them."""

Value = tuple[str, str] | tuple[str, str, dict[str, dict[str, str]]]


def asks_for_categories(flags: str) -> bool:
    """Whether a client's list of encoding flags, with commas between them, has the one that we know."""
    return CATEGORIZE_LABELS in (flag.strip() for flag in flags.split(","))


def encode_streams(entries: Sequence[LogEntry], *, categorize: bool) -> Iterator[bytes]:
    """The JSON array of streams, a stream a piece; entries keep their order within a stream."""
    groups = _by_stream(entries) if categorize else _by_all_labels(entries)
    opening = b"["
    for labels, values in groups:
        yield b'%b{"stream":%b,"values":%b}' % (opening, encode(dict(labels)), encode(values))
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def merge_labels(entry: LogEntry) -> Labels:
    """All labels of an entry, whatever their origin."""
    if not entry.metadata and not entry.parsed:
        return entry.stream
    return tuple(sorted(entry.stream + entry.metadata + entry.parsed))


def _by_all_labels(entries: Sequence[LogEntry]) -> Iterable[tuple[Labels, list[Value]]]:
    groups: dict[Labels, list[Value]] = {}
    # Entries of a stream share their tuples, so that most lookups need not hash a single label.
    # `entries` keeps the tuples alive, so that no identity is taken over by another tuple.
    known: dict[tuple[int, int, int], list[Value]] = {}
    for entry in entries:
        identity = (id(entry.stream), id(entry.metadata), id(entry.parsed))
        values = known.get(identity)
        if values is None:
            values = known[identity] = groups.setdefault(merge_labels(entry), [])
        values.append((str(entry.timestamp), entry.line))
    return groups.items()


def _by_stream(entries: Sequence[LogEntry]) -> Iterable[tuple[Labels, list[Value]]]:
    groups: dict[Labels, list[Value]] = {}
    for entry in entries:
        rest: dict[str, dict[str, str]] = {}
        if entry.metadata:
            rest["structuredMetadata"] = dict(entry.metadata)
        if entry.parsed:
            rest["parsed"] = dict(entry.parsed)
        groups.setdefault(entry.stream, []).append((str(entry.timestamp), entry.line, rest))
    return groups.items()
