"""What `sigyn store plan` says is there afterwards is what is there now, merged."""

from pathlib import Path

import pytest

from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import Store, StoreSettings, plan_store

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
