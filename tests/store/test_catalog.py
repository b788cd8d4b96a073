"""The catalog's transactions and versions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sigyn.model.errors import Unavailable
from sigyn.store import UnknownFormat
from sigyn.store.catalog import NewSegment
from sigyn.store.merge import merge_batches
from sigyn.store.open_catalog import copy_catalog, open_catalog
from sigyn.store.schema import MIGRATIONS, POSTGRESQL, TABLES
from sigyn.store.segment import encode_segment, split_row_groups
from sigyn.store.settings import StoreSettings
from sigyn.store.sql_catalog import SqlCatalog
from sigyn.store.sqlite import sqlite_catalog

from .entries import batch, row


def new(key: str, *apps: str, tenant: str = "fake") -> NewSegment:
    """A segment with an entry of each app."""
    labels, entries = merge_batches([batch([row(app, 1, "x") for app in apps], tenant)])
    return NewSegment(key, encode_segment(tenant, 0, labels, split_row_groups(entries)))


def memory() -> SqlCatalog:
    """A new catalog."""
    return open_catalog(StoreSettings(data=None))


def test_segments_and_streams_come_back_as_committed(tmp_path: Path) -> None:
    catalog = open_catalog(StoreSettings(data=tmp_path), clock=lambda: 77)
    (first, second) = catalog.commit([new("k1", "a", "b"), new("k2", "b", "c")])
    assert (first.id, second.id, first.created) == (1, 2, 77)
    assert first.streams.ids.tolist() == [1, 2]
    assert second.streams.ids.tolist() == [2, 3]
    (other,) = catalog.commit([new("k3", "a", tenant="other")])
    assert other.streams.ids.tolist() == [1]
    catalog.close()

    catalog = open_catalog(StoreSettings(data=tmp_path))
    found = catalog.live()
    for was, now in zip([first, second, other], found, strict=True):
        for field in ("id", "tenant", "key", "level", "first", "last", "rows", "text_bytes", "checksum", "created"):
            assert getattr(was, field) == getattr(now, field)
        for column in ("ids", "rows", "text_bytes", "first", "last", "first_row"):
            assert np.array_equal(getattr(was.streams, column), getattr(now.streams, column))
    assert list(catalog.streams("fake")) == [(1, (("app", "a"),)), (2, (("app", "b"),)), (3, (("app", "c"),))]
    assert catalog.registry.find("fake", (("app", "c"),)) == 3
    assert catalog.registry.find("other", (("app", "c"),)) is None
    catalog.close()


def test_ids_are_never_used_again() -> None:
    catalog = memory()
    (one,) = catalog.commit([new("k1", "a")])
    (two,) = catalog.commit([new("k2", "a")], replaced=[one.id])
    catalog.forget([one.id])
    catalog.commit([], replaced=[two.id])
    catalog.forget([two.id])
    (three,) = catalog.commit([new("k3", "a")])
    assert three.id == 3
    catalog.close()


def test_a_transaction_is_whole_or_nothing() -> None:
    catalog = memory()
    (one,) = catalog.commit([new("k1", "a")])
    with pytest.raises(Unavailable, match=r"(?i)unique"):
        catalog.commit([new("k2", "b"), new("k1", "c")], replaced=[one.id])
    with pytest.raises(Unavailable, match="segment 99 is no longer live"):
        catalog.commit([new("k3", "d")], replaced=[one.id, 99])
    assert [segment.key for segment in catalog.live()] == ["k1"]
    assert len(list(catalog.streams("fake"))) == 1
    assert catalog.registry.find("fake", (("app", "d"),)) is None
    (next_one,) = catalog.commit([new("k2", "b")])
    assert next_one.streams.ids.tolist() == [2]
    catalog.close()


def test_replaced_and_quarantined_segments_are_remembered() -> None:
    catalog = memory()
    one, two, three = catalog.commit([new(key, "a") for key in ("k1", "k2", "k3")])
    catalog.commit([], replaced=[one.id])
    catalog.quarantine(two.id)
    assert [segment.key for segment in catalog.live()] == ["k3"]
    assert catalog.replaced() == [(one.id, "k1")]
    assert [segment.key for segment in catalog.quarantined()] == ["k2"]
    assert catalog.knows(["k1", "k2", "k3", "k4"]) == {"k1", "k2", "k3"}
    catalog.restore(two.id)
    catalog.forget([one.id, three.id])  # only what was replaced is forgotten
    assert [segment.key for segment in catalog.live()] == ["k2", "k3"]
    assert catalog.replaced() == []
    catalog.close()


def test_hostile_labels_are_values_not_sql() -> None:
    catalog = memory()
    hostile = "'); DROP TABLE segment; -- ? %s \x00"
    catalog.commit([new("k1", hostile, tenant=hostile)])
    assert list(catalog.streams(hostile)) == [(1, (("app", hostile),))]
    catalog.close()


def test_a_catalog_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    settings = StoreSettings(data=tmp_path)
    catalog = open_catalog(settings)
    with catalog.database.transaction() as run:
        run("INSERT INTO version VALUES (?)", len(MIGRATIONS) + 1)
    catalog.close()
    uses: tuple[Callable[[], object], ...] = (
        lambda: open_catalog(settings),
        lambda: open_catalog(settings, read_only=True),
        lambda: copy_catalog(settings, tmp_path / "copy"),
    )
    for use in uses:
        with pytest.raises(UnknownFormat, match=r"/(catalog\.sqlite|postgres)` has version \d+ of a newer Sigyn; this"):
            use()


def test_all_columns_of_all_tables_are_known() -> None:
    database = memory().database
    for table, columns in TABLES.items():
        database.query(f"SELECT {', '.join(columns)} FROM {table}")
        values = [1] * (len(columns) + 1)  # one too many
        with pytest.raises(Unavailable, match=r"(?i)columns|expressions"), database.transaction() as run:
            run(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", *values)
    database.close()


def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalog").write_bytes(b"not a database, but long enough to look at" * 100)
    with pytest.raises(Unavailable, match="not a database"):
        sqlite_catalog(tmp_path / "catalog")


def test_statements_translate_to_the_words_of_another_database() -> None:
    assert POSTGRESQL.translate("INSERT INTO t VALUES (?, ?)") == "INSERT INTO t VALUES (%s, %s)"
    assert POSTGRESQL.translate("x BLOB NOT NULL") == "x BYTEA NOT NULL"
