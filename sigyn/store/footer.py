"""What is kept in memory of a segment's footer: all that a query needs to know before it reads a column.

A small part of what Arrow holds of it, so that the segments of weeks fit: a query over them asks each one's row groups
and needle filters, and to read a footer anew takes 3 ms.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.store.constant_columns import Constants
from sigyn.store.index_section import IndexPlace
from sigyn.store.layout import Layout
from sigyn.store.pages.stored_column import StoredColumn
from sigyn.store.recent import RowGroup
from sigyn.store.segment import check_format
from sigyn.store.shapes.values import Flags
from sigyn.store.stream_lines import Kinds, decode_kinds
from sigyn.store.streams import Int64s

_WORTH_LEAVING_OUT = 2  # row groups: to read a number of one costs 20 us, to ask twice about the same


@dataclass(frozen=True, slots=True, eq=False)
class Footer:
    """What is kept of a footer.

    length     bytes of it in the object
    begins     where the row groups begin in the object
    layout     how the lines are held; None: as text
    metadata   how structured metadata are held; None: as text
    metadata_names  that they may have, besides detected_level; None: any
    index      where needle filters and tallies are; None: there are none
    dictionaries  columns whose texts are read as dictionaries
    constants  columns that hold one value throughout a row group
    kinds      types of the columns as they are read
    stored     how they are in the object, in its order
    """

    length: int
    row_groups: tuple[RowGroup, ...]
    begins: Int64s
    layout: Layout | None
    metadata: Layout | None
    metadata_names: frozenset[str] | None
    index: IndexPlace | None
    dictionaries: tuple[str, ...]
    constants: Constants
    kinds: Mapping[str, pa.DataType]
    stored: Mapping[str, StoredColumn]
    streams: Kinds | None

    def known(self, name: str, numbers: Sequence[int]) -> pa.Array | None:
        """A column of these row groups, where it need not be read."""
        constants = self.constants.get(name)
        if constants is None:
            return None
        return constants.column(numbers, [self.row_groups[number].rows for number in numbers], self.kinds[name])

    def may_hold(self, name: str) -> Flags:
        """Which row groups may have anything in a column."""
        constants = self.constants.get(name)
        return np.ones(len(self.row_groups), np.bool_) if constants is None else ~constants.are_null

    def known_rows(self, name: str, numbers: Int64s) -> pa.Array | None:
        """A column of rows in row groups with these numbers, where it need not be read."""
        constants = self.constants.get(name)
        return constants.column(numbers, None, self.kinds[name]) if constants is not None else None

    def places_to_read(self, name: str, numbers: Sequence[int]) -> tuple[int, ...]:
        """The places of those row groups in `numbers` that a column has to be read of; all where few need not."""
        constants = self.constants.get(name)
        if constants is None:
            return tuple(range(len(numbers)))
        varied = constants.varied(numbers)
        if not varied:
            return ()
        few = len(numbers) - len(varied) < _WORTH_LEAVING_OUT or pa.types.is_dictionary(self.kinds[name])
        return tuple(range(len(numbers))) if few else varied

    def spliced(self, name: str, numbers: Sequence[int], places: Sequence[int], read: pa.ChunkedArray) -> pa.Array:
        """A column of row groups, of which those at some places were read."""
        if len(places) == len(numbers):
            return read
        pieces: list[pa.Array] = []
        begin = 0
        for place, number in enumerate(numbers):
            rows = self.row_groups[number].rows
            if place in places:
                pieces += read.slice(begin, rows).chunks
                begin += rows
            else:
                pieces.append(self.known(name, [number]))
        return pa.chunked_array(pieces, self.kinds[name])


def footer_of(metadata: pq.FileMetaData, key: str) -> Footer:
    """What is kept of the footer of the object with this key. Raises UnknownFormat."""
    names = metadata.schema.names
    timestamp = names.index("timestamp")
    groups, begins = [], []
    first_row = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        statistics = group.column(timestamp).statistics
        groups.append(RowGroup(first_row, group.num_rows, statistics.min, statistics.max))
        first_row += group.num_rows
        begins.append(chunk_range(group.column(0))[0])
    pairs: dict[bytes, bytes] = metadata.metadata or {}
    index, constants = pairs.get(b"sigyn.index"), pairs.get(b"sigyn.constants")
    layouts = layout_of(metadata, key), metadata_layout_of(metadata)
    place = msgspec.json.decode(index, type=IndexPlace) if index is not None else None
    held = [layout.with_dictionary for layout in layouts if layout is not None]
    dictionaries = ("detected_level", *(name for names in held for name in names))
    text = pa.dictionary(pa.int32(), pa.string())
    fields = metadata.schema.to_arrow_schema()
    return Footer(
        metadata.serialized_size,
        tuple(groups),
        np.array(begins, np.int64),
        *layouts,
        _metadata_names(place),
        place,
        dictionaries,
        msgspec.json.decode(constants, type=Constants) if constants is not None else {},
        {field.name: text if field.name in dictionaries else field.type for field in fields},
        {field.name: _stored(metadata, place, field.type) for place, field in enumerate(fields)} if groups else {},
        decode_kinds(place.streams) if place is not None else None,
    )


def chunk_range(chunk: pq.ColumnChunkMetaData) -> tuple[int, int]:
    """Where a column of a row group begins and ends in an object."""
    begin = chunk.dictionary_page_offset if chunk.has_dictionary_page else chunk.data_page_offset
    return begin, begin + chunk.total_compressed_size


def _stored(metadata: pq.FileMetaData, place: int, kind: pa.DataType) -> StoredColumn:
    nullable = bool(metadata.schema.column(place).max_definition_level)
    return StoredColumn(place, metadata.row_group(0).column(place).compression, kind, nullable)


def _metadata_names(index: IndexPlace | None) -> frozenset[str] | None:
    if index is None or (index.has_metadata and index.metadata_names is None):
        return None
    return frozenset(index.metadata_names or ())


def layout_of(metadata: pq.FileMetaData, key: str) -> Layout | None:
    """How the segment with this key holds its lines; None: as text. Raises UnknownFormat."""
    pairs: dict[bytes, bytes] = metadata.metadata or {}
    check_format(pairs, key)
    return _layout(pairs, b"")


def metadata_layout_of(metadata: pq.FileMetaData) -> Layout | None:
    """How a segment of a known format holds structured metadata; None: as text."""
    return _layout(metadata.metadata or {}, b"metadata_")


def _layout(pairs: Mapping[bytes, bytes], kind: bytes) -> Layout | None:
    shapes, forms = pairs.get(b"sigyn.%bshapes" % kind), pairs.get(b"sigyn.%bforms" % kind)
    return Layout.of(shapes, forms) if shapes is not None and forms is not None else None
