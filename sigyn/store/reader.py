"""Reads segments: their row groups from cached metadata, their columns from a file or by ranges."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from sigyn.compiled.at_need import are_worth_it
from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store.bounded_cache import BoundedCache
from sigyn.store.catalog import SegmentInfo
from sigyn.store.errors import SegmentLost
from sigyn.store.far_portions import FarPortion, FarPortions
from sigyn.store.footer import Footer, footer_of, layout_of, metadata_layout_of
from sigyn.store.handles import FileHandles, OpenFile, lost_unless_read, open_file
from sigyn.store.index_section import ALL_SHAPED, SegmentIndex
from sigyn.store.indexes import SegmentIndexes
from sigyn.store.layout import Layout
from sigyn.store.needles.search import HeldMetadata, Sought, possible_groups
from sigyn.store.objects import ObjectStore
from sigyn.store.physical_columns import ReadSome
from sigyn.store.portion import Portion, RowGroups
from sigyn.store.recent import RecentSegments, RowGroup
from sigyn.store.shapes.shape import Syntax
from sigyn.store.side_by_side import side_by_side
from sigyn.store.stream_lines import Kinds
from sigyn.store.streams import Int64s

if TYPE_CHECKING:  # brings numba along, 70 MB, which a server that is not asked does without
    from sigyn.store.pages.whole_columns import WholeColumns

_IN_MEMORY = "in memory"  # in place of the key of an object
_CHUNK_BYTES = 1000  # what Arrow holds in memory of a column chunk's metadata; measured: 950
_FOOTER_BYTES, _COLUMN_BYTES, _GROUP_BYTES = 6000, 1500, 300  # what we hold of a footer, and more for each of these


class SegmentReader:
    """Reads from several threads at once; every call blocks and releases the GIL.

    All raise SegmentLost when the object is missing, torn or corrupt, and Unavailable when the
    object store can't be reached.
    """

    def __init__(self, objects: ObjectStore, recent: RecentSegments, metadata_bytes: int) -> None:
        """`metadata_bytes` are for footers, and as many again for indexes."""
        self._objects = objects
        self._recent = recent
        self._footers: BoundedCache[int, Footer] = BoundedCache(metadata_bytes // 2, _footer_bytes)
        self._parsed: BoundedCache[int, pq.FileMetaData] = BoundedCache(metadata_bytes // 2, _parsed_bytes)
        self._indexes = SegmentIndexes(objects, metadata_bytes)
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

    def portion(
        self, segment: SegmentInfo, row_groups: Sequence[int] | None = None, together: FarPortions | None = None
    ) -> Portion:
        """All row groups or those with these numbers, in that order; columns are read when asked for.

        Those of a segment that is not near are fetched with those of the portions that it is read `together` with.
        """
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
        if together is None:
            together = FarPortions()
        if not self.is_near(segment):
            metadata = self._parsed.get(segment.id) or self._opened_metadata(segment)
            together.add(FarPortion(segment.key, footer, metadata, numbers))
        return Portion(
            int(ends[-1]) if numbers else 0,
            lambda names: self._physical(segment, footer, names, numbers, opened, together),
            footer.layout,
            has_metadata=has_metadata,
            has_text=has_text,
            metadata=footer.metadata,
            metadata_names=footer.metadata_names,
            streams=_streams(segment, [footer.row_groups[number] for number in numbers], ends, groups_of),
            row_groups=RowGroups(
                ends,
                texts,
                syntaxes,
                footer.streams,
                lambda name, rows: footer.known_rows(name, groups_of.numbers(rows)),
                lambda places: self.portion(segment, [numbers[place] for place in places]),
                lambda names, places: self._physical(
                    segment, footer, names, [numbers[place] for place in places], opened, together
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
        metadata = pq.ParquetFile(pa.BufferReader(body)).metadata
        self._footers.put(segment.id, _whole_footer(segment, metadata))
        if self._objects.path(segment.key) is None:
            self._parsed.put(segment.id, metadata)  # or each portion of it begins with a request
        else:
            with suppress(SegmentLost):  # the query that needs it says what is wrong
                self.index(segment)

    def prepare(self, segments: Sequence[SegmentInfo], *, with_indexes: bool) -> None:
        """Reads the footers of segments, and their indexes, several at a time: far ones take requests for each.

        What can't be read is left to whoever asks for it.
        """
        far = [each for each in segments if not self.is_near(each) and not self._is_prepared(each, with_indexes)]
        if len(far) < 2:
            return
        side_by_side(self.index if with_indexes else self._footer, far, "sigyn-prepare")

    def _is_prepared(self, segment: SegmentInfo, with_indexes: bool) -> bool:
        footer = self._footers.get(segment.id)
        return footer is not None and (not with_indexes or footer.index is None or self._indexes.has(segment))

    def index(self, segment: SegmentInfo) -> SegmentIndex | None:
        """The needle filters of a segment; None when it has none."""
        if self._recent.get(segment.key) is not None:
            return None
        return self._indexes.get(segment, self._footer(segment))

    def kinds_of_streams(self, segment: SegmentInfo) -> Kinds | None:
        """What all lines of each stream of a segment have in common; None where nobody knows."""
        return None if self._recent.get(segment.key) is not None else self._footer(segment).streams

    def tallies(self, segment: SegmentInfo, names: frozenset[str] | None) -> pa.Table | None:
        """Counts of a segment's entries by minute (TALLY_SCHEMA); None when it has none.

        None also where structured metadata, which the counts don't tell apart, may have one of these names (None: any).
        """
        if self._recent.get(segment.key) is not None:
            return None
        footer = self._footer(segment)
        known = footer.metadata_names
        if footer.index is None or known is None or (known if names is None else not known.isdisjoint(names)):
            return None
        return self._indexes.tallies(segment, footer)

    def possible(self, segment: SegmentInfo, sought: Sequence[Sought], row_groups: Sequence[int]) -> Sequence[int]:
        """Those of these row groups that may hold an entry with all that is sought."""
        index = self.index(segment)
        if index is None:
            return row_groups
        footer = self._footer(segment)
        metadata = HeldMetadata(footer.metadata, footer.may_hold("metadata"))
        return possible_groups(index, footer.layout, metadata, sought, row_groups)

    def _physical(
        self,
        segment: SegmentInfo,
        footer: Footer,
        columns: Sequence[str],
        numbers: Sequence[int],
        opened: dict[tuple[int, ...], "WholeColumns"],
        together: FarPortions,
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
            if file.mapped is None:
                self._objects.fetch(together.ranges([name for names in by_places.values() for name in names]))
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
        self, segment: SegmentInfo, footer: Footer, numbers: Sequence[int], ends: Int64s, rows: Int64s
    ) -> ReadSome | None:
        """Reads columns of these rows of row groups; None where the file is not mapped, or loops are not at hand."""
        file = self._take(segment, footer)
        self._handles.give_back(segment.id, file)
        if file.mapped is None or not are_worth_it(len(rows)):
            return None
        from sigyn.store.pages.page_rows import RowsInPages

        groups = np.searchsorted(ends, rows, side="right")
        touched, counts = np.unique(groups, return_counts=True)
        sizes = np.diff(ends, prepend=0)
        pages = RowsInPages(
            file.mapped,
            len(footer.kinds),
            footer.begins[[numbers[place] for place in touched.tolist()]],
            sizes[touched],
            np.append(0, np.cumsum(counts)),
            rows - (ends - sizes)[groups],
        )
        return lambda names: pages.read({name: footer.stored[name] for name in names})

    def close_files(self) -> None:
        """Lets go of files that nobody reads: pages that were read of them count as memory while they are mapped."""
        self._handles.close()

    def forget(self, segments: Sequence[SegmentInfo]) -> None:
        """Drops what is cached of these segments."""
        ids = [segment.id for segment in segments]
        self._handles.forget(ids)
        self._footers.forget(ids)
        self._parsed.forget(ids)
        self._indexes.forget(ids)
        self._recent.forget(segment.key for segment in segments)

    def _footer(self, segment: SegmentInfo) -> Footer:
        footer = self._footers.get(segment.id)
        if footer is None:
            footer = self._load_footer(segment)
            self._footers.put(segment.id, footer)
        return footer

    def _load_footer(self, segment: SegmentInfo) -> Footer:
        size = self._objects.size(segment.key)
        if size != segment.object_bytes:
            raise SegmentLost(f"object `{segment.key}` has {size} bytes; {segment.object_bytes} were written")
        return _whole_footer(segment, self._opened_metadata(segment))

    def _opened_metadata(self, segment: SegmentInfo) -> pq.FileMetaData:
        with lost_unless_read(segment.key):
            metadata = open_file(self._objects, segment.key, segment.object_bytes).parquet().metadata
        self._parsed.put(segment.id, metadata)
        return metadata

    def _take(self, segment: SegmentInfo, footer: Footer) -> OpenFile:
        """A file that is to be given back to `_handles`."""
        return self._handles.take(segment.id) or open_file(
            self._objects, segment.key, segment.object_bytes, self._parsed.get(segment.id), footer.dictionaries
        )


def _without_arrow(
    file: OpenFile,
    footer: Footer,
    names: Sequence[str],
    numbers: Sequence[int],
    opened: dict[tuple[int, ...], "WholeColumns"],
) -> dict[str, pa.ChunkedArray]:
    """Those of these columns of row groups that are read quicker without Arrow, and can be."""
    stored = {name: footer.stored[name] for name in names if footer.stored[name].has_loops}
    if file.mapped is None or not stored or not are_worth_it(sum(footer.row_groups[each].rows for each in numbers)):
        return {}
    from sigyn.store.pages.whole_columns import WholeColumns

    columns = opened.get(tuple(numbers))
    if columns is None:
        sizes = np.array([footer.row_groups[number].rows for number in numbers])
        columns = WholeColumns(file.mapped, len(footer.kinds), footer.begins[numbers], sizes)
        opened[tuple(numbers)] = columns
    return columns.read(stored, footer.dictionaries)


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
    for begin, end in _runs(row_groups):
        first, last = np.searchsorted(begins, begin, side="right") - 1, np.searchsorted(begins, end)
        own = np.arange(first, last, dtype=np.int32)
        pieces.append(np.repeat(own, np.diff(np.append(np.maximum(begins[own], begin), end))))
    return pa.array(np.concatenate(pieces))


def _runs(row_groups: Sequence[RowGroup]) -> list[tuple[int, int]]:
    """The first rows and the ends of row groups, those that follow on each other in one."""
    runs: list[tuple[int, int]] = []
    for group in row_groups:
        end = group.first_row + group.rows
        follows = bool(runs) and runs[-1][1] == group.first_row
        runs[-1:] = [(runs[-1][0], end)] if follows else [*runs[-1:], (group.first_row, end)]
    return runs


def read_entries(body: bytes | memoryview, key: str) -> Iterator[pa.Table]:
    """All entries (ENTRY_SCHEMA) of a whole object, a row group at a time; `key` is for errors.

    Raises Arrow's errors when it can't be read, and UnknownFormat.
    """
    file = pq.ParquetFile(pa.BufferReader(body))
    layouts = layout_of(file.metadata, key), metadata_layout_of(file.metadata)
    for number in range(file.metadata.num_row_groups):
        table = file.read_row_groups([number], use_threads=False)
        yield _entries(_portion_of(table, *layouts), ENTRY_SCHEMA.names)


def whole_portion(body: bytes | memoryview) -> Portion:
    """All entries of a whole object that was just made."""
    file = pq.ParquetFile(pa.BufferReader(body))
    layouts = layout_of(file.metadata, _IN_MEMORY), metadata_layout_of(file.metadata)
    return _portion_of(file.read(use_threads=False), *layouts)


def read_without_arrow(body: bytes | memoryview, rows: Int64s) -> dict[str, pa.Array]:
    """All physical columns of the first row group of a whole object, or of these rows where they can't be read whole.

    The object was just made. What can't be read either way is left out.
    """
    from sigyn.store.pages.page_rows import RowsInPages
    from sigyn.store.pages.whole_columns import WholeColumns

    footer = footer_of(pq.ParquetFile(pa.BufferReader(body)).metadata, _IN_MEMORY)
    stored = footer.stored
    file = np.frombuffer(body, np.uint8)
    begins = footer.begins[:1]
    sizes, firsts = (np.array(each, np.int64) for each in ([footer.row_groups[0].rows], [0, len(rows)]))
    read: dict[str, pa.Array] = RowsInPages(file, len(stored), begins, sizes, firsts, rows).read(stored)
    whole = WholeColumns(file, len(stored), begins, sizes)
    return read | whole.read(stored) | whole.read(stored, stored)


def _portion_of(table: pa.Table, layout: Layout | None, metadata: Layout | None) -> Portion:
    return Portion(len(table), lambda names: table.select(list(names)), layout, has_metadata=None, metadata=metadata)


def _entries(portion: Portion, columns: Sequence[str]) -> pa.Table:
    """Columns of ENTRY_SCHEMA."""
    schema = pa.schema([ENTRY_SCHEMA.field(name) for name in columns])
    return pa.table([portion.column(field.name).cast(field.type) for field in schema], schema=schema)


def _whole_footer(segment: SegmentInfo, metadata: pq.FileMetaData) -> Footer:
    if metadata.num_rows != segment.rows:
        raise SegmentLost(f"object `{segment.key}` has {metadata.num_rows} rows; {segment.rows} were written")
    return footer_of(metadata, segment.key)


def _footer_bytes(footer: Footer) -> int:
    """Memory that it takes, about."""
    return _FOOTER_BYTES + _COLUMN_BYTES * len(footer.kinds) + _GROUP_BYTES * len(footer.row_groups)


def _parsed_bytes(metadata: pq.FileMetaData) -> int:
    """Memory that Arrow takes for it, about."""
    return int(_CHUNK_BYTES * metadata.num_row_groups * metadata.num_columns)
