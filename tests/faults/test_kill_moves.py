"""A process that is killed while it moves segments between tiers loses none, and leaves none behind for good."""

import asyncio
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from store.entries import batch, row, stored

from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings, rebuild_catalog

DAYS = 30
KILLS = 8
ROWS = [row("a", (20_000 + day) * DAY, f"day {day}") for day in range(DAYS)]

MOVER = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from faults.test_kill_moves import settings_of
from sigyn.store import Store
store = Store.open(settings_of(Path(sys.argv[1])))
print("moves", flush=True)
store.move_now()
print("moved", flush=True)
sys.stdin.read()
"""


def settings_of(folder: Path) -> StoreSettings:
    """A hot and a warm folder; an orphan is one at once."""
    warm = TierSettings(name="warm", after=7 * DAY, objects=ObjectStoreSettings(url=f"file://{folder / 'warm'}"))
    return StoreSettings(data=folder / "data", tiers=(warm,), compaction=False, recent_bytes=0, orphan_grace_seconds=0)


async def fill(folder: Path) -> None:
    """A segment for each day, merged two hours ago."""
    now = system_clock() - 2 * HOUR
    store = Store.open(settings_of(folder), clock=lambda: now)
    await store.append(batch(ROWS))
    store.compact_now()
    await store.close()


def move_and_die(folder: Path, seconds: float) -> None:
    """A process that is killed so long after it began to move."""
    tests = Path(__file__).parent.parent
    code = MOVER.format(path=[str(tests), str(tests.parent)])
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "moves\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate()


def objects(folder: Path) -> int:
    return len(list(folder.rglob("*.parquet")))


def test_no_kill_loses_or_doubles_a_segment(tmp_path: Path) -> None:
    chance = random.Random(3)
    asyncio.run(fill(tmp_path))
    hot, warm = tmp_path / "data" / "objects", tmp_path / "warm"
    assert objects(hot) == DAYS
    for number in range(KILLS):
        move_and_die(tmp_path, chance.random() * 0.03 * (number + 1))  # longer and longer: machines differ
        assert asyncio.run(found(tmp_path)) == sorted(ROWS, key=repr)
    left = objects(hot)
    asyncio.run(moved(tmp_path))
    assert (objects(hot), objects(warm)) == (0, DAYS)
    assert left < DAYS, "no process lived long enough to move anything"
    for file in (tmp_path / "data").glob("catalog*"):
        file.unlink()
    assert rebuild_catalog(settings_of(tmp_path)).segments == DAYS


async def found(folder: Path) -> list[object]:
    """What a reader finds, with nothing lost."""
    store = Store.open(settings_of(folder))
    rows = list(stored(store))
    assert not store.quarantined()
    await store.close()
    return rows


async def moved(folder: Path) -> None:
    """A life that ends well: everything moves, orphans of every tier are swept."""
    store = Store.open(settings_of(folder))
    store.move_now()
    store.sweep_now()
    await store.close()
