"""What docs/storage.md lets people type works."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from sigyn.config.environment import with_environment
from sigyn.config.settings import Settings
from sigyn.store import Store, StoreSettings
from tests.cli.commands import Sigyn
from tests.store.entries import batch, row

from .test_pages import blocks, page

LINES = [line for block in blocks(page("storage.md"), "bash") for line in block.splitlines()]


@pytest.mark.parametrize("line", [line for line in LINES if not line.startswith("sigyn")])
def test_every_variable_is_a_setting_with_a_value_that_is_taken(line: str) -> None:
    (word,) = shlex.split(line)
    name, _, value = word.partition("=")
    assert with_environment(Settings(), {name: value}) != Settings()


def test_every_command_succeeds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    async def fill() -> None:
        store = Store.open(StoreSettings(data=tmp_path / "sigyn-data"))
        await store.append(batch([row("a", 1, "line")]))
        await store.close()

    asyncio.run(fill())
    commands = [line for line in LINES if line.startswith("sigyn")]
    assert len(commands) >= 4
    sigyn = Sigyn(capsys)
    for command in commands:
        assert sigyn(*shlex.split(command)[1:]).code == 0, command


def test_every_counter_of_the_cache_is_described() -> None:
    from sigyn.store import StoreMetrics

    counters = {name for name in StoreMetrics.__slots__ if name.startswith("cache_")}
    assert counters == set(re.findall(r"`sigyn_store_(cache_\w+)_total`", page("storage.md")))
