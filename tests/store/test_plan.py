"""What `sigyn store plan` says is there afterwards is what is there now, merged."""

from dataclasses import replace
from pathlib import Path

import pytest

from sigyn.engine.deleted_entries import streams_concerned
from sigyn.model.delete_modes import DeleteMode
from sigyn.model.errors import BadRequest
from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings, plan_store
from sigyn.store.retention import KEEP_ALL, RetentionRules

from .entries import batch, row

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("earliest", [-40_000 * DAY, 0, 20_000 * DAY - 1, 20_000 * DAY - HOUR])
async def test_a_merge_loses_nothing_in_a_plan_whatever_days_it_spans(tmp_path: Path, earliest: int) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(settings)
    for number in range(9):
        await store.append(batch([row("a", earliest + number, "x"), row("a", 20_000 * DAY + number, "four")]))
    await store.close()
    planned = plan_store(settings, {"hot": 1_000_000.0}, system_clock() + HOUR)
    (now,), (then,) = planned.now, planned.then
    assert (then.rows, then.text_bytes, then.object_bytes, then.month) == (
        now.rows, now.text_bytes, now.object_bytes, now.month,
    )  # fmt: skip
    assert (now.rows, now.segments, then.segments) == (18, 9, 2)


@pytest.mark.parametrize(
    ("query", "first", "segments", "rows", "is_exact"),
    [
        ('{app="a"}', 0, 2, 3, True),
        ('{app="a"}', 2, 2, 3, False),  # one of its streams begins before
        ('{app="a"}', 10, 1, 1, True),
        ('{app=~"a|b"} |= "x"', 0, 2, 5, False),
        ('{app="c"}', 0, 0, 0, True),
    ],
)
async def test_a_plan_tells_what_delete_requests_would_take(
    tmp_path: Path, query: str, first: int, segments: int, rows: int, is_exact: bool
) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False, delete_cancel_period=HOUR)
    store = Store.open(settings, clock=lambda: 7 * DAY)
    await store.append(batch([row("a", 1, "x" * 100), row("a", 2, "x" * 100), row("b", 3, "x" * 100)]))
    await store.append(batch([row("b", 11, "x"), row("a", 12, "y")]))
    store.deletions.add("fake", query, first, 1000)
    await store.append(batch([row("a", 13, "came later")]))
    with store.snapshot("fake", 0, 1000) as snapshot:
        stored = {segment.id: segment.object_bytes for segment in snapshot.segments}
    (found,) = plan_store(settings, {"hot": float(1 << 30)}, 7 * DAY, KEEP_ALL, streams_concerned).deletes
    assert (found.query, found.due) == (query, 7 * DAY + HOUR)
    assert (found.segments, found.rows, found.is_exact) == (segments, rows, is_exact)
    assert found.rewritten_bytes == {0: 0, 1: stored[2], 2: stored[1] + stored[2]}[segments]
    assert found.object_bytes <= found.rewritten_bytes
    assert found.month == found.object_bytes
    modes: tuple[DeleteMode, ...] = ("filter-only", "disabled")
    for mode in modes:
        never = RetentionRules(own_delete_modes={"fake": mode})
        (found,) = plan_store(settings, {}, 7 * DAY, never, streams_concerned).deletes
        assert (found.mode, found.due) == (mode, None)
        assert (found.month is None) == (segments > 0)
    await store.close()


async def test_no_plan_is_made_for_tiers_with_which_no_store_opens(tmp_path: Path) -> None:
    settings = StoreSettings(data=tmp_path, compaction=False)
    await Store.open(settings).close()
    inside = TierSettings(name="warm", after=DAY, objects=ObjectStoreSettings(url=f"file://{tmp_path}/objects/warm"))
    tiered = replace(settings, tiers=(inside,))
    with pytest.raises(BadRequest, match="give each a bucket or a prefix of its own"):
        Store.open(tiered)
    with pytest.raises(BadRequest, match="give each a bucket or a prefix of its own"):
        plan_store(tiered, {}, system_clock())
