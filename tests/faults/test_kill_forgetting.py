"""A process that is killed while it deletes loses nothing that was to stay, and shows nothing that was to go.

8 kills; SIGYN_LONG=1 makes it 100, of longer lives.
"""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from store.entries import EARLIEST, LATEST, Row, rows_of

from sigyn.model.labels import Labels
from sigyn.store import check_store
from sigyn.store.open_catalog import open_catalog

from .forgets import open_store, settings_of
from .notes import drop_unfinished

LONG = os.environ.get("SIGYN_LONG") == "1"
KILLS = 100 if LONG else 6
MOST_NOTED = 30_000 if LONG else 12_000  # bytes of a life: in one of 7,000 there are eight requests
TESTS = Path(__file__).parent.parent


def live_and_die(data: Path, catalog: str, log: Path, seed: int, chance: random.Random) -> None:
    """One life: works until so much is noted, and is killed a moment later."""
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
    script = str(Path(__file__).with_name("forgets.py"))
    command = [sys.executable, script, str(data), str(log), str(seed), catalog]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    enough = (log.stat().st_size if log.exists() else 0) + chance.randrange(2_000, MOST_NOTED)
    deadline = time.monotonic() + 60
    while (not log.exists() or log.stat().st_size < enough) and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.002)
    time.sleep(chance.random() * 0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    drop_unfinished(log)


class Expectation:
    """What the log says about each line: it must be there, must not be, or may be."""

    def __init__(self, log: Path) -> None:
        self.present: set[str] = set()
        asked: set[str] = set()
        self.absent: set[str] = set()
        for text in log.read_text().splitlines():
            word, _, rest = text.partition(" ")
            if word == "ack":
                self.present.add(rest)
                self.absent.discard(rest)
            elif word == "again":
                self.absent.discard(rest)
            else:
                taken = {line for line in self.present if line.startswith(f"g{rest}/x")}
                self.present -= taken
                asked = taken if word == "want" else asked
                self.absent |= asked if word == "del" else set()


def found(data: Path, catalog: str) -> "tuple[Counter[Row], list[str], int, int]":
    """What a reader finds; after all that is due was done, lines in objects; numbers of objects and of segments."""

    async def read() -> "tuple[Counter[Row], list[str], int, int]":
        store = open_store(data, catalog, compaction=False)
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            rows = Counter(rows_of(store, snapshot))
            assert not snapshot.lost
        store.compact_now()
        store.forget_now()
        for _ in range(2):
            store.sweep_now()
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            after = Counter(rows_of(store, snapshot))
        assert rows.keys() - after.keys() == {row for row in rows if is_over(row.line)}
        objects = list((data / "objects").rglob("*.parquet"))
        lines = [line for path in objects for line in pq.read_table(path)["line"].to_pylist()]
        segments = store.gauges().segments
        await store.close()
        checked = check_store(settings_of(data, catalog, compaction=False))
        assert checked.is_sound, checked.findings
        known = streams_of(data, catalog)
        assert known == {row.labels for row in after}
        return rows, lines, len(objects), segments

    return asyncio.run(read())


def streams_of(data: Path, catalog: str) -> set[Labels]:
    """The streams that the catalog has."""
    opened = open_catalog(settings_of(data, catalog, compaction=False))
    try:
        return {labels for _, labels in opened.streams("fake")}
    finally:
        opened.close()


def is_over(line: str) -> bool:
    """Whether the line is of the first day of an app that is kept for a day."""
    return "/d0/" in line or "/e0/" in line


@pytest.mark.timeout(1800 if LONG else 300)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_after_any_kill_what_was_to_stay_is_there_once_and_what_was_to_go_is_gone(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    data, log = tmp_path / "data", tmp_path / "log"
    catalog = ""
    if kind == "postgresql":
        server = request.getfixturevalue("postgres")
        catalog = server.url(server.new_schema())
    removed = 0
    for kill in range(KILLS):
        live_and_die(data, catalog, log, kill, chance)
        expected = Expectation(log)
        rows, stored, objects, segments = found(data, catalog)
        lines = {row.line for row in rows}
        assert max(rows.values(), default=0) <= 1, f"seed {seed}, kill {kill}: entries are found twice"
        assert not expected.absent & lines, f"seed {seed}, kill {kill}: deleted entries are found"
        assert not expected.absent & set(stored), f"seed {seed}, kill {kill}: deleted entries are in objects"
        missing = {line for line in expected.present - lines if not is_over(line)}
        assert not missing, f"seed {seed}, kill {kill}: {len(missing)} acknowledged entries are lost"
        assert not any(map(is_over, stored)), f"seed {seed}, kill {kill}: entries past their period are in objects"
        assert objects == segments, f"seed {seed}, kill {kill}: {objects} objects for {segments} segments"
        removed += len(expected.absent)
    assert removed, "no life was long enough to delete anything"
