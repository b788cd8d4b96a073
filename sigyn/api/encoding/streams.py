"""Log entries grouped into streams, the way Loki answers log queries.

Without flags, entries are grouped by all of their labels. With `categorize-labels` they are
grouped by the labels of the stream, and each value carries the rest by origin as its third
element, in which empty parts are absent.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate

from sigyn.api.encoding.json import encode
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

CATEGORIZE_LABELS = "categorize-labels"

ENCODING_FLAGS = b'"encodingFlags":["%b"],' % CATEGORIZE_LABELS.encode()
"""How an answer says that its labels are apart; it stands before them."""

PIECE_CHARACTERS = 1 << 20
"""Of lines: a stream with more is encoded piece by piece, as its reader takes them, and not held in whole again."""

Value = tuple[str, str] | tuple[str, str, dict[str, dict[str, str]]]


def asks_for_categories(flags: str) -> bool:
    """Whether a client's list of encoding flags, with commas between them, has the one that we know."""
    return CATEGORIZE_LABELS in (flag.strip() for flag in flags.split(","))


def encode_streams(entries: Sequence[LogEntry], *, categorize: bool) -> Iterator[bytes]:
    """The JSON array of streams, a stream a piece unless it is large; entries keep their order within a stream."""
    groups = _by_stream(entries) if categorize else _by_all_labels(entries)
    opening = b"["
    for labels, values in groups:
        begin = b'%b{"stream":%b,"values":' % (opening, encode(dict(labels)))
        lengths = [len(value[1]) for value in values]
        if sum(lengths) <= PIECE_CHARACTERS:
            yield b"%b%b}" % (begin, encode(values))
        else:
            yield begin
            yield from _in_pieces(values, lengths)
            yield b"}"
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def _in_pieces(values: Sequence[Value], lengths: Sequence[int]) -> Iterator[bytes]:
    """The JSON array of values, of which there is one at least; a piece has PIECE_CHARACTERS at most, or one line."""
    ends = list(accumulate(lengths))
    opening, first, before = b"[", 0, 0
    while first < len(values):
        end = max(first + 1, bisect_right(ends, before + PIECE_CHARACTERS))
        yield opening + encode(values[first:end])[1:-1]
        opening, first, before = b",", end, ends[end - 1]
    yield b"]"


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
