"""Protobuf bodies of `POST /loki/api/v1/push`, as Promtail, Alloy and their kin send them.

Large bodies go through compiled loops (`protobuf_loops`, 400 000 lines of 287 bytes in 0.07 s), small ones,
and those that the loops make nothing of, through protobuf's own reader.
"""

from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from google.protobuf.message import DecodeError

from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels
from sigyn.model.time import FARTHEST_SECOND, FIRST, LAST, SECOND
from sigyn.wire.columns import PushColumns, refused_stream
from sigyn.wire.compression import MAX_DECOMPRESSED_BYTES, decompress_snappy
from sigyn.wire.kernels import METADATA_LOOPS, PROTOBUF_LOOPS
from sigyn.wire.label_text import DuplicateLabelName, InvalidLabels, parse_labels
from sigyn.wire.metadata import metadata_text
from sigyn.wire.push import DECODED_SCHEMA, DecodedPush, RefusedStream

_COMPILED_FROM_BYTES = 64 << 10  # 200 lines; below, loading numba would cost more than it ever saves


def decode_loki_protobuf(body: bytes, limit: int = MAX_DECOMPRESSED_BYTES) -> DecodedPush:
    """The push in a snappy block of protobuf; raises BadRequest and TooLarge.

    A stream whose label text can't be parsed is reported in `refused` and the others are kept.
    """
    return decode_push_request(decompress_snappy(body, limit))


def decode_push_request(message: memoryview) -> DecodedPush:
    """The push in an uncompressed PushRequest; raises BadRequest."""
    if len(message) >= _COMPILED_FROM_BYTES and (push := read_with_loops(message)):
        return push
    return read_messages(message)


def read_with_loops(message: memoryview) -> DecodedPush | None:
    """What `read_messages` gives, faster; None until the loops are compiled, and for a broken message."""
    loops = PROTOBUF_LOOPS.ready()
    walked = loops.walk_push(_bytes(message)) if loops else None
    return _decode_walked(message, walked) if walked else None


def read_messages(message: memoryview) -> DecodedPush:
    """The push in a message by protobuf's own reader; raises BadRequest."""
    from sigyn.wire.loki_messages import PushRequest

    try:
        push = PushRequest.FromString(bytes(message))
    except DecodeError as error:
        raise BadRequest(f"couldn't decode the protobuf body: {error}; expected a Loki PushRequest") from None
    columns = PushColumns()
    for stream in push.streams:
        for entry in stream.entries:
            time = entry.timestamp
            columns.timestamps.append(_nanoseconds(time.seconds, time.nanos))
            columns.lines.append(_text(entry.line))
            pairs = [(_text(pair.name), _text(pair.value)) for pair in entry.structured_metadata]
            columns.metadata.append(metadata_text(pairs) if pairs else None)
        if stream.entries:
            try:
                columns.end_stream(parse_labels(_text(stream.labels)))
            except (InvalidLabels, DuplicateLabelName) as error:
                columns.refuse_stream(error)
    return columns.decoded(len(push.streams))


def _nanoseconds(seconds: int, nanos: int) -> int:
    if seconds > FARTHEST_SECOND:
        return LAST
    return FIRST if seconds < -FARTHEST_SECOND else seconds * SECOND + nanos


def _decode_walked(message: memoryview, walked: Any) -> DecodedPush:
    streams: list[Labels] = []
    refused: list[RefusedStream] = []
    ordinals = np.full(len(walked.stream_entries), -1, np.int32)
    first_entries = np.concatenate([[0], np.cumsum(walked.stream_entries)])
    for index, (start, end) in enumerate(walked.labels.tolist()):
        first, last = first_entries[index], first_entries[index + 1]
        if first == last:
            continue
        try:
            labels = parse_labels(_text(bytes(message[start:end])))
        except (InvalidLabels, DuplicateLabelName) as error:
            refused.append(refused_stream(error, np.diff(walked.line_offsets[first : last + 1]).tolist()))
            continue
        ordinals[index] = len(streams)
        streams.append(labels)
    stream_column = np.repeat(ordinals, walked.stream_entries)
    table = pa.Table.from_arrays(
        [
            pa.array(stream_column),
            pa.array(walked.timestamps),
            _string_array(walked.line_offsets, walked.lines),
            _metadata_array(message, walked),
        ],
        schema=DECODED_SCHEMA,
    )
    if refused:
        table = table.filter(pa.array(stream_column >= 0))
    return DecodedPush(tuple(streams), table, tuple(refused), len(walked.stream_entries))


def _metadata_array(message: memoryview, walked: Any) -> pa.Array:
    entries = len(walked.timestamps)
    if not len(walked.pairs):
        return pa.nulls(entries, pa.string())
    loops = METADATA_LOOPS.ready()
    if loops and (rendered := loops.render_metadata(_bytes(message), walked.pair_offsets, walked.pairs)):
        offsets, text, present = rendered
        array = _strings(offsets, text, present)
        if _is_utf8(array):
            return array
    texts = []
    for first, last in pairwise(walked.pair_offsets.tolist()):
        rows = walked.pairs[first:last].tolist()
        texts.append(metadata_text((_text(bytes(message[a:b])), _text(bytes(message[c:d]))) for a, b, c, d in rows))
    return pa.array(texts, pa.string())


def _string_array(offsets: npt.NDArray[np.int32], text: npt.NDArray[np.uint8]) -> pa.Array:
    array = _strings(offsets, text, None)
    if _is_utf8(array):
        return array
    return pa.array([_text(line) for line in array.view(pa.binary()).to_pylist()], pa.string())


def _strings(
    offsets: npt.NDArray[np.int32], text: npt.NDArray[np.uint8], present: npt.NDArray[np.bool_] | None
) -> pa.Array:
    validity = None
    if present is not None:
        validity = pa.py_buffer(np.packbits(present, bitorder="little"))
    return pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(text), validity)


def _is_utf8(array: pa.Array) -> bool:
    try:
        array.validate(full=True)
    except pa.ArrowInvalid:
        return False
    return True


def _bytes(message: memoryview) -> npt.NDArray[np.uint8]:
    array = np.frombuffer(message, np.uint8)
    array.flags.writeable = False  # a writable array is another type to numba, for which it would compile anew
    return array


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")
