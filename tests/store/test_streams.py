"""Streams of which nothing is left are forgotten, and what comes of them later is read like anything else."""

import asyncio
from collections.abc import Iterable
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sigyn.model.errors import NotFound
from sigyn.model.labels import labels_of
from sigyn.model.time import DAY
from sigyn.store import Store, StoreSettings, check_store, rebuild_catalog
from sigyn.store.check import Problem
from sigyn.store.open_catalog import open_catalog
from sigyn.store.retention import LabelsOf, RetentionRules
from sigyn.store.streams import Int64s

from .entries import EARLIEST, LATEST, batch, row, stored
from .lost_catalog import lose_catalog
from .test_catalog import new

pytestmark = pytest.mark.anyio

NOW = 10 * DAY
NEW = NOW - 5


def periods(_tenant: str, ids: Int64s, labels_of: LabelsOf, _demoted: frozenset[str]) -> Int64s:
    """Entries of apps that begin with `t` are kept for a day."""
    return np.array([DAY if dict(labels_of(id))["app"].startswith("t") else 0 for id in ids.tolist()], np.int64)


def open_store(settings: StoreSettings) -> Store:
    """At the time NOW."""
    return Store.open(settings, clock=lambda: NOW, retention=RetentionRules(periods=periods))


def settings_of(folder: Path, **more: Any) -> StoreSettings:
    """Nothing happens by itself, and streams are forgotten with the second look."""
    return StoreSettings(data=folder, **{"compaction": False, "stream_grace_seconds": 0.0, **more})


def forget(store: Store) -> None:
    """All that is due."""
    store.compact_now()
    store.forget_now()
    for _ in range(2):
        store.sweep_now()


def apps(settings: StoreSettings, tenant: str = "fake") -> dict[str, int]:
    """Streams in the catalog, with their ids."""
    catalog = open_catalog(settings, read_only=True)
    try:
        return {dict(labels)["app"]: id for id, labels in catalog.streams(tenant)}
    finally:
        catalog.close()


def looked_up(store: Store, ids: Iterable[int]) -> list[str]:
    """The apps of streams, as far as they are known."""
    found = []
    for id in ids:
        try:
            found.append(dict(store.streams.labels("fake", id))["app"])
        except NotFound:
            continue
    return found


async def test_streams_without_entries_leave_catalog_and_memory_and_come_back_under_new_ids(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = open_store(settings)
    await store.append(batch([row("a", 1, "x"), row("t1", 2, "y"), row("t2", NEW, "z")]))
    await store.append(batch([row("t3", 3, "only")]))
    assert apps(settings) == {"a": 1, "t1": 2, "t2": 3, "t3": 4}
    forget(store)
    assert apps(settings) == {"a": 1, "t2": 3}
    assert looked_up(store, range(1, 5)) == ["a", "t2"]
    assert store.metrics.streams_forgotten == 2
    back = row("t3", NEW, "again")
    await store.append(batch([back]))
    assert apps(settings) == {"a": 1, "t2": 3, "t3": 5}
    expected = sorted([row("a", 1, "x"), row("t2", NEW, "z"), back], key=repr)
    assert stored(store) == expected
    await store.close()
    store = open_store(settings)
    forget(store)
    assert stored(store) == expected
    assert apps(settings) == {"a": 1, "t2": 3, "t3": 5}
    await store.close()
    assert check_store(settings).is_sound


async def test_a_stream_is_not_forgotten_before_its_grace_is_over(tmp_path: Path) -> None:
    settings = settings_of(tmp_path, stream_grace_seconds=3600.0)
    store = open_store(settings)
    await store.append(batch([row("t1", 2, "y")]))
    forget(store)
    assert apps(settings) == {"t1": 1}
    await store.append(batch([row("t1", NEW, "again")]))
    assert apps(settings) == {"t1": 1}
    await store.close()


async def test_who_holds_a_segment_knows_its_streams(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = open_store(settings)
    await store.append(batch([row("t1", 2, "y")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        forget(store)
        (segment,) = snapshot.segments
        assert looked_up(store, segment.streams.ids.tolist()) == ["t1"]
        assert stored(store) == []
    forget(store)
    assert apps(settings) == {}
    await store.close()


async def test_streams_of_a_segment_in_quarantine_stay(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = open_store(settings)
    await store.append(batch([row("a", 1, "x")]))
    await store.append(batch([row("b", 1, "x")]))
    with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
        key = snapshot.segments[0].key
    path = tmp_path / "objects" / key
    body = path.read_bytes()
    path.unlink()
    await store.close()
    store = open_store(settings)
    assert len(stored(store)) == 1
    forget(store)
    assert apps(settings) == {"a": 1, "b": 2}
    path.write_bytes(body)
    forget(store)
    assert stored(store) == [row("a", 1, "x"), row("b", 1, "x")]
    await store.close()


async def test_many_streams_of_several_tenants_go_and_a_rebuilt_catalog_has_the_same(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = open_store(settings)
    for tenant in ("one", "two"):
        gone = [row(f"t{number}", number % 900, "x") for number in range(1200)]
        await store.append(batch([*gone, row("a", 1, "x"), row("t-new", NEW, "x")], tenant))
    forget(store)
    assert store.metrics.streams_forgotten == 2400
    left = {tenant: set(apps(settings, tenant)) for tenant in ("one", "two")}
    assert left == {"one": {"a", "t-new"}, "two": {"a", "t-new"}}
    await store.close()
    assert check_store(settings).is_sound
    lose_catalog(settings)
    rebuild_catalog(settings)
    assert {tenant: set(apps(settings, tenant)) for tenant in left} == left
    assert check_store(settings).is_sound


def test_a_stream_that_is_used_again_after_the_look_stays(tmp_path: Path) -> None:
    catalog = open_catalog(settings_of(tmp_path))
    (one,) = catalog.commit([new("k1", "a", "b")])
    assert catalog.unused_streams([one]).ids == catalog.unused_streams(()).ids == {}
    catalog.commit([], replaced=[one.id])
    assert catalog.unused_streams(()).ids == {}  # somebody may read it still
    catalog.forget([one.id])
    unused = catalog.unused_streams(())
    assert unused.ids["fake"].tolist() == [1, 2]
    (two,) = catalog.commit([new("k2", "a")])
    assert catalog.forget_streams("fake", unused.ids["fake"], unused.newest) == 1
    assert two.streams.ids.tolist() == [1]
    assert list(catalog.streams("fake")) == [(1, labels_of({"app": "a"}))]
    (three,) = catalog.commit([new("k3", "b", "a")])
    assert sorted(three.streams.ids.tolist()) == [1, 3]  # 2 is never given again
    catalog.close()
    catalog = open_catalog(settings_of(tmp_path))
    assert dict(catalog.streams("fake")) == {1: labels_of({"app": "a"}), 3: labels_of({"app": "b"})}
    catalog.close()


async def test_pushes_that_are_acknowledged_while_their_streams_are_forgotten_are_there(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = open_store(settings)
    ended = Event()

    def keep_forgetting() -> None:
        while not ended.is_set():
            forget(store)

    thread = Thread(target=keep_forgetting)
    thread.start()
    expected = []
    try:
        for number in range(150):
            await store.append(batch([row(f"t{number}", 1, "goes")]))
            back = row(f"t{max(number - 5, 0)}", NEW, f"{number}")  # may be about to be forgotten, or just have been
            await store.append(batch([back]))
            expected.append(back)
    finally:
        ended.set()
        await asyncio.to_thread(thread.join)
    forget(store)
    assert store.metrics.streams_forgotten
    assert stored(store) == sorted(expected, key=repr)
    await store.close()
    store = open_store(settings)
    assert stored(store) == sorted(expected, key=repr)
    await store.close()


async def test_a_check_finds_streams_that_the_catalog_lacks_or_mistakes(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = open_store(settings)
    await store.append(batch([row("a", 1, "x"), row("b", 1, "x")]))
    await store.close()
    for statement in ('UPDATE stream SET labels = \'{"app":"c"}\' WHERE id = 1', "DELETE FROM stream WHERE id = 1"):
        catalog = open_catalog(settings)
        with catalog.database.transaction() as run:
            run(statement)
        catalog.close()
        checked = check_store(settings)
        assert [found.problem for found in checked.findings] == [Problem.STREAMS]
        assert "rebuild-catalog" in checked.findings[0].detail
        assert not checked.is_sound
    lose_catalog(settings)
    rebuild_catalog(settings)
    assert check_store(settings).findings == ()


step: st.SearchStrategy[tuple[str, list[tuple[str, bool]]]] = st.one_of(
    st.tuples(
        st.just("push"), st.lists(st.tuples(st.sampled_from(["a", "t1", "t2", "t3"]), st.booleans()), min_size=1)
    ),
    st.tuples(st.sampled_from(["forget", "sweep", "compact", "reopen"]), st.just([])),
)


@given(steps=st.lists(step, max_size=14))
@hypothesis_settings(max_examples=40, deadline=None)
def test_whatever_happens_every_entry_that_is_kept_has_its_labels(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, list[tuple[str, bool]]]]
) -> None:
    settings = settings_of(tmp_path_factory.mktemp("data"))

    async def check() -> None:
        store = open_store(settings)
        kept = set()
        number = 0
        for act, pushed in steps:
            if act == "push":
                rows = []
                for app, is_over in pushed:
                    number += 1
                    rows.append(row(app, 5 if is_over else NEW, f"{number}"))
                await store.append(batch(rows))
                kept |= {one for one in rows if one.timestamp == NEW or one.labels == labels_of({"app": "a"})}
            elif act == "reopen":
                await store.close()
                store = open_store(settings)
            else:
                {"forget": store.forget_now, "sweep": store.sweep_now, "compact": store.compact_now}[act]()
            assert kept <= set(stored(store))
        forget(store)
        assert set(stored(store)) == kept
        await store.close()

    asyncio.run(check())
    assert check_store(settings).is_sound
