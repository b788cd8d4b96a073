"""Rows that are looked up in pages are those that Arrow reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.store.pages.page_rows import RowsInPages
from sigyn.store.pages.stored_column import StoredColumn
from sigyn.store.pages.whole_columns import WholeColumns

MOST_ROWS = 600
INTEGERS = {8: pa.int8(), 32: pa.int32(), 64: pa.int64()}


@dataclass(frozen=True)
class Written:
    """A file with one column, and how it is read."""

    body: bytes
    column: pa.Array
    sizes: Sequence[int]

    @property
    def schema(self) -> pa.Schema:
        return pq.ParquetFile(pa.BufferReader(self.body)).schema_arrow

    @property
    def metadata(self) -> pq.FileMetaData:
        return pq.ParquetFile(pa.BufferReader(self.body)).metadata

    def begins(self) -> list[int]:
        """Where the row groups begin."""
        metadata = self.metadata
        firsts = [metadata.row_group(group).column(0) for group in range(metadata.num_row_groups)]
        return [each.dictionary_page_offset or each.data_page_offset for each in firsts]

    def stored(self) -> StoredColumn:
        codec, nullable = self.metadata.row_group(0).column(0).compression, bool(self.schema.field("c").nullable)
        return StoredColumn(0, codec, self.column.type, nullable)

    def rows(self, rows: Sequence[int], body: bytes | None = None) -> pa.Array | None:
        """These rows, by their numbers in the file, rising; None where they are not read."""
        ends = np.cumsum(self.sizes)
        wanted = np.array(rows, np.int64)
        groups = np.searchsorted(ends, wanted, side="right")
        touched, counts = np.unique(groups, return_counts=True)
        pages = RowsInPages(
            np.frombuffer(body or self.body, np.uint8),
            1,
            np.array(self.begins())[touched],
            np.array(self.sizes)[touched],
            np.append(0, np.cumsum(counts)),
            wanted - (ends - np.array(self.sizes))[groups],
        )
        return pages.read({"c": self.stored()}).get("c")

    def whole(self, body: bytes | None = None, *, coded: bool = False) -> pa.ChunkedArray | None:
        """The whole column, as dictionaries or as it is; None where it is not read."""
        file, begins = np.frombuffer(body or self.body, np.uint8), np.array(self.begins())
        columns = WholeColumns(file, 1, begins, np.array(self.sizes))
        return columns.read({"c": self.stored()}, ["c"] if coded else []).get("c")


@st.composite
def columns(draw: st.DrawFn) -> tuple[pa.Array, str | None]:
    """A column with gaps, and its encoding; None: a dictionary."""
    kind = draw(st.sampled_from(("integers", "texts", "ids")))
    seed = np.random.default_rng(draw(st.integers(0, 2**32)))
    rows = draw(st.integers(1, MOST_ROWS))
    gaps = draw(st.sampled_from(("none", "all", "scattered", "runs")))
    missing = {
        "none": np.zeros(rows, np.bool_),
        "all": np.ones(rows, np.bool_),
        "scattered": seed.random(rows) < 0.4,
        "runs": (np.arange(rows) // draw(st.integers(1, 90))) % 2 == 0,
    }[gaps]
    if kind == "integers":
        width = draw(st.sampled_from((8, 32, 64)))
        most = 2 ** min(width - 1, draw(st.integers(0, 63)))
        numbers = seed.integers(-most, most, rows, dtype=np.int64)
        if draw(st.booleans()):
            numbers = np.sort(numbers)
        encoding = draw(st.sampled_from(("DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT", "PLAIN", None)))
        return pa.array(numbers.astype(f"int{width}"), INTEGERS[width], mask=missing), encoding
    if kind == "ids":
        width = draw(st.integers(1, 20))
        values = [None if gap else seed.bytes(width) for gap in missing]
        return pa.array(values, pa.binary(width)), "PLAIN"
    distinct = [draw(st.text(max_size=30)) for _ in range(draw(st.integers(1, 8)))]
    if draw(st.booleans()):
        distinct += [f"{number}" * int(seed.integers(0, 40)) for number in range(MOST_ROWS)]
    texts = [None if gap else distinct[seed.integers(len(distinct))] for gap in missing]
    return pa.array(texts, pa.string()), draw(st.sampled_from(("DELTA_LENGTH_BYTE_ARRAY", None)))


def written(
    column: pa.Array, encoding: str | None, codec: str, groups: int, *, nullable: bool = True, **options: Any
) -> Written:
    size = -(-len(column) // groups)
    sizes = [min(size, len(column) - begin) for begin in range(0, len(column), size)]
    sink = pa.BufferOutputStream()
    schema = pa.schema([pa.field("c", column.type, nullable=bool(column.null_count) or nullable)])
    pq.write_table(
        pa.table([column], schema=schema), sink, row_group_size=size, compression=codec, write_page_checksum=True,
        use_dictionary=encoding is None, column_encoding=None if encoding is None else {"c": encoding}, **options,
    )  # fmt: skip
    return Written(sink.getvalue().to_pybytes(), column, sizes)


@given(columns(), st.sampled_from(("none", "lz4", "zstd")), st.integers(1, 3), st.booleans(), st.data())
@settings(max_examples=300)
def test_rows_are_those_that_arrow_reads(
    column: tuple[pa.Array, str | None], codec: str, groups: int, nullable: bool, data: st.DataObject
) -> None:
    values, encoding = column
    file = written(values, encoding, codec, groups, nullable=nullable)
    rows = sorted(data.draw(st.sets(st.integers(0, len(values) - 1), min_size=1, max_size=20)))
    found = file.rows(rows)
    assert found is not None
    found.validate(full=True)
    assert found.equals(values.take(pa.array(rows)))


WHOLE = {
    pa.string(): ("DELTA_LENGTH_BYTE_ARRAY",),
    pa.int64(): ("DELTA_BINARY_PACKED", "BYTE_STREAM_SPLIT"),
    pa.int32(): ("BYTE_STREAM_SPLIT", None),
    pa.int8(): ("BYTE_STREAM_SPLIT", None),
}
"""The encodings of each kind that are read whole; None: a dictionary."""


@given(columns(), st.sampled_from(("none", "lz4", "zstd")), st.integers(1, 3), st.booleans())
@settings(max_examples=300)
def test_whole_columns_are_those_that_arrow_reads(
    column: tuple[pa.Array, str | None], codec: str, groups: int, nullable: bool
) -> None:
    values, encoding = column
    file = written(values, encoding, codec, groups, nullable=nullable)
    found = file.whole()
    readable = ("PLAIN",) if pa.types.is_fixed_size_binary(values.type) else WHOLE.get(values.type, ())
    assert (found is not None) == (encoding in readable)
    if found is not None:
        found.validate(full=True)
        assert found.type == values.type
        assert found.combine_chunks().equals(values)
    coded = file.whole(coded=True)
    assert (coded is not None) == (encoding is None and values.type == pa.string())
    if coded is not None:
        coded.validate(full=True)
        assert [len(chunk) for chunk in coded.chunks] == list(file.sizes)
        assert coded.to_pylist() == values.to_pylist()
        for chunk in coded.chunks:
            assert len(set(chunk.dictionary.to_pylist())) == len(chunk.dictionary)


@pytest.mark.parametrize("codec", ["none", "lz4", "zstd"])
@given(st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=40)
def test_damaged_texts_are_left_to_arrow(codec: str, place: int, change: int) -> None:
    file = written(
        pa.array([f"text {number}" for number in range(300)]),
        "DELTA_LENGTH_BYTE_ARRAY",
        codec,
        1,
        write_statistics=False,
    )
    chunk = file.metadata.row_group(0).column(0)
    last = chunk.data_page_offset + 40  # behind the header
    body = bytearray(file.body)
    body[last + place % (chunk.data_page_offset + chunk.total_compressed_size - last)] ^= change
    assert file.whole(bytes(body)) is None


@given(st.sampled_from(("none", "lz4", "zstd")), st.integers(0, 10**6), st.integers(1, 255))
@settings(max_examples=60)
def test_a_damaged_page_is_left_to_arrow(codec: str, place: int, change: int) -> None:
    file = written(pa.array([f"{number:x}" for number in range(300)]), None, codec, 1)
    chunk = file.metadata.row_group(0).column(0)
    last = chunk.data_page_offset + 40  # behind the header, within the codes
    assert last < chunk.dictionary_page_offset + chunk.total_compressed_size
    body = bytearray(file.body)
    at = last + place % (chunk.dictionary_page_offset + chunk.total_compressed_size - last)
    body[at] ^= change
    assert file.rows([0, 150], bytes(body)) is None
    assert file.whole(bytes(body), coded=True) is None


TEXTS, NUMBERS = pa.array([f"text {number % 7}" for number in range(300)]), pa.array([*range(299), None])
IDS = pa.array([*(number.to_bytes(16, "big") for number in range(299)), None], pa.binary(16))
CODES = pa.array([*(number % 7 for number in range(299)), None], pa.int32())


@pytest.mark.parametrize(
    ("values", "encoding"),
    [
        (TEXTS, "DELTA_LENGTH_BYTE_ARRAY"),
        (TEXTS, None),
        (NUMBERS, "DELTA_BINARY_PACKED"),
        (NUMBERS, "BYTE_STREAM_SPLIT"),
        (CODES, "BYTE_STREAM_SPLIT"),
        (CODES, None),
        (IDS, "PLAIN"),
    ],
)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=30))
@settings(max_examples=100)
def test_damage_wherever_it_is_leads_out_of_no_page(
    values: pa.Array, encoding: str | None, place: int, damage: bytes
) -> None:
    """Headers have no checksum: what they say may be wrong, but a place outside of the file is never read."""
    file = written(values, encoding, "none", 1)
    chunk = file.metadata.row_group(0).column(0)
    at = (chunk.dictionary_page_offset or chunk.data_page_offset) + place % chunk.total_compressed_size
    body = bytearray(file.body)
    body[at : at + len(damage)] = damage[: len(body) - at]
    found = file.rows([0, 299], bytes(body))
    assert found is None or len(found) == 2
    for whole in (file.whole(bytes(body)), file.whole(bytes(body), coded=True)):
        assert whole is None or len(whole) == 300


@pytest.mark.parametrize(
    "options", [{"data_page_size": 200, "write_batch_size": 10}, {"data_page_version": "2.0"}], ids=["pages", "version"]
)
def test_columns_in_another_layout_are_left_to_arrow(options: dict[str, Any]) -> None:
    file = written(
        pa.array([f"text {number}" for number in range(300)]), "DELTA_LENGTH_BYTE_ARRAY", "none", 1, **options
    )
    assert file.rows([0, 299]) is None
    assert file.whole() is None
