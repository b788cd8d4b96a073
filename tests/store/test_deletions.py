"""What a delete request takes is out of every snapshot at once, out of the objects later, and nothing else is."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Event

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from sigyn.model.delete_modes import DeleteMode
from sigyn.model.errors import NotFound, TooManyRequests, Unavailable
from sigyn.model.time import HOUR
from sigyn.store import ObjectStoreSettings, Store, StoreSettings
from sigyn.store.objects import LocalObjects, open_objects
from sigyn.store.places import objects_of
from sigyn.store.retention import RetentionRules

from .conftest import MakeSettings
from .entries import EARLIEST, LATEST, Row, batch, count_segments, row, stored
from .faulty import Faults, FaultyObjects
from .matching import TextMatcher

pytestmark = pytest.mark.anyio

EVER = (EARLIEST, LATEST)


class Now:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = 1_000 * HOUR

    def __call__(self) -> int:
        return self.time


def opened(settings: StoreSettings, **more: object) -> tuple[Store, TextMatcher]:
    store = Store.open(settings, **more)  # type: ignore[arg-type]
    matcher = TextMatcher(store.streams)
    store.match_deletes(matcher)
    return store, matcher


async def test_deleted_rows_are_hidden_at_once_and_gone_after_a_pass(settings: MakeSettings) -> None:
    configured = settings(compaction=False, delete_cancel_period=0)
    objects = objects_of(configured)
    store, _ = opened(configured, objects=objects)
    rows = [row(app, time, "secret" if time % 2 else "plain") for app in "ab" for time in range(10)]
    await store.append(batch(rows))
    request = store.deletions.add("fake", "a:secret", 0, 5)
    left = sorted(one for one in rows if one.labels != row("a", 0, "").labels or one.timestamp not in (1, 3, 5))
    assert stored(store) == sorted(left, key=repr)
    assert [progress.done for progress in store.delete_requests("fake")] == [0]
    store.forget_now()
    assert stored(store) == sorted(left, key=repr)
    (progress,) = store.delete_requests("fake")
    assert (progress.request.id, progress.done, progress.request.is_processed) == (request.id, 1, True)
    assert (store.metrics.entries_removed, store.gauges().entries) == (3, 17)
    with store.snapshot("fake", *EVER) as snapshot:
        assert not any(snapshot.has_hidden_rows(segment) for segment in snapshot.segments)
    await store.close()
    store, _ = opened(configured, objects=objects)
    assert stored(store) == sorted(left, key=repr)
    await store.close()


async def test_a_segment_without_anything_left_goes(tmp_path: Path) -> None:
    store, _ = opened(StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=0))
    await store.append(batch([row("a", 1, "secret"), row("a", 2, "secret")]))
    store.deletions.add("fake", "a:secret", *EVER)
    store.forget_now()
    assert (stored(store), store.gauges().segments) == ([], 0)
    assert list((tmp_path / "objects").rglob("*.parquet")) == []
    await store.close()


async def test_only_segments_that_may_hold_entries_are_read_and_each_once(tmp_path: Path) -> None:
    store, matcher = opened(StoreSettings(data=tmp_path, compaction=False))
    await store.append(batch([row("a", 10, "secret")]))
    await store.append(batch([row("a", 20, "secret")]))
    await store.append(batch([row("b", 10, "secret")]))
    await store.append(batch([row("a", 10, "secret")], tenant="other"))
    request = store.deletions.add("fake", "a:secret", 0, 15)
    await store.append(batch([row("a", 11, "secret")]))
    for _ in range(3):
        with store.snapshot("fake", *EVER) as snapshot:
            hidden = {segment.id: snapshot.hidden_rows(segment).tolist() for segment in snapshot.segments}
        assert hidden == {1: [0], 2: [], 3: [], 5: []}
    assert matcher.looked_at == [(1, request.id)]
    assert stored(store, "other") == [row("a", 10, "secret")]
    await store.close()


async def test_many_segments_and_requests_are_one_question_and_one_that_is_lost_keeps_no_other_back(
    tmp_path: Path,
) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), 0)
    store, matcher = opened(StoreSettings(data=tmp_path, compaction=False, recent_bytes=0), objects=objects)
    texts = ["secret", "plain", "third", "fourth", "fifth"]
    for time in range(20):
        await store.append(batch([row(app, time, text) for app in "ab" for text in texts[:3]]))
    for text in texts:
        store.deletions.add("fake", f"a:{text}", 0, 9)
    store.deletions.add("fake", "b:secret", 5, 9)
    with store.snapshot("fake", *EVER) as snapshot:
        snapshot.find_deleted(snapshot.segments)
        assert matcher.asked == [10 * 5 + 5]
        taken = {segment.first: snapshot.hidden_rows(segment).tolist() for segment in snapshot.segments}
    assert taken == {time: [0, 1, 2, 3][: 0 if time > 9 else 3 if time < 5 else 4] for time in range(20)}
    with store.snapshot("fake", *EVER) as snapshot:
        snapshot.find_deleted(snapshot.segments)
        assert {segment.first: snapshot.hidden_rows(segment).tolist() for segment in snapshot.segments} == taken
    assert len(matcher.asked) == 1
    await store.close()

    store, matcher = opened(StoreSettings(data=tmp_path, compaction=False, recent_bytes=0))
    with store.snapshot("fake", *EVER) as snapshot:
        (lost,) = (segment for segment in snapshot.segments if segment.first == 7)
        (tmp_path / "objects" / lost.key).unlink()
        snapshot.find_deleted(snapshot.segments)
        taken[7] = list(range(6))  # which of them were deleted nobody can tell
        assert {segment.first: snapshot.hidden_rows(segment).tolist() for segment in snapshot.segments} == taken
        assert snapshot.lost == {lost.key}
    await store.close()


async def test_who_asks_for_what_another_looks_for_waits_and_looks_only_for_the_rest(tmp_path: Path) -> None:
    store, matcher = opened(StoreSettings(data=tmp_path, compaction=False))
    for time in range(6):
        await store.append(batch([row("a", time, "secret")]))
    store.deletions.add("fake", "a:secret", *EVER)
    may_go_on, looks = Event(), Event()

    def wait() -> None:
        looks.set()
        may_go_on.wait()

    def find(start: int, end: int) -> int:
        with store.snapshot("fake", start, end) as snapshot:
            snapshot.find_deleted(snapshot.segments)
            return sum(len(snapshot.hidden_rows(segment)) for segment in snapshot.segments)

    matcher.before_reading = wait
    with ThreadPoolExecutor() as threads:
        some = threads.submit(find, 0, 2)
        await asyncio.to_thread(looks.wait)
        matcher.before_reading = lambda: None
        assert await asyncio.to_thread(find, 3, 4) == 2
        all_of_them = threads.submit(find, 0, 5)
        may_go_on.set()
        assert (some.result(), all_of_them.result()) == (3, 6)
    assert len(matcher.looked_at) == len(set(matcher.looked_at)) == 6
    await store.close()


async def test_requests_that_come_and_go_are_told_apart(tmp_path: Path) -> None:
    store, matcher = opened(StoreSettings(data=tmp_path, compaction=False))
    rows = [row("a", time, text) for time in range(3) for text in ("secret", "plain")]
    await store.append(batch(rows))
    first = store.deletions.add("fake", "a:secret", *EVER)
    assert stored(store) == [one for one in rows if one.line == "plain"]
    second = store.deletions.add("fake", "a:plain", *EVER)
    assert stored(store) == []
    store.deletions.cancel("fake", first.id)
    assert stored(store) == [one for one in rows if one.line == "secret"]
    store.deletions.cancel("fake", second.id)
    assert stored(store) == sorted(rows, key=repr)
    assert matcher.asked == [1, 1]
    await store.close()


@pytest.mark.parametrize("compacted", [False, True])
async def test_what_comes_after_the_request_stays_though_it_is_the_same(tmp_path: Path, compacted: bool) -> None:
    now = Now()
    store, _ = opened(StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=0), clock=now)
    await store.append(batch([row("a", 1, "secret"), row("a", 2, "plain")]))
    if compacted:
        store.compact_now()
    store.deletions.add("fake", "a:secret", *EVER)
    for _ in range(2):  # a copy of a copy is a copy
        await store.append(batch([row("a", 1, "secret"), row("a", 2, "plain")]))
    expected = [row("a", 1, "secret"), row("a", 2, "plain")]
    assert stored(store) == sorted(expected, key=repr)
    store.compact_now()
    assert stored(store) == sorted(expected, key=repr)
    store.forget_now()
    assert stored(store) == sorted(expected, key=repr)
    now.time += 2 * HOUR  # the day is over, so that its segments are merged
    store.compact_now()
    assert stored(store) == sorted(expected, key=repr)
    assert (store.gauges().segments, store.gauges().entries) == (1, 2)
    await store.close()


async def test_until_its_time_is_over_a_request_can_be_taken_back_whatever_was_compacted(tmp_path: Path) -> None:
    now = Now()
    store, _ = opened(StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=HOUR), clock=now)
    rows = [row("a", time, "secret") for time in range(4)]
    await store.append(batch(rows[:1]))
    await store.append(batch(rows[1:2]))
    request = store.deletions.add("fake", "a:secret", *EVER)
    await store.append(batch(rows[2:3]))
    await store.append(batch(rows[3:]))
    store.compact_now()
    assert store.gauges().segments == 2
    now.time += HOUR - 1
    store.forget_now()
    assert stored(store) == rows[2:]
    store.deletions.cancel("fake", request.id)
    assert stored(store) == rows
    with pytest.raises(NotFound, match=request.id):
        store.deletions.cancel("fake", request.id)
    await store.close()


async def test_requests_that_only_filter_remove_nothing(tmp_path: Path) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=0, delete_mode="filter-only")
    store, _ = opened(settings)
    await store.append(batch([row("a", 1, "secret")]))
    store.deletions.add("fake", "a:secret", *EVER)
    store.forget_now()
    assert (stored(store), store.gauges().entries) == ([], 1)
    await store.close()


@pytest.mark.parametrize("common", ["filter-and-delete", "filter-only"])
async def test_a_tenant_may_only_filter_where_others_remove(tmp_path: Path, common: DeleteMode) -> None:
    own: DeleteMode = "filter-only" if common == "filter-and-delete" else "filter-and-delete"
    rules = RetentionRules(own_delete_modes={"fake": own})
    settings = StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=0, delete_mode=common)
    store, _ = opened(settings, retention=rules)
    for tenant in ("fake", "other"):
        await store.append(replace(batch([row("a", 1, "secret")]), tenant=tenant))
        store.deletions.add(tenant, "a:secret", *EVER)
    store.forget_now()
    assert store.gauges().entries == 1
    processed = [progress.request.is_processed for progress in store.delete_requests("fake")]
    assert processed == [common == "filter-only"]
    await store.close()


async def test_requests_rest_while_deletes_are_disabled(tmp_path: Path) -> None:
    """Merges in between must not bring together what a request takes and what it spares."""
    modes: dict[str, DeleteMode] = {}
    settings = StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=0)
    store, _ = opened(settings, retention=RetentionRules(own_delete_modes=modes))
    rows = [row("a", time, "secret") for time in range(4)]
    await store.append(batch(rows[:1]))
    await store.append(batch(rows[1:2]))
    store.deletions.add("fake", "a:secret", *EVER)
    await store.append(batch(rows[2:3]))
    await store.append(batch(rows[3:]))
    assert stored(store) == rows[2:]
    modes["fake"] = "disabled"
    assert stored(store) == rows
    store.forget_now()
    store.compact_now()
    assert stored(store) == rows
    assert [progress.request.is_processed for progress in store.delete_requests("fake")] == [False]
    del modes["fake"]
    assert stored(store) == rows[2:]
    store.forget_now()
    assert [progress.request.is_processed for progress in store.delete_requests("fake")] == [True]
    modes["fake"] = "disabled"
    assert stored(store) == rows[2:]
    await store.close()


async def test_deletes_that_are_disabled_while_they_are_carried_out_stop(tmp_path: Path) -> None:
    modes: dict[str, DeleteMode] = {}
    settings = StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=0)
    store, matcher = opened(settings, retention=RetentionRules(own_delete_modes=modes))
    rows = [row("a", time, "secret") for time in range(2)]
    for each in rows:
        await store.append(batch([each]))
    store.deletions.add("fake", "a:secret", *EVER)
    matcher.before_reading = lambda: modes.update(fake="disabled")
    store.forget_now()
    assert stored(store) == rows
    assert [progress.request.is_processed for progress in store.delete_requests("fake")] == [False]
    await store.close()


async def test_too_many_requests_are_refused(tmp_path: Path) -> None:
    store, _ = opened(StoreSettings(data=tmp_path, compaction=False, delete_max_unprocessed=2))
    await store.append(batch([row("a", 1, "secret")]))
    for _ in range(2):
        store.deletions.add("fake", "a:secret", *EVER)
    with pytest.raises(TooManyRequests, match=r"deletes\.max_unprocessed"):
        store.deletions.add("fake", "a:secret", *EVER)
    store.deletions.add("other", "a:secret", *EVER)
    await store.close()


async def test_a_segment_that_comes_back_from_quarantine_comes_without_what_was_deleted(tmp_path: Path) -> None:
    store, _ = opened(StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=0, recent_bytes=0))
    await store.append(batch([row("a", 1, "secret"), row("a", 2, "plain")]))
    (path,) = (tmp_path / "objects").rglob("*.parquet")
    body = path.read_bytes()
    path.unlink()
    request = store.deletions.add("fake", "a:secret", *EVER)
    store.forget_now()
    assert stored(store) == []
    assert store.delete_requests("fake")[0].done == 1
    path.write_bytes(body)
    store.sweep_now()
    assert stored(store) == [row("a", 2, "plain")]
    assert store.delete_requests("fake")[0].done < 1
    store.forget_now()
    assert stored(store) == [row("a", 2, "plain")]
    assert store.gauges().entries == 1
    assert store.delete_requests("fake")[0].request.id == request.id
    await store.close()


async def test_statistics_of_streams_leave_deleted_rows_out(tmp_path: Path) -> None:
    store, _ = opened(StoreSettings(data=tmp_path, compaction=False))
    await store.append(batch([row("a", 1, "secret"), row("a", 2, "plain"), row("b", 3, "secret")]))
    store.deletions.add("fake", "a:secret", *EVER)
    with store.snapshot("fake", *EVER) as snapshot:
        (segment,) = snapshot.segments
        left = snapshot.streams_left(segment)
    assert left.ids.tolist() == segment.streams.ids.tolist()
    assert (left.rows.tolist(), left.text_bytes.tolist(), left.first.tolist()) == ([1, 1], [5, 6], [2, 3])
    await store.close()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("push"), st.sampled_from("ab"), st.integers(0, 3), st.sampled_from("xyz")),
        st.tuples(st.just("delete"), st.sampled_from(["", "a", "b"]), st.integers(0, 3), st.sampled_from("xyz")),
        st.sampled_from([("compact",), ("forget",)]),
    ),
    max_size=14,
)


@given(steps)
@hypothesis_settings(max_examples=100, deadline=None)
def test_any_order_of_pushes_deletes_and_background_work(actions: list[tuple[str, ...]]) -> None:
    """The store against a set: a push adds, a delete takes what is there, the rest changes nothing."""

    async def check() -> None:
        objects = open_objects(ObjectStoreSettings(url="memory://"))
        settings = StoreSettings(data=None, compaction=False, delete_cancel_period=0)
        now = Now()
        store, _ = opened(settings, objects=objects, clock=now)
        expected: set[Row] = set()
        for action in actions:
            match action:
                case ("push", app, time, line):
                    expected.add(row(app, int(time), line))
                    await store.append(batch([row(app, int(time), line)]))
                case ("delete", app, until, text):
                    store.deletions.add("fake", f"{app}:{text}", 0, int(until))
                    taken = [row(one, time, text) for one in (app or "ab") for time in range(int(until) + 1)]
                    expected.difference_update(taken)
                case ("compact",):
                    store.compact_now()
                case ("forget",):
                    store.forget_now()
            assert stored(store) == sorted(expected, key=repr)
        store.forget_now()
        store.compact_now()
        now.time += 2 * HOUR  # the day is over, so that its segments are merged
        store.compact_now()
        assert stored(store) == sorted(expected, key=repr)
        assert store.gauges().entries == len(expected)
        assert count_segments(objects) == store.gauges().segments
        await store.close()

    asyncio.run(check())


@pytest.mark.parametrize("seed", range(4))
async def test_under_random_faults_nothing_is_lost_doubled_or_left(tmp_path: Path, seed: int) -> None:
    objects = FaultyObjects(LocalObjects(tmp_path / "objects"), Faults(), seed)
    settings = StoreSettings(
        data=tmp_path, compaction=False, delete_cancel_period=0, orphan_grace_seconds=-60, recent_bytes=0
    )
    store, _ = opened(settings, objects=objects)
    rows = [row("ab"[time % 2], time, "secret" if time % 3 == 0 else "plain") for time in range(60)]
    for begin in range(0, 60, 6):
        await store.append(batch(rows[begin : begin + 6]))
    store.deletions.add("fake", "a:secret", 0, 40)
    left = [one for one in rows if not (one.line == "secret" and one.timestamp <= 40 and one.timestamp % 2 == 0)]
    failures = 0
    objects.faults = Faults(refuse=0.15, lose_answer=0.15, tear=0.15)
    for _ in range(200):
        try:
            store.forget_now()
            store.compact_now()
            break
        except Unavailable:
            failures += 1
    objects.faults = Faults()
    assert failures
    assert stored(store) == sorted(left, key=repr)
    store.forget_now()
    store.sweep_now()
    assert stored(store) == sorted(left, key=repr)
    assert store.gauges().entries == len(left)
    assert count_segments(objects) == store.gauges().segments
    await store.close()
