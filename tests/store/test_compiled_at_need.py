"""Reading does without compiled loops where they are not worth loading, or about to be compiled."""

import subprocess
import sys
from pathlib import Path

import pytest

from sigyn.store import Store, StoreSettings

from .entries import batch, row

pytestmark = pytest.mark.anyio

_READ = """
import asyncio, sys
from contextlib import nullcontext
from pathlib import Path
from sigyn.compiled.at_need import compiling_ahead
from sigyn.store import Store, StoreSettings

store = Store.open(StoreSettings(data=Path(sys.argv[1]), compaction=False))
if sys.argv[2] == "ahead":
    import numba
with compiling_ahead() if sys.argv[2] == "ahead" else nullcontext():
    with store.snapshot("fake", 0, 100) as snapshot:
        (segment,) = snapshot.segments
        print(segment.level, *snapshot.read(segment, ["line"])["line"].to_pylist())
        print("numba" in sys.modules, "sigyn.store.pages.whole_columns" in sys.modules)
asyncio.run(store.close())
"""


@pytest.mark.parametrize(
    ("when", "loaded"), [("few", "False False"), ("ahead", "True False")], ids=["few rows", "while they are compiled"]
)
async def test_reading_does_without_loops(tmp_path: Path, when: str, loaded: str) -> None:
    store = Store.open(StoreSettings(data=tmp_path, compaction=False))
    await store.append(batch(row("a", time, f"line-{time}") for time in range(10)))
    store.compact_now()
    await store.close()
    done = subprocess.run(
        [sys.executable, "-c", _READ, str(tmp_path), when], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["1 " + " ".join(f"line-{time}" for time in range(10)), loaded]
