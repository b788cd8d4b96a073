"""Writes a sorted segment (level 1): lines taken apart into columns, needle filters, tallies."""

import zlib
from collections.abc import Callable, Sequence

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sigyn.model.labels import Labels
from sigyn.store.constants import ConstantsFound
from sigyn.store.index_section import ALL_SHAPED, SOME_ESCAPED, SOME_TEXT, encode_index, with_index
from sigyn.store.needles.filters import Words, filter_of
from sigyn.store.needles.hashing import field_prefix
from sigyn.store.segment import EncodedSegment, header_of, row_group_bounds
from sigyn.store.shapes.forms import Columns, DecimalForm, HexForm, NumberedForm, TextForm, TimeForm
from sigyn.store.shapes.shape import FIELD
from sigyn.store.shapes.shaping import ShapedLines
from sigyn.store.shapes.shaping import shape_lines as take_apart
from sigyn.store.shapes.values import Flags, string_buffers
from sigyn.store.stream_tally import StreamTally, metadata_pairs
from sigyn.store.streams import Int64s
from sigyn.store.tallies import tallies_of

SORTED_FORMAT = "2"

_EMPTY_TABLE = 1 << 12  # places for hashes at first


class SortedEntries:
    """Entries of one tenant that go into sorted segments; their lines are taken apart once for all of them."""

    def __init__(self, entries: pa.Table, shape_lines: int) -> None:
        """`entries` has ENTRY_SCHEMA, in one chunk; `shape_lines` is that of StoreSettings."""
        self._lines = entries["line"].chunk(0)
        self._metadata = entries["metadata"].chunk(0)
        self._timestamps = entries["timestamp"].to_numpy()
        self._levels = entries["detected_level"].chunk(0)
        self._pairs = metadata_pairs(entries)
        self._lengths = np.diff(string_buffers(self._lines)[1]).astype(np.int64)
        self._text_lengths = self._lengths + np.diff(string_buffers(self._metadata)[1])
        self._shaped = take_apart(self._lines, self._timestamps, shape_lines)
        self._stored = self._stored_columns()
        self._prefixes = _field_prefixes(self._shaped) if self._shaped is not None else None

    def encode(
        self,
        tenant: str,
        labels: Sequence[Labels],
        rows: Int64s,
        ordinals: Int64s,
        arrival: int,
        pause: Callable[[], None],
    ) -> EncodedSegment:
        """A segment of the entries at `rows`, sorted by (stream, time), whose streams are labels[ordinals[i]].

        `arrival` is as in SegmentInfo. `pause` is called before each row group.
        """
        tally = StreamTally(len(labels))
        needles, texts = [], []
        constants = ConstantsFound()
        sink = pa.BufferOutputStream()
        schema = pa.schema([("stream", pa.int32()), *((name, column.type) for name, column in self._stored.items())])
        with pq.ParquetWriter(sink, schema, **self._options()) as writer:
            for begin, end in row_group_bounds(self._text_lengths[rows], ordinals):
                pause()
                some, streams = rows[begin:end], ordinals[begin:end]
                indices = pa.array(some)
                columns = {name: column.take(indices) for name, column in self._stored.items()}
                group = pa.table([pa.array(streams.astype(np.int32)), *columns.values()], schema=schema)
                writer.write_table(group, row_group_size=end - begin)
                tally.count_rows(streams, self._timestamps[some], self._lengths[some], self._pairs[some])
                needles.append(self._needles(some, columns))
                texts.append(_texts_in(columns["line"]))
                constants.add(columns)
            table = tally.table(sorted_by_stream=True)
            tallies = tallies_of(
                ordinals, self._levels.take(pa.array(rows)), self._timestamps[rows], self._lengths[rows]
            )
            metadata = bool(self._pairs[rows].sum() > self._levels.take(pa.array(rows)).is_valid().sum().as_py())
            section, place = encode_index(needles, texts, tallies, has_metadata=metadata)
            header = header_of(SORTED_FORMAT, tenant, 1, labels, table)
            header["sigyn.constants"] = msgspec.json.encode(constants.found()).decode()
            header["sigyn.arrival"] = str(arrival)
            header["sigyn.index"] = msgspec.json.encode(place).decode()
            if self._shaped is not None:
                header["sigyn.shapes"] = msgspec.json.encode(self._shaped.table.shapes).decode()
                header["sigyn.forms"] = msgspec.json.encode(self._shaped.forms).decode()
            writer.add_key_value_metadata(header)
        body = with_index(memoryview(sink.getvalue()).cast("B"), section)
        return EncodedSegment.of(body, zlib.crc32(body), tenant, 1, labels, table, arrival)

    def _stored_columns(self) -> dict[str, pa.Array]:
        """The columns of the object but `stream`; a line with a shape has no text."""
        columns = {
            "timestamp": pa.array(self._timestamps),
            "line": self._lines,
            "detected_level": self._levels,
            "metadata": self._metadata,
        }
        if self._shaped is not None:
            of_line = self._shaped.of_line
            columns["line"] = _without(self._lines, of_line >= 0)
            columns["shape"] = pa.array(of_line)
            columns |= self._shaped.columns
        return columns

    def _options(self) -> dict[str, object]:
        """How columns are written. docs/format/segment.md has the measurements behind it."""
        dictionary = ["stream", "detected_level", "metadata", "shape"]
        encodings = {"timestamp": "DELTA_BINARY_PACKED", "line": "DELTA_LENGTH_BYTE_ARRAY"}
        codecs = dict.fromkeys(["stream", *self._stored], "zstd")
        levels = dict.fromkeys(codecs, 1) | {"timestamp": 3}
        for name, form in (self._shaped.forms if self._shaped is not None else {}).items():
            match form:
                case TextForm(dictionary=True):
                    dictionary.append(name)
                case TextForm():
                    encodings[name] = "DELTA_LENGTH_BYTE_ARRAY"
                case HexForm():
                    codecs[name] = "none"  # chance can't be compressed
                    del levels[name]
                case DecimalForm() | NumberedForm():
                    encodings[name] = "BYTE_STREAM_SPLIT"
                    dictionary += form.parts(name)[1:]
                case TimeForm():
                    encodings[name] = "DELTA_BINARY_PACKED"
        return {
            "compression": codecs,
            "compression_level": levels,
            "use_dictionary": dictionary,
            "column_encoding": encodings,
            "write_statistics": ["stream", "timestamp", "detected_level"],
            "write_page_checksum": True,
            "store_schema": False,
        }

    def _needles(self, rows: Int64s, columns: Columns) -> Words:
        """The needle filter of some entries, with their columns."""
        from sigyn.store.needles.loops import add_fields, add_minimizers, add_values

        data, offsets = string_buffers(self._lines)
        table, count = add_minimizers(data, offsets, rows, np.zeros(_EMPTY_TABLE, np.uint64), 0)
        if self._metadata.null_count < len(self._metadata):
            table, count = add_minimizers(*string_buffers(self._metadata), rows, table, count)
        if self._shaped is not None and self._prefixes is not None:
            holes = self._shaped.holes
            table, count = add_fields(
                data,
                rows,
                self._shaped.of_line,
                holes.first,
                holes.starts,
                holes.lengths,
                *self._prefixes,
                table,
                count,
            )
            for name, column in columns.items():
                if name.startswith(FIELD) and pa.types.is_dictionary(column.type):
                    data, offsets = string_buffers(column.dictionary.take(column.indices.unique()))
                    prefix = np.uint64(field_prefix(name.removeprefix(FIELD)))
                    table, count = add_values(data, offsets, prefix, table, count)
        return filter_of(table, count)


def _without(lines: pa.StringArray, shaped: Flags) -> pa.Array:
    """The lines, null where `shaped` says so."""
    kept = np.flatnonzero(~shaped)
    places = np.full(len(lines), -1, np.int64)
    places[kept] = np.arange(len(kept))
    return lines.take(pa.array(kept)).take(pa.array(places, mask=shaped))


def _texts_in(lines: pa.StringArray) -> int:
    """What the index says of the lines that a row group holds as text."""
    if lines.null_count == len(lines):
        return ALL_SHAPED
    return SOME_ESCAPED if pc.any(pc.match_substring(lines, "\\")).as_py() else SOME_TEXT


def _is_hashed(shaped: ShapedLines, column: str) -> bool:
    """Whether each value has to be added to the needle filter; of a dictionary its texts are added."""
    return shaped.forms[column].is_indexed and not pa.types.is_dictionary(shaped.columns[column].type)


def _field_prefixes(shaped: ShapedLines) -> tuple[Words, Int64s]:
    """For each hole of each shape the hash of its field's name (0: nothing to add), and where a shape's begin."""
    prefixes = [
        field_prefix(column.removeprefix(FIELD)) if column.startswith(FIELD) and _is_hashed(shaped, column) else 0
        for shape in shaped.table.shapes
        for column in shape.columns
    ]
    first = np.concatenate([[0], np.cumsum([len(shape.columns) for shape in shaped.table.shapes])])
    return np.array(prefixes, np.uint64), first.astype(np.int64)
