"""A process that is killed at any instant loses nothing that it acknowledged, and shows nothing twice.

14 kills; SIGYN_LONG=1 makes it 250.
"""

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from store.entries import EARLIEST, LATEST, rows_of

from sigyn.store import Store, StoreSettings

from .notes import drop_unfinished

LONG = os.environ.get("SIGYN_LONG") == "1"
KILLS = 250 if LONG else 14
TESTS = Path(__file__).parent.parent


@pytest.fixture
def lives() -> Iterator["subprocess.Popen[str]"]:
    """A process that makes processes to kill."""
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent}"}
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("pushes.py"))],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
    )  # fmt: skip
    yield process
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


def live_and_die(
    lives: "subprocess.Popen[str]", data: Path, catalog: str, log: Path, seed: int, chance: random.Random
) -> None:
    """One life: pushes until so much is acknowledged (perhaps nothing), is killed a moment later, and is gone."""
    assert lives.stdin is not None
    assert lives.stdout is not None
    enough = size_of(log) + (chance.randrange(30_000) if chance.random() < 0.8 else 0)
    life = {"data": str(data), "catalog": catalog, "seed": seed, "log": str(log)}
    lives.stdin.write(json.dumps(life) + "\n")
    lives.stdin.flush()
    process = int(lives.stdout.readline())
    deadline = time.monotonic() + 30
    while size_of(log) < enough and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(chance.random() * 0.03)
    os.kill(process, signal.SIGKILL)
    assert lives.stdout.readline() == "gone\n"
    drop_unfinished(log)


def size_of(file: Path) -> int:
    """Its length; 0 when it is not there."""
    return file.stat().st_size if file.exists() else 0


def lines_found(data: Path, catalog: str) -> "Counter[str]":
    """How often a reader finds each line after opening again."""

    async def read() -> "Counter[str]":
        store = Store.open(StoreSettings(data=data, catalog=catalog, compaction=False))
        with store.snapshot("fake", EARLIEST, LATEST) as snapshot:
            found = Counter(row.line for row in rows_of(store, snapshot))
            assert not snapshot.lost
            # Nothing was sent twice: a copy anywhere, even one that readers leave out, would be ours.
            assert sum(segment.rows for segment in snapshot.segments) == len(found)
        await store.close()
        return found

    return asyncio.run(read())


@pytest.mark.timeout(1800 if LONG else 300)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_was_acknowledged_is_found_exactly_once_after_any_kill(
    tmp_path: Path, lives: "subprocess.Popen[str]", kind: str, request: pytest.FixtureRequest
) -> None:
    seed = random.randrange(10**9)
    chance = random.Random(seed)
    data, log, catalog = tmp_path / "data", tmp_path / "log", ""
    for kill in range(KILLS):
        if kill % 50 == 0:  # a new folder, so that checking stays quick
            data, log = tmp_path / f"data{kill}", tmp_path / f"log{kill}"
            if kind == "postgresql":
                server = request.getfixturevalue("postgres")
                catalog = server.url(server.new_schema())
        live_and_die(lives, data, catalog, log, kill, chance)
        acknowledged = set(log.read_text().splitlines()) if log.exists() else set()
        found = lines_found(data, catalog)
        missing = acknowledged - found.keys()
        twice = [line for line, times in found.items() if times > 1]
        assert not missing, f"seed {seed}, kill {kill}: {len(missing)} acknowledged entries are lost"
        assert not twice, f"seed {seed}, kill {kill}: {len(twice)} entries are found twice"
    assert acknowledged, "no life was long enough to push anything"
