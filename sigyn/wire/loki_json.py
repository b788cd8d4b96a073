"""JSON bodies of `POST /loki/api/v1/push`.

{"streams": [{"stream": {"app": "shop"}, "values": [["<ns>", "<line>", {"<name>": "<value>"}]]}]}
"""

import re

import msgspec
import pyarrow as pa

from sigyn.model.errors import BadRequest
from sigyn.model.rfc3339 import parse_rfc3339
from sigyn.model.time import held
from sigyn.wire.columns import PushColumns
from sigyn.wire.json_body import decode_json
from sigyn.wire.label_text import DuplicateLabelName, InvalidLabels, labels_of_mapping, parse_labels
from sigyn.wire.metadata import metadata_text
from sigyn.wire.push import DecodedPush

_INTEGER = re.compile(r"[+-]?[0-9]+")
_HEXADECIMAL = re.compile(r"[xX]")  # which Arrow reads, too, and 0xffffffffffffffff as -1
_AS_COLUMN = 16  # a call into Arrow costs 10 us: too much for a stream of one entry, of which a push may have thousands
_INT64 = range(-(1 << 63), 1 << 63)
_DIGITS = 19


class _Entry(msgspec.Struct, array_like=True, gc=False):
    timestamp: str
    line: str
    metadata: dict[str, str] | None = None


class _Stream(msgspec.Struct, gc=False):
    stream: dict[str, str] | None = None
    values: list[_Entry] | None = None


class _Push(msgspec.Struct):
    streams: list[_Stream] | None = None


class _LegacyEntry(msgspec.Struct, gc=False):
    ts: str
    line: str


class _LegacyStream(_Stream, gc=False):
    labels: str | None = None
    entries: list[_LegacyEntry] | None = None


class _LegacyPush(msgspec.Struct):
    streams: list[_LegacyStream] | None = None


_DECODER = msgspec.json.Decoder(_Push | None)
_LEGACY_DECODER = msgspec.json.Decoder(_LegacyPush | None)


def decode_loki_json(body: bytes) -> DecodedPush:
    """The push in a JSON body; raises BadRequest when it can't be read as a whole.

    A stream whose labels are no labels is reported in `refused` and the others are kept, as Loki
    does; a timestamp, a line or metadata of the wrong type refuses the whole push. Streams in the form of
    the legacy endpoint are taken as well: some clients send it here unless they are told otherwise, and
    would lose every line to an answer of 204.
    """
    push = decode_json(body, _DECODER)
    streams = (push.streams if push else None) or []
    if any(stream.values is None and stream.stream is None for stream in streams):
        return decode_legacy_json(body)
    columns = PushColumns()
    for ordinal, stream in enumerate(streams):
        _add_stream(columns, ordinal, stream)
    return columns.decoded(len(streams))


def decode_legacy_json(body: bytes) -> DecodedPush:
    """The push in a JSON body of the legacy endpoint, in either form; raises BadRequest."""
    push = decode_json(body, _LEGACY_DECODER)
    streams = (push.streams if push else None) or []
    columns = PushColumns()
    for ordinal, stream in enumerate(streams):
        if stream.labels is None:
            _add_stream(columns, ordinal, stream)
        else:
            _add_legacy_stream(columns, ordinal, stream.labels, stream.entries or [])
    return columns.decoded(len(streams))


def _add_stream(columns: PushColumns, ordinal: int, stream: _Stream) -> None:
    entries = stream.values or []
    columns.timestamps += _timestamps(ordinal, entries)
    columns.lines += [entry.line for entry in entries]
    columns.metadata += [metadata_text(entry.metadata.items()) if entry.metadata else None for entry in entries]
    try:
        columns.end_stream(labels_of_mapping(stream.stream or {}))
    except InvalidLabels as error:
        columns.refuse_stream(error)


def _add_legacy_stream(columns: PushColumns, ordinal: int, labels: str, entries: list[_LegacyEntry]) -> None:
    for position, entry in enumerate(entries):
        try:
            timestamp = parse_rfc3339(entry.ts)
        except ValueError as error:
            raise BadRequest(
                f"couldn't decode the JSON body: stream {ordinal}, entry {position}, ts: {error}"
            ) from None
        columns.timestamps.append(held(timestamp))
        columns.lines.append(entry.line)
        columns.metadata.append(None)
    try:
        columns.end_stream(parse_labels(labels))
    except (InvalidLabels, DuplicateLabelName) as error:
        columns.refuse_stream(error)


def _timestamps(ordinal: int, entries: list[_Entry]) -> list[int]:
    texts = [entry.timestamp for entry in entries]
    if len(texts) < _AS_COLUMN or _HEXADECIMAL.search("".join(texts)):
        return [_timestamp(ordinal, position, text) for position, text in enumerate(texts)]
    try:
        timestamps: list[int] = pa.array(texts, pa.string()).cast(pa.int64()).to_numpy().tolist()
    except pa.ArrowInvalid:
        return [_timestamp(ordinal, position, text) for position, text in enumerate(texts)]
    return timestamps


def _timestamp(ordinal: int, position: int, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise BadRequest(
            f"couldn't decode the JSON body: stream {ordinal}, entry {position}, timestamp: {text!r} is not a"
            " whole number of nanoseconds since the epoch"
        )
    digits = text.lstrip("+-0") or "0"
    timestamp = int(digits[: _DIGITS + 1]) * (-1 if text.startswith("-") else 1)
    if timestamp not in _INT64:
        raise BadRequest(
            f"couldn't decode the JSON body: stream {ordinal}, entry {position}, timestamp: {text!r} is out of range"
        )
    return timestamp
