"""A segment: one Parquet object of one tenant. docs/format/segment.md draws it.

L0 is written at once in the order of arrival; L1 is sorted by (stream, timestamp, arrival). The
key-value metadata of the file makes it self-contained: a catalog can be made again from objects
alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from zlib_ng.zlib_ng import crc32

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.model.labels import Labels, labels_of
from sigyn.store.errors import SegmentLost, UnknownFormat
from sigyn.store.stream_tally import StreamTally
from sigyn.store.streams import Int64s, StreamTable

FORMAT = "1"
FORMATS = ("1", "2", "3", "4", "5")
"""Versions that this one reads: as they arrived, and sorted with shapes and an index."""

# By measurement on 1 M lines (291 MB), CPU seconds to write and to read all lines, and size:
#   in order of arrival, groups of 14 600:  lz4 0.33 s, 0.07 s, 85 MB; zstd 1 0.44 s, 0.14 s, 48 MB. The
#   37 MB more must be fsynced or sent, which costs more than 0.1 s.
#   sorted:  zstd 1 0.41 s, 45.3 MB; zstd 3 0.54 s, 46.3 MB; zstd 6 1.59 s, 43.1 MB; zstd 9 2.60 s, 42.0 MB.
#   Lengths apart from the text (DELTA_LENGTH_BYTE_ARRAY) save 0.9 MB, zstd 3 for timestamps 0.7 MB.
_CODEC_LEVELS = {"stream": 1, "timestamp": 3, "line": 1, "detected_level": 1, "metadata": 1}
_ENCODINGS = {"timestamp": "DELTA_BINARY_PACKED", "line": "DELTA_LENGTH_BYTE_ARRAY"}
_DICTIONARY = ["stream", "detected_level", "metadata"]

# A row group is what a reader skips or reads as a whole: 1.6 ms for 8 Ki lines of 290 bytes. Size of file
# and speed of a full scan are the same from 8 Ki to 128 Ki rows; a footer grows by 54 bytes a row group and column.
ROW_GROUP_ROWS = 8 << 10
ROW_GROUP_BYTES = 8 << 20
ROW_GROUP_LEAST = 4 << 10


@dataclass(frozen=True, slots=True, eq=False)
class EncodedSegment:
    """A segment as bytes, with what the catalog keeps of it. `streams` has no ids yet.

    arrival   as in SegmentInfo, of one that was made of others; None: its entries arrive with it
    """

    body: memoryview
    checksum: int
    tenant: str
    level: int
    first: int
    last: int
    rows: int
    text_bytes: int
    labels: tuple[Labels, ...]
    streams: StreamTable
    arrival: int | None = None

    @classmethod
    def of(
        cls,
        body: memoryview,
        checksum: int,
        tenant: str,
        level: int,
        labels: Sequence[Labels],
        table: StreamTable,
        arrival: int | None = None,
    ) -> "EncodedSegment":
        """A segment with this stream table."""
        return cls(
            body=body,
            checksum=checksum,
            tenant=tenant,
            level=level,
            first=int(table.first.min()),
            last=int(table.last.max()),
            rows=int(table.rows.sum()),
            text_bytes=int(table.text_bytes.sum()),
            labels=tuple(labels),
            streams=table,
            arrival=arrival,
        )


class _StreamColumns(msgspec.Struct):
    labels: list[dict[str, str]]
    rows: list[int]
    text_bytes: list[int]
    metadata_pairs: list[int]
    first: list[int]
    last: list[int]
    first_row: list[int]


def text_lengths(entries: pa.Table) -> Int64s:
    """Bytes of text in each entry: line and structured metadata."""
    lengths: Int64s = pc.binary_length(entries["line"]).to_numpy().astype(np.int64)
    if entries["metadata"].null_count < len(entries):
        lengths += pc.fill_null(pc.binary_length(entries["metadata"]), 0).to_numpy()
    return lengths


def row_group_bounds(lengths: Int64s, ordinals: Int64s | None = None) -> Iterator[tuple[int, int]]:
    """Where row groups begin and end among entries whose text has these lengths.

    Of entries sorted by stream, `ordinals` are their streams: then a row group rather ends with a stream
    than that it is full, as long as it has ROW_GROUP_LEAST rows.
    """
    text_before = np.concatenate([[0], np.cumsum(lengths)])
    begins = np.flatnonzero(np.diff(ordinals)) + 1 if ordinals is not None else np.empty(0, np.int64)
    start = 0
    while start < len(lengths):
        full = int(np.searchsorted(text_before, text_before[start] + ROW_GROUP_BYTES, side="right")) - 1
        end = min(max(full, start + 1), start + ROW_GROUP_ROWS, len(lengths))
        last = int(np.searchsorted(begins, end, side="right")) - 1
        if end < len(lengths) and last >= 0 and begins[last] >= start + ROW_GROUP_LEAST:
            end = int(begins[last])
        yield start, end
        start = end


def split_row_groups(entries: pa.Table) -> Iterator[pa.Table]:
    """Entries in pieces that are row groups."""
    for start, end in row_group_bounds(text_lengths(entries)):
        yield entries.slice(start, end - start)


def encode_segment(tenant: str, level: int, labels: Sequence[Labels], row_groups: Iterable[pa.Table]) -> EncodedSegment:
    """Writes entries (ENTRY_SCHEMA) as a segment in memory; there is one at least for each stream of `labels`.

    For level 1 the entries are sorted by stream and time.
    """
    streams = StreamTally(len(labels))
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(
        sink,
        ENTRY_SCHEMA,
        compression="zstd",
        compression_level=_CODEC_LEVELS,
        use_dictionary=_DICTIONARY,
        column_encoding=_ENCODINGS,
        write_statistics=["stream", "timestamp", "detected_level"],
        write_page_checksum=True,
        store_schema=False,
    ) as writer:
        for entries in row_groups:
            writer.write_table(entries, row_group_size=len(entries))
            streams.count(entries)
        table = streams.table(sorted_by_stream=level > 0)
        writer.add_key_value_metadata(header_of(FORMAT, tenant, level, labels, table))
    body = memoryview(sink.getvalue()).cast("B")
    return EncodedSegment.of(body, crc32(body), tenant, level, labels, table)


def header_of(version: str, tenant: str, level: int, labels: Sequence[Labels], streams: StreamTable) -> dict[str, str]:
    """What a segment says about itself in the key-value metadata of its footer."""
    columns = _StreamColumns(
        labels=[dict(pairs) for pairs in labels],
        rows=streams.rows.tolist(),
        text_bytes=streams.text_bytes.tolist(),
        metadata_pairs=streams.metadata_pairs.tolist(),
        first=streams.first.tolist(),
        last=streams.last.tolist(),
        first_row=streams.first_row.tolist(),
    )
    return {
        "sigyn.format": version,
        "sigyn.tenant": tenant,
        "sigyn.level": str(level),
        "sigyn.streams": msgspec.json.encode(columns).decode(),
    }


def decode_segment(body: memoryview, key: str) -> EncodedSegment:
    """The segment that a whole object holds, from what it says about itself; its entries are not read.

    Raises SegmentLost when this is no segment of Sigyn or a torn one, UnknownFormat, with the
    object's key, when a newer one wrote it.
    """
    try:
        return _decode_segment(body, key)
    except (pa.ArrowException, OSError) as error:
        raise SegmentLost(f"this is no whole Parquet file: {error}") from error
    except (KeyError, ValueError, msgspec.DecodeError) as error:
        raise SegmentLost(f"what this segment says about itself is damaged: {error}") from error


def check_format(pairs: Mapping[bytes, bytes], key: str) -> None:
    """Raises UnknownFormat when a newer Sigyn wrote the object with this key and this metadata in its footer."""
    version = pairs.get(b"sigyn.format", b"").decode()
    if version and version not in FORMATS:
        raise UnknownFormat(
            f"object `{key}` has segment format `{version}`, which a newer Sigyn wrote; this one reads "
            f"{', '.join(FORMATS)}"
        )


def verify_pages(body: bytes | memoryview) -> Iterator[None]:
    """Reads all entries of a whole object against the checksums of their pages, a row group at a time.

    Raises SegmentLost when one is not what was written.
    """
    try:
        file = pq.ParquetFile(pa.BufferReader(body), page_checksum_verification=True)
        for number in range(file.metadata.num_row_groups):
            file.read_row_groups([number], use_threads=False)
            yield
    except (pa.ArrowException, OSError) as error:
        raise SegmentLost(f"this segment is damaged: {error}") from error


def _decode_segment(body: memoryview, key: str) -> EncodedSegment:
    metadata = pq.ParquetFile(pa.BufferReader(body)).metadata
    pairs: dict[bytes, bytes] = metadata.metadata or {}
    version = pairs.get(b"sigyn.format", b"").decode()
    if not version:
        raise SegmentLost("a Parquet file without `sigyn.format` in its metadata is no segment")
    check_format(pairs, key)
    columns = msgspec.json.decode(pairs[b"sigyn.streams"], type=_StreamColumns)
    table = StreamTable(
        np.empty(0, np.int64),
        np.array(columns.rows, np.int64),
        np.array(columns.text_bytes, np.int64),
        np.array(columns.metadata_pairs, np.int64),
        np.array(columns.first, np.int64),
        np.array(columns.last, np.int64),
        np.array(columns.first_row, np.int64),
    )
    labels = [labels_of(each) for each in columns.labels]
    tenant, level = pairs[b"sigyn.tenant"].decode(), int(pairs[b"sigyn.level"])
    arrival = pairs.get(b"sigyn.arrival")
    return EncodedSegment.of(body, crc32(body), tenant, level, labels, table, None if arrival is None else int(arrival))
