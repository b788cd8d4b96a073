"""Pushes, delete requests and retention in one process, each step written down. Run as a process, to be killed.

`forgets.py <data> <log> <seed> <catalog>` works until it is killed. Lines of the log: `ack LINE` when a push was
acknowledged, `want GENERATION` before a request to delete the lines of a generation with an x, `del GENERATION`
when it was acknowledged, `again LINE` before a line is pushed once more.
"""

import asyncio
import itertools
import os
import random
import sys
from pathlib import Path

import numpy as np
import structlog
from store.entries import Row, batch, row
from store.matching import TextMatcher

from sigyn.model.time import DAY
from sigyn.store import Store, StoreSettings
from sigyn.store.retention import LabelsOf, RetentionRules
from sigyn.store.streams import Int64s

NOW = 47_482 * DAY  # 2100: every object is older, so that orphans are swept


def periods(_tenant: str, ids: Int64s, labels_of: LabelsOf, _demoted: frozenset[str]) -> Int64s:
    """`d`, and all apps of one generation, are kept for a day: what they say on the first day is over."""
    return np.array([DAY if dict(labels_of(id))["app"][0] in "de" else 0 for id in ids.tolist()], np.int64)


def settings_of(data: Path, catalog: str, *, compaction: bool) -> StoreSettings:
    """Of a store on which everything happens quickly."""
    return StoreSettings(
        data=data,
        catalog=catalog,
        compaction=compaction,
        compaction_age_seconds=0.0,
        compaction_segments=3,
        orphan_grace_seconds=-60,
        delete_cancel_period=0,
        stream_grace_seconds=0.0,
    )


def open_store(data: Path, catalog: str, *, compaction: bool) -> Store:
    """The store, of which apps are kept for a day or for ever."""
    settings = settings_of(data, catalog, compaction=compaction)
    store = Store.open(settings, clock=lambda: NOW, retention=RetentionRules(periods=periods))
    store.match_deletes(TextMatcher(store.streams))
    return store


def rows_of_push(seed: int, generation: int, push: int, chance: random.Random) -> list[Row]:
    """A few entries over two days; their lines are unique, and say what becomes of them."""
    rows = []
    for number in range(chance.randrange(1, 12)):
        app, day, mark = chance.choice("abcd"), chance.randrange(2), chance.choice("xy")
        line = f"g{seed}.{generation}/{mark}/{app}{day}/{push}/{number}"
        rows.append(row(app, NOW + (day - 2) * DAY + chance.randrange(DAY), line))
    rows.append(row(f"e{seed}.{generation}", NOW - 2 * DAY, f"g{seed}.{generation}/y/e0/{push}"))
    if generation > 1:  # its stream may be forgotten by now, or about to be
        rows.append(row(f"e{seed}.{generation - 2}", NOW - 1, f"g{seed}.{generation}/y/e1/{push}"))
    return rows


async def work_until_killed(data: Path, catalog: str, log: int, seed: int) -> None:
    """Generation after generation: pushed, deleted in part while the next is pushed, and some of it pushed again."""
    store = open_store(data, catalog, compaction=True)
    chance = random.Random(seed)

    def note(*texts: str) -> None:
        os.write(log, "".join(f"{text}\n" for text in texts).encode())

    async def push(rows: list[Row]) -> None:
        await store.append(batch(rows))
        note(*(f"ack {one.line}" for one in rows))

    async def forget(generation: int, rows: list[Row]) -> None:
        note(f"want {seed}.{generation}")
        await asyncio.to_thread(store.deletions.add, "fake", f":g{seed}.{generation}/x", 0, NOW)
        note(f"del {seed}.{generation}")
        some = rows[:2]
        note(*(f"again {one.line}" for one in some))
        await push(some)

    async def forget_streams() -> None:
        while True:
            await asyncio.to_thread(store.forget_now)
            await asyncio.to_thread(store.sweep_now)

    forgetting = asyncio.create_task(forget_streams())
    before: list[Row] = []
    for generation in itertools.count():
        pushes = [rows_of_push(seed, generation, number, chance) for number in range(6)]
        work = [push(rows) for rows in pushes]
        if before:
            work.append(forget(generation - 1, before))
        await asyncio.gather(*work)
        before = [one for rows in pushes for one in rows]
        if forgetting.done():
            forgetting.result()


if __name__ == "__main__":
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    descriptor = os.open(sys.argv[2], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    asyncio.run(work_until_killed(Path(sys.argv[1]), sys.argv[4], descriptor, int(sys.argv[3])))
