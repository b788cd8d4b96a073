"""Every command of docs/quickstart.md, run in its order against a real server, with the answers it promises."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.server import RunningServer, running_server

from .blocks import Block, blocks, run_block

ROOT = Path(__file__).parent.parent.parent
LANGUAGES = {"bash", "logql", "python"}

BLOCKS = blocks(ROOT / "docs" / "quickstart.md")
RUN = [block for block in BLOCKS if not block.word]
SPECIAL = {block.word: block.text.strip() for block in BLOCKS if block.word}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("quickstart") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader of the page is."""
    return tmp_path_factory.mktemp("reader")


def test_every_block_is_one_that_can_be_run() -> None:
    assert {block.language for block in BLOCKS} <= LANGUAGES


@pytest.mark.parametrize("block", RUN, ids=[f"line {block.line}" for block in RUN])
def test_it_does_what_it_says(block: Block, server: RunningServer, folder: Path) -> None:
    printed = run_block(block, server.url, folder)
    if block.language == "logql":
        assert printed, "nothing was found"


def test_the_start_is_a_target_of_the_makefile() -> None:
    assert SPECIAL == {"start": "make run", "path": "export PATH=$PWD/.venv/bin:$PATH"}
    assert "\nrun: " in (ROOT / "Makefile").read_text(encoding="utf-8")
