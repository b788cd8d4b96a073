"""Writes a sorted segment (level 1): lines and metadata taken apart into columns, needle filters, tallies."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from msgspec import structs
from zlib_ng.zlib_ng import crc32

from sigyn.model.labels import Labels
from sigyn.store.codecs import LZ4, choose_codecs
from sigyn.store.constant_columns import ConstantsFound
from sigyn.store.index_section import ALL_SHAPED, SOME_ESCAPED, SOME_TEXT, encode_index
from sigyn.store.needles.filters import Words
from sigyn.store.needles.source import NeedleSource
from sigyn.store.segment import EncodedSegment, header_of, row_group_bounds
from sigyn.store.shaped_metadata import take_metadata_apart
from sigyn.store.shapes.forms import LONG_TEXT, SAMPLE_ROWS, DecimalForm, HexForm, NumberedForm, TextForm, TimeForm
from sigyn.store.shapes.shape import Shape, Syntax, columns_of
from sigyn.store.shapes.shaping import ShapedLines
from sigyn.store.shapes.shaping import shape_lines as take_apart
from sigyn.store.shapes.templates import TemplatedForm
from sigyn.store.shapes.values import string_buffers, without
from sigyn.store.stream_lines import TEXT, Kinds, encode_kinds, kinds_of
from sigyn.store.stream_tally import StreamTally, metadata_pairs
from sigyn.store.streams import Int64s
from sigyn.store.tallies import tallies_of

SORTED_FORMAT = "5"

_REPEATING = 0.5  # share of distinct texts up to which they do


@dataclass(frozen=True, slots=True)
class _Part:
    """Rows of one segment, with their streams.

    groups   where its row groups begin and end
    needles  of each its needle filter
    texts    of each what the index says of its lines
    syntaxes  of each the syntax of all its lines, as the index says it
    names    that its structured metadata have; None: too many to tell
    """

    rows: Int64s
    ordinals: Int64s
    groups: list[tuple[int, int]]
    needles: list[Words]
    texts: list[int]
    syntaxes: list[Syntax | None]
    names: tuple[str, ...] | None


class SortedEntries:
    """Entries of one tenant that go into sorted segments; what they hold is taken apart once for all of them.

    Lines and metadata are let go before anything is written, so that they, all columns and what is
    written never need memory at once.
    """

    def __init__(
        self,
        entries: pa.Table,
        parts: Sequence[tuple[Int64s, Int64s]],
        shape_lines: int,
        pause: Callable[[], None],
    ) -> None:
        """`entries` has ENTRY_SCHEMA, in one chunk.

        `parts` are the rows of each segment, sorted by (stream, time), with the ordinals of their streams.
        `shape_lines` is that of StoreSettings; `pause` is called before each row group.
        """
        lines, metadata = entries["line"].chunk(0), entries["metadata"].chunk(0)
        self._timestamps = entries["timestamp"].to_numpy()
        self._levels = entries["detected_level"].chunk(0)
        self._pairs = metadata_pairs(entries)
        self._lengths = np.diff(string_buffers(lines)[1]).astype(np.int64)
        shaped = take_apart(lines, self._timestamps, shape_lines)
        self._shapes = shaped.table.shapes if shaped is not None else ()
        self._metadata, pairs = take_metadata_apart(metadata, self._timestamps, shape_lines)
        self._forms = {**self._metadata.forms, **(shaped.forms if shaped is not None else {})}
        self._stored = self._stored_columns(lines, shaped)
        for name in self._repeating(parts[0][0]):
            self._forms[name] = structs.replace(self._forms[name], dictionary=True)
        source = NeedleSource.of(lines, metadata, shaped, pairs)
        self._parts = [self._part(rows, ordinals, source, pause) for rows, ordinals in parts]
        self._options = {**self._encodings(), **self._codecs()}

    def encode(
        self, part: int, tenant: str, labels: Sequence[Labels], arrival: int, pause: Callable[[], None]
    ) -> EncodedSegment:
        """The segment of a part, by its number; `labels` are those of its streams.

        `arrival` is as in SegmentInfo. `pause` is called before each row group.
        """
        own = self._parts[part]
        rows, ordinals = own.rows, own.ordinals
        tally = StreamTally(len(labels))
        constants = ConstantsFound()
        sink = pa.BufferOutputStream()
        schema = pa.schema([("stream", pa.int32()), *((name, column.type) for name, column in self._stored.items())])
        with pq.ParquetWriter(sink, schema, **self._options) as writer:
            for begin, end in own.groups:
                pause()
                some, streams = rows[begin:end], ordinals[begin:end]
                indices = pa.array(some)
                columns = {name: column.take(indices) for name, column in self._stored.items()}
                group = pa.table([pa.array(streams.astype(np.int32)), *columns.values()], schema=schema)
                writer.write_table(group, row_group_size=end - begin)
                tally.count_rows(streams, self._timestamps[some], self._lengths[some], self._pairs[some])
                constants.add(columns)
            table = tally.table(sorted_by_stream=True)
            levels = self._levels.take(pa.array(rows))
            tallies = tallies_of(ordinals, levels, self._timestamps[rows], self._lengths[rows])
            metadata = bool(self._pairs[rows].sum() > levels.is_valid().sum().as_py())
            kinds = encode_kinds(self._kinds(rows, ordinals, len(labels)))
            section, place = encode_index(
                own.needles, own.texts, own.syntaxes, kinds, tallies, own.names, has_metadata=metadata
            )
            header = header_of(SORTED_FORMAT, tenant, 1, labels, table)
            header["sigyn.constants"] = msgspec.json.encode(constants.found()).decode()
            header["sigyn.arrival"] = str(arrival)
            header["sigyn.index"] = msgspec.json.encode(place).decode()
            header |= self._shapes_and_forms("", self._shapes)
            header |= self._shapes_and_forms("metadata_", self._metadata.shapes)
            writer.add_key_value_metadata(header)
            sink.write(section)  # the footer follows when the writer is closed
        body = memoryview(sink.getvalue()).cast("B")
        return EncodedSegment.of(body, crc32(body), tenant, 1, labels, table, arrival)

    def _shapes_and_forms(self, kind: str, shapes: Sequence[Shape]) -> dict[str, str]:
        """What the footer says of texts that were taken apart; nothing where none was."""
        if not shapes:
            return {}
        forms = {name: self._forms[name] for name in columns_of(shapes)}
        found = {"shapes": msgspec.json.encode(shapes), "forms": msgspec.json.encode(forms)}
        return {f"sigyn.{kind}{name}": text.decode() for name, text in found.items()}

    def _part(self, rows: Int64s, ordinals: Int64s, source: NeedleSource, pause: Callable[[], None]) -> _Part:
        part = _Part(rows, ordinals, [], [], [], [], self._metadata.names(rows))
        lengths = self._lengths[rows] + np.diff(string_buffers(source.metadata)[1])[rows]
        for begin, end in row_group_bounds(lengths, ordinals):
            pause()
            part.groups.append((begin, end))
            part.needles.append(source.filter_of(rows[begin:end]))
            part.texts.append(_texts_in(self._stored["line"].take(pa.array(rows[begin:end]))))
            part.syntaxes.append(self._syntax_of(rows[begin:end]))
        return part

    def _kinds(self, rows: Int64s, ordinals: Int64s, streams: int) -> Kinds:
        """What the lines of each stream have in common."""
        if "shape" not in self._stored:
            return np.full(streams, TEXT, np.uint8)
        shapes = self._stored["shape"].to_numpy()[rows]
        return kinds_of(ordinals, shapes, [shape.syntax for shape in self._shapes], streams)

    def _syntax_of(self, rows: Int64s) -> Syntax | None:
        """The syntax that the shapes of these lines are of; None: they differ, or a line has none."""
        if "shape" not in self._stored:
            return None
        shapes = np.unique(self._stored["shape"].to_numpy()[rows]).tolist()
        found = {self._shapes[shape].syntax if shape >= 0 else None for shape in shapes}
        return found.pop() if len(found) == 1 else None

    def _stored_columns(self, lines: pa.StringArray, shaped: ShapedLines | None) -> dict[str, pa.Array]:
        """The columns of the object but `stream`; what has a shape has no text."""
        columns = {
            "timestamp": pa.array(self._timestamps),
            "line": lines,
            "detected_level": self._levels,
            **self._metadata.columns,
        }
        if shaped is not None:
            columns["line"] = without(lines, shaped.of_line >= 0)
            columns["shape"] = pa.array(shaped.of_line)
            columns |= shaped.columns
        return columns

    def _repeating(self, rows: Int64s) -> list[str]:
        """Columns of long texts that repeat within a row group, though many differ over all, such as stack traces.

        `rows` are those of a segment, in its order.
        """
        names = []
        for name, form in self._forms.items():
            if not isinstance(form, TextForm) or form.dictionary:
                continue
            texts = self._stored[name]
            held = rows[texts.is_valid().to_numpy(zero_copy_only=False)[rows]]
            sample = texts.take(pa.array(held[:SAMPLE_ROWS]))
            size = pc.sum(pc.binary_length(sample)).as_py() or 0
            if size and size >= LONG_TEXT * len(sample) and len(sample.unique()) <= _REPEATING * len(sample):
                names.append(name)
        return names

    def _encodings(self) -> dict[str, object]:
        """How columns are written, but for their codecs. docs/format/segment.md has the measurements behind it."""
        dictionary = ["stream", "detected_level", "metadata", "metadata_shape", "shape"]
        encodings = {"timestamp": "DELTA_BINARY_PACKED", "line": "DELTA_LENGTH_BYTE_ARRAY"}
        for name, form in self._forms.items():
            match form:
                case TextForm(coded=True):
                    encodings[name] = "BYTE_STREAM_SPLIT"
                case TextForm(dictionary=True):
                    dictionary.append(name)
                case TextForm():
                    encodings[name] = "DELTA_LENGTH_BYTE_ARRAY"
                case HexForm():
                    pass
                case DecimalForm() | NumberedForm() | TemplatedForm():
                    encodings |= dict.fromkeys(form.parts(name), "BYTE_STREAM_SPLIT")
                case TimeForm():
                    encodings[name] = "DELTA_BINARY_PACKED"
        return {
            "use_dictionary": dictionary,
            "column_encoding": encodings,
            "write_statistics": ["stream", "timestamp", "detected_level"],
            "write_page_checksum": True,
            "store_schema": False,
        }

    def _codecs(self) -> dict[str, object]:
        """How columns are compressed."""
        chance = [name for name, form in self._forms.items() if isinstance(form, HexForm)]  # can't be compressed
        columns = {name: column for name, column in self._stored.items() if name not in chance}
        first = self._parts[0]
        chosen = choose_codecs(columns, [first.rows[begin:end] for begin, end in first.groups], self._encodings())
        chosen["stream"] = LZ4
        return {
            "compression": {name: codec for name, (codec, _) in chosen.items()} | dict.fromkeys(chance, "none"),
            "compression_level": {name: level for name, (_, level) in chosen.items()},
        }


def _texts_in(lines: pa.StringArray) -> int:
    """What the index says of the lines that a row group holds as text."""
    if lines.null_count == len(lines):
        return ALL_SHAPED
    return SOME_ESCAPED if pc.any(pc.match_substring(lines, "\\")).as_py() else SOME_TEXT
