"""JSON bodies of `POST /loki/api/v1/push`.

{"streams": [{"stream": {"app": "shop"}, "values": [["<ns>", "<line>", {"<name>": "<value>"}]]}]}
"""

import re

import msgspec
import pyarrow as pa

from sigyn.model.errors import BadRequest
from sigyn.wire.columns import PushColumns
from sigyn.wire.json_body import decode_json
from sigyn.wire.label_text import InvalidLabels, labels_of_mapping
from sigyn.wire.metadata import metadata_text
from sigyn.wire.push import DecodedPush

_INTEGER = re.compile(r"[+-]?[0-9]+")
_INT64 = range(-(1 << 63), 1 << 63)


class _Entry(msgspec.Struct, array_like=True, gc=False):
    timestamp: str
    line: str
    metadata: dict[str, str] | None = None


class _Stream(msgspec.Struct, gc=False):
    stream: dict[str, str] | None = None
    values: list[_Entry] | None = None


class _Push(msgspec.Struct):
    streams: list[_Stream] | None = None


_DECODER = msgspec.json.Decoder(_Push | None)


def decode_loki_json(body: bytes) -> DecodedPush:
    """The push in a JSON body; raises BadRequest when it can't be read as a whole.

    A stream whose labels are no labels is reported in `refused` and the others are kept, as Loki
    does; a timestamp, a line or metadata of the wrong type refuses the whole push.
    """
    push = decode_json(body, _DECODER)
    streams = (push.streams if push else None) or []
    columns = PushColumns()
    for ordinal, stream in enumerate(streams):
        entries = stream.values or []
        columns.timestamps += _timestamps(ordinal, entries)
        columns.lines += [entry.line for entry in entries]
        columns.metadata += [metadata_text(entry.metadata.items()) if entry.metadata else None for entry in entries]
        try:
            columns.end_stream(labels_of_mapping(stream.stream or {}))
        except InvalidLabels as error:
            columns.refuse_stream(error)
    return columns.decoded(len(streams))


def _timestamps(ordinal: int, entries: list[_Entry]) -> list[int]:
    texts = [entry.timestamp for entry in entries]
    try:
        timestamps: list[int] = pa.array(texts, pa.string()).cast(pa.int64()).to_pylist()
    except pa.ArrowInvalid:
        return [_timestamp(ordinal, position, text) for position, text in enumerate(texts)]
    return timestamps


def _timestamp(ordinal: int, position: int, text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise BadRequest(
            f"couldn't decode the JSON body: stream {ordinal}, entry {position}, timestamp: {text!r} is not a"
            " whole number of nanoseconds since the epoch"
        )
    if len(text) > 20 or int(text) not in _INT64:
        raise BadRequest(
            f"couldn't decode the JSON body: stream {ordinal}, entry {position}, timestamp: {text!r} is out of range"
        )
    return int(text)
