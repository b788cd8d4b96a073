"""Reads segments: their row groups from cached metadata, their columns from a file or by ranges."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store.bounded_cache import BoundedCache
from sigyn.store.catalog import SegmentInfo
from sigyn.store.constant_columns import Constants
from sigyn.store.errors import SegmentLost
from sigyn.store.handles import FileHandles, OpenFile, lost_unless_read, open_file
from sigyn.store.index_section import ALL_SHAPED, IndexPlace, SegmentIndex, decode_index, index_range
from sigyn.store.layout import Layout
from sigyn.store.needles.search import Sought, possible_groups
from sigyn.store.objects import ObjectStore
from sigyn.store.portion import Portion, ReadSome, RowGroups
from sigyn.store.recent import RecentSegments, RowGroup
from sigyn.store.shapes.shape import Syntax
from sigyn.store.stream_lines import Kinds, decode_kinds
from sigyn.store.streams import Int64s

if TYPE_CHECKING:  # brings numba along, 70 MB, which a server that is not asked does without
    from sigyn.store.pages.stored import StoredColumn
    from sigyn.store.pages.whole_columns import WholeColumns

_CHUNK_BYTES = 1000  # what Arrow holds in memory of a column chunk's metadata, and we of a row group; measured: 950
_OVERHEAD = 2000  # bytes of what is kept besides

_WORTH_LEAVING_OUT = 2  # row groups: to read a number of one costs 20 us, to ask twice about the same


@dataclass(frozen=True, slots=True, eq=False)
class _Footer:
    """What is kept of a segment.

    layout   how its lines are held; None: as text
    index    where its needle filters and tallies are; None: it has none
    dictionaries  columns whose texts are read as dictionaries
    constants  columns that hold one value throughout a row group
    kinds      types of the columns as they are read
    """

    metadata: pq.FileMetaData
    row_groups: tuple[RowGroup, ...]
    layout: Layout | None
    index: IndexPlace | None
    dictionaries: tuple[str, ...]
    constants: Constants
    kinds: Mapping[str, pa.DataType]
    streams: Kinds | None

    def bytes(self) -> int:
        """Memory that it takes."""
        return _CHUNK_BYTES * len(self.row_groups) * len(self.kinds) + _OVERHEAD

    def known(self, name: str, numbers: Sequence[int]) -> pa.Array | None:
        """A column of these row groups, where it need not be read."""
        constants = self.constants.get(name)
        if constants is None:
            return None
        return constants.column(numbers, [self.row_groups[number].rows for number in numbers], self.kinds[name])

    def known_rows(self, name: str, rows: Int64s, groups_of: "_GroupsOfRows") -> pa.Array | None:
        """A column of rows, where it need not be read."""
        constants = self.constants.get(name)
        return constants.column(groups_of.numbers(rows), None, self.kinds[name]) if constants is not None else None

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

    def begins(self, numbers: Sequence[int]) -> Int64s:
        """Where row groups begin in the file."""
        return np.array([_begin(self.metadata.row_group(number)) for number in numbers])

    def stored(self, names: Sequence[str]) -> "dict[str, StoredColumn]":
        """How columns are in the file."""
        places = {name: place for place, name in enumerate(self.kinds)}
        return {
            name: _stored(self.metadata, places[name], pa.string() if name in self.dictionaries else self.kinds[name])
            for name in names
        }

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


class SegmentReader:
    """Reads from several threads at once; every call blocks and releases the GIL.

    All raise SegmentLost when the object is missing, torn or corrupt, and Unavailable when the
    object store can't be reached.
    """

    def __init__(self, objects: ObjectStore, recent: RecentSegments, metadata_bytes: int) -> None:
        """`metadata_bytes` are for footers, and as many again for indexes."""
        self._objects = objects
        self._recent = recent
        self._footers: BoundedCache[int, _Footer] = BoundedCache(metadata_bytes, _Footer.bytes)
        self._indexes: BoundedCache[int, SegmentIndex] = BoundedCache(metadata_bytes, _index_bytes)
        self._handles = FileHandles()

    def is_near(self, segment: SegmentInfo) -> bool:
        """Whether nothing of a segment comes over the network."""
        return self._objects.path(segment.key) is not None or self._recent.get(segment.key) is not None

    def row_groups(self, segment: SegmentInfo) -> tuple[RowGroup, ...]:
        """The segment's row groups in order."""
        recent = self._recent.get(segment.key)
        return recent.row_groups if recent is not None else self._footer(segment).row_groups

    def read(self, segment: SegmentInfo, columns: Sequence[str], row_groups: Sequence[int] | None = None) -> pa.Table:
        """Columns of ENTRY_SCHEMA, in the order asked for, of all row groups or of those with these numbers."""
        return _entries(self.portion(segment, row_groups), columns)

    def portion(self, segment: SegmentInfo, row_groups: Sequence[int] | None = None) -> Portion:
        """All row groups or those with these numbers, in that order; columns are read when asked for."""
        recent = self._recent.get(segment.key)
        if recent is not None:
            some = recent.row_groups if row_groups is None else [recent.row_groups[number] for number in row_groups]
            rows = sum(group.rows for group in some)
            return Portion(rows, lambda names: recent.read(names, row_groups), None, has_metadata=None)
        footer = self._footer(segment)
        numbers = list(range(len(footer.row_groups))) if row_groups is None else list(row_groups)
        ends = np.cumsum([footer.row_groups[number].rows for number in numbers], dtype=np.int64)
        groups_of = _GroupsOfRows(np.array(numbers, np.int64), ends)
        has_metadata = has_text = None
        texts = np.ones(len(numbers), np.bool_)
        syntaxes: tuple[Syntax | None, ...] = (None,) * len(numbers)
        if footer.index is not None:
            has_metadata = footer.index.has_metadata
            texts = np.array([footer.index.texts[number] != ALL_SHAPED for number in numbers], np.bool_)
            has_text = bool(texts.any())
            syntaxes = footer.index.syntaxes_of(numbers)
        opened: dict[tuple[int, ...], WholeColumns] = {}
        return Portion(
            int(ends[-1]) if numbers else 0,
            lambda names: self._physical(segment, footer, names, numbers, opened),
            footer.layout,
            has_metadata=has_metadata,
            has_text=has_text,
            streams=_streams(segment, [footer.row_groups[number] for number in numbers], ends, groups_of),
            row_groups=RowGroups(
                ends,
                texts,
                syntaxes,
                footer.streams,
                lambda name, rows: footer.known_rows(name, rows, groups_of),
                lambda places: self.portion(segment, [numbers[place] for place in places]),
                lambda names, places: self._physical(
                    segment, footer, names, [numbers[place] for place in places], opened
                ),
                lambda rows: self._single_rows(segment, footer, numbers, ends, rows),
            ),
        )

    def keep(self, segment: SegmentInfo, body: memoryview) -> None:
        """Keeps what queries first ask of a segment that was just written; nothing of one that is in memory anyway.

        Its index is kept where that takes no memory of ours: as a mapping of a local file.
        """
        if not segment.level:
            return
        self._footers.put(segment.id, _footer_of(segment, pq.ParquetFile(pa.BufferReader(body)).metadata))
        if self._objects.path(segment.key) is not None:
            with suppress(SegmentLost):  # the query that needs it says what is wrong
                self.index(segment)

    def index(self, segment: SegmentInfo) -> SegmentIndex | None:
        """The needle filters and tallies of a segment; None when it has none."""
        if self._recent.get(segment.key) is not None:
            return None
        footer = self._footer(segment)
        if footer.index is None:
            return None
        index = self._indexes.get(segment.id)
        if index is None:
            begin, end = index_range(segment.object_bytes, footer.metadata.serialized_size, footer.index)
            index = decode_index(self._bytes(segment, begin, end), footer.index)
            self._indexes.put(segment.id, index)
        return index

    def possible(self, segment: SegmentInfo, sought: Sequence[Sought], row_groups: Sequence[int]) -> Sequence[int]:
        """Those of these row groups that may hold an entry with all that is sought."""
        index = self.index(segment)
        if index is None:
            return row_groups
        return possible_groups(index, self._footer(segment).layout, sought, row_groups)

    def _bytes(self, segment: SegmentInfo, begin: int, end: int) -> bytes | memoryview:
        path = self._objects.path(segment.key)
        if path is None:
            return self._objects.get_range(segment.key, begin, end)
        with lost_unless_read(segment.key):
            file = pa.memory_map(str(path))  # stays in the page cache, and needs no open file
            file.seek(begin)
            return memoryview(file.read_buffer(end - begin))

    def _physical(
        self,
        segment: SegmentInfo,
        footer: _Footer,
        columns: Sequence[str],
        numbers: Sequence[int],
        opened: dict[tuple[int, ...], "WholeColumns"],
    ) -> pa.Table:
        """Columns of row groups; `opened` keeps by row groups what is asked for column after column."""
        if not numbers:
            return pa.table({name: pa.array([], footer.kinds[name]) for name in columns})
        by_places: dict[tuple[int, ...], list[str]] = {}
        for name in columns:
            by_places.setdefault(footer.places_to_read(name, numbers), []).append(name)
        known = {name: footer.known(name, numbers) for name in by_places.pop((), ())}
        if not by_places:
            return pa.table(known)
        file = self._take(segment, footer)
        with lost_unless_read(segment.key):
            for places, names in by_places.items():
                groups = [numbers[place] for place in places]
                read = _without_arrow(file, footer, names, groups, opened)
                others = [name for name in names if name not in read]
                if others:
                    table = file.parquet().read_row_groups(groups, columns=others, use_threads=False)
                    read |= {name: table.column(name) for name in others}
                known |= {name: footer.spliced(name, numbers, places, column) for name, column in read.items()}
        self._handles.give_back(segment.id, file)
        return pa.table({name: known[name] for name in columns})

    def _single_rows(
        self, segment: SegmentInfo, footer: _Footer, numbers: Sequence[int], ends: Int64s, rows: Int64s
    ) -> ReadSome | None:
        """Reads columns of these rows of row groups; None where the file is not mapped."""
        file = self._take(segment, footer)
        self._handles.give_back(segment.id, file)
        if file.mapped is None:
            return None
        from sigyn.store.pages.page_rows import RowsInPages

        groups = np.searchsorted(ends, rows, side="right")
        touched, counts = np.unique(groups, return_counts=True)
        sizes = np.diff(ends, prepend=0)
        pages = RowsInPages(
            file.mapped,
            len(footer.kinds),
            footer.begins([numbers[place] for place in touched.tolist()]),
            sizes[touched],
            np.append(0, np.cumsum(counts)),
            rows - (ends - sizes)[groups],
        )
        return lambda names: pages.read(footer.stored(names))

    def forget(self, segments: Sequence[SegmentInfo]) -> None:
        """Drops what is cached of these segments."""
        ids = [segment.id for segment in segments]
        self._handles.forget(ids)
        self._footers.forget(ids)
        self._indexes.forget(ids)
        self._recent.forget(segment.key for segment in segments)

    def _footer(self, segment: SegmentInfo) -> _Footer:
        footer = self._footers.get(segment.id)
        if footer is None:
            footer = self._load_footer(segment)
            self._footers.put(segment.id, footer)
        return footer

    def _load_footer(self, segment: SegmentInfo) -> _Footer:
        size = self._objects.size(segment.key)
        if size != segment.object_bytes:
            raise SegmentLost(f"object `{segment.key}` has {size} bytes; {segment.object_bytes} were written")
        with lost_unless_read(segment.key):
            metadata = open_file(self._objects, segment.key, segment.object_bytes).parquet().metadata
        return _footer_of(segment, metadata)

    def _take(self, segment: SegmentInfo, footer: _Footer) -> OpenFile:
        """A file that is to be given back to `_handles`."""
        return self._handles.take(segment.id) or open_file(
            self._objects, segment.key, segment.object_bytes, footer.metadata, footer.dictionaries
        )


def _without_arrow(
    file: OpenFile,
    footer: _Footer,
    names: Sequence[str],
    numbers: Sequence[int],
    opened: dict[tuple[int, ...], "WholeColumns"],
) -> dict[str, pa.ChunkedArray]:
    """Those of these columns of row groups that are read quicker without Arrow, and can be."""
    names = [name for name in names if name in footer.dictionaries or footer.kinds[name] in (pa.string(), pa.int64())]
    if file.mapped is None or not names:
        return {}
    from sigyn.store.pages.whole_columns import WholeColumns

    columns = opened.get(tuple(numbers))
    if columns is None:
        sizes = np.array([footer.row_groups[number].rows for number in numbers])
        columns = WholeColumns(file.mapped, len(footer.kinds), footer.begins(numbers), sizes)
        opened[tuple(numbers)] = columns
    return columns.read(footer.stored(names), footer.dictionaries)


class _GroupsOfRows:
    """Which row groups rows of some of them are in; remembers the last answer, since every column asks about its rows.

    Not safe for several threads.
    """

    def __init__(self, groups: Int64s, ends: Int64s) -> None:
        """`groups` are the numbers of the row groups, `ends` for each the number of rows up to its end."""
        self._groups = groups
        self._ends = ends
        self._rows: Int64s | None = None
        self._places = self._numbers = np.zeros(0, np.int64)

    def places(self, rows: Int64s) -> Int64s:
        """Their places among these row groups."""
        if rows is not self._rows:
            self._rows, self._places = rows, np.searchsorted(self._ends, rows, side="right")
            self._numbers = self._groups[self._places]
        return self._places

    def numbers(self, rows: Int64s) -> Int64s:
        """Their numbers in the segment."""
        self.places(rows)
        return self._numbers


def _streams(
    segment: SegmentInfo, row_groups: Sequence[RowGroup], ends: Int64s, groups_of: _GroupsOfRows
) -> Callable[[Int64s | None], pa.Array] | None:
    """Gives the column `stream` of these row groups, or of some of their rows, from the stream table.

    None where that does not tell it: in a segment that is not sorted.
    """
    begins = segment.streams.first_row
    if not row_groups or begins[0] < 0:
        return None
    left_out = np.array([group.first_row for group in row_groups])
    left_out[1:] -= ends[:-1]

    def column(rows: Int64s | None) -> pa.Array:
        if rows is None:
            return _whole_streams(begins, row_groups)
        in_segment = rows + left_out[groups_of.places(rows)]
        return pa.array((np.searchsorted(begins, in_segment, side="right") - 1).astype(np.int32))

    return column


def _whole_streams(begins: Int64s, row_groups: Sequence[RowGroup]) -> pa.Array:
    pieces = []
    for group in row_groups:
        end = group.first_row + group.rows
        first, last = np.searchsorted(begins, group.first_row, side="right") - 1, np.searchsorted(begins, end)
        own = np.arange(first, last, dtype=np.int32)
        pieces.append(np.repeat(own, np.diff(np.append(np.maximum(begins[own], group.first_row), end))))
    return pa.array(np.concatenate(pieces))


def read_entries(body: bytes | memoryview) -> Iterator[pa.Table]:
    """All entries (ENTRY_SCHEMA) of a whole object, a row group at a time.

    Raises Arrow's errors when it can't be read.
    """
    file = pq.ParquetFile(pa.BufferReader(body))
    layout = _layout(file.metadata)
    for number in range(file.metadata.num_row_groups):
        table = file.read_row_groups([number], use_threads=False)
        yield _entries(_portion_of(table, layout), ENTRY_SCHEMA.names)


def whole_portion(body: bytes | memoryview) -> Portion:
    """All entries of a whole object. Raises as `read_entries`."""
    file = pq.ParquetFile(pa.BufferReader(body))
    return _portion_of(file.read(use_threads=False), _layout(file.metadata))


def read_without_arrow(body: bytes | memoryview, rows: Int64s) -> dict[str, pa.Array]:
    """All physical columns of the first row group of a whole object, or of these rows where they can't be read whole.

    What can't be read either way is left out.
    """
    from sigyn.store.pages.page_rows import RowsInPages
    from sigyn.store.pages.whole_columns import WholeColumns

    metadata = pq.ParquetFile(pa.BufferReader(body)).metadata
    group = metadata.row_group(0)
    fields = enumerate(metadata.schema.to_arrow_schema())
    stored = {field.name: _stored(metadata, place, field.type) for place, field in fields}
    file = np.frombuffer(body, np.uint8)
    begins, sizes, firsts = (np.array(each, np.int64) for each in ([_begin(group)], [group.num_rows], [0, len(rows)]))
    read: dict[str, pa.Array] = RowsInPages(file, len(stored), begins, sizes, firsts, rows).read(stored)
    whole = WholeColumns(file, len(stored), begins, sizes)
    return read | whole.read(stored) | whole.read(stored, stored)


def _stored(metadata: pq.FileMetaData, place: int, kind: pa.DataType) -> "StoredColumn":
    """How the column at a place is in the file."""
    from sigyn.store.pages.stored import StoredColumn

    nullable = bool(metadata.schema.column(place).max_definition_level)
    return StoredColumn(place, metadata.row_group(0).column(place).compression, kind, nullable)


def _begin(group: pq.RowGroupMetaData) -> int:
    """Where a row group begins in its file."""
    first = group.column(0)
    return int(first.dictionary_page_offset if first.has_dictionary_page else first.data_page_offset)


def _portion_of(table: pa.Table, layout: Layout | None) -> Portion:
    return Portion(len(table), lambda names: table.select(list(names)), layout, has_metadata=None)


def _layout(metadata: pq.FileMetaData) -> Layout | None:
    pairs: dict[bytes, bytes] = metadata.metadata or {}
    shapes, forms = pairs.get(b"sigyn.shapes"), pairs.get(b"sigyn.forms")
    return Layout.of(shapes, forms) if shapes is not None and forms is not None else None


def _entries(portion: Portion, columns: Sequence[str]) -> pa.Table:
    """Columns of ENTRY_SCHEMA."""
    schema = pa.schema([ENTRY_SCHEMA.field(name) for name in columns])
    return pa.table([portion.column(field.name).cast(field.type) for field in schema], schema=schema)


def _footer_of(segment: SegmentInfo, metadata: pq.FileMetaData) -> _Footer:
    if metadata.num_rows != segment.rows:
        raise SegmentLost(f"object `{segment.key}` has {metadata.num_rows} rows; {segment.rows} were written")
    timestamp = metadata.schema.names.index("timestamp")
    groups = []
    first_row = 0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        statistics = group.column(timestamp).statistics
        groups.append(RowGroup(first_row, group.num_rows, statistics.min, statistics.max))
        first_row += group.num_rows
    pairs: dict[bytes, bytes] = metadata.metadata or {}
    index, constants = pairs.get(b"sigyn.index"), pairs.get(b"sigyn.constants")
    layout = _layout(metadata)
    place = msgspec.json.decode(index, type=IndexPlace) if index is not None else None
    dictionaries = ("detected_level", *(layout.with_dictionary if layout is not None else ()))
    text = pa.dictionary(pa.int32(), pa.string())
    return _Footer(
        metadata,
        tuple(groups),
        layout,
        place,
        dictionaries,
        msgspec.json.decode(constants, type=Constants) if constants is not None else {},
        {field.name: text if field.name in dictionaries else field.type for field in metadata.schema.to_arrow_schema()},
        decode_kinds(place.streams) if place is not None else None,
    )


def _index_bytes(index: SegmentIndex) -> int:
    """Memory that an index takes, as if no part of it were mapped from a file."""
    tallies = index.tallies.nbytes if index.tallies is not None else 0
    return index.needles.words.nbytes + tallies + _OVERHEAD
