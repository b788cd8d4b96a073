"""A segment is a Parquet file that tells everything about itself."""

import io
from contextlib import suppress
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.parquet as pq
import pytest

from sigyn.model.batch import ENTRY_SCHEMA
from sigyn.store import SegmentLost, UnknownFormat
from sigyn.store.merge import merge_batches
from sigyn.store.segment import EncodedSegment, decode_segment, encode_segment, split_row_groups

from .entries import batch, row

ROWS = [
    row("a", 30, "three", "info", '{"trace":"1"}'),
    row('"q"', -5, "ünï\ncode\x00"),
    row("a", 10, "one", "warn"),
    row("a", 2**62, ""),
]


def encoded() -> EncodedSegment:
    """A segment of ROWS."""
    labels, entries = merge_batches([batch(ROWS)])
    return encode_segment("tenant ü", 0, labels, split_row_groups(entries))


def test_a_segment_tells_all_that_a_catalog_needs() -> None:
    segment = encoded()
    again = decode_segment(segment.body, "a/key")
    for field in ("tenant", "level", "first", "last", "rows", "text_bytes", "checksum", "labels"):
        assert getattr(again, field) == getattr(segment, field)
    assert segment.labels == ((("app", "a"),), (("app", '"q"'),))
    for column in ("rows", "text_bytes", "first", "last", "first_row"):
        assert np.array_equal(getattr(again.streams, column), getattr(segment.streams, column))


def test_any_parquet_reader_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "segment.parquet"
    path.write_bytes(encoded().body)
    expected = [(one.timestamp, one.line, one.level, one.metadata) for one in ROWS]
    connection = duckdb.connect()
    found = connection.execute(f"SELECT timestamp, line, detected_level, metadata FROM '{path}'").fetchall()
    assert found == expected
    assert pq.read_schema(path).remove_metadata().equals(ENTRY_SCHEMA)
    described = connection.execute(f"SELECT key, value FROM parquet_kv_metadata('{path}')").fetchall()
    assert (b"sigyn.format", b"1") in described


def test_a_file_that_is_no_segment_or_a_newer_one_is_told_apart() -> None:
    def opened(metadata: dict[str, str]) -> None:
        sink = io.BytesIO()
        with pq.ParquetWriter(sink, ENTRY_SCHEMA) as writer:
            writer.add_key_value_metadata(metadata)
        decode_segment(memoryview(sink.getvalue()), "a/key")

    with pytest.raises(SegmentLost, match=r"without `sigyn\.format`"):
        opened({})
    with pytest.raises(UnknownFormat, match=r"object `a/key` has segment format `99`, which a newer Sigyn wrote"):
        opened({"sigyn.format": "99"})
    with pytest.raises(SegmentLost, match="no whole Parquet file"):
        decode_segment(encoded().body[:-5], "a/key")


def test_no_flipped_bit_is_anything_but_a_lost_segment() -> None:
    body = encoded().body
    for place in range(len(body)):
        damaged = bytearray(body)
        damaged[place] ^= 0x80
        with suppress(SegmentLost):
            decode_segment(memoryview(damaged), "a/key")
