"""The files and commands of docs/rules.md: rules that load, tests that pass, answers as promised."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from sigyn.ruler.template_functions import TEMPLATE_FUNCTIONS
from tests.ruler.servers import RuledServer, ruled_server

from .blocks import Block, blocks, run_block

PAGE = Path(__file__).parent.parent.parent / "docs" / "rules.md"
BLOCKS = blocks(PAGE)
RUN = [block for block in BLOCKS if block.language == "bash"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader of the page is, with the files that it shows."""
    reader = tmp_path_factory.mktemp("reader")
    (reader / "rules").mkdir()
    for block in BLOCKS:
        if block.word:
            (reader / block.word).write_text(block.text)
    return reader


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[RuledServer]:
    with ruled_server(folder, None) as running:
        yield running


def test_every_block_is_a_file_or_a_command() -> None:
    assert {block.word for block in BLOCKS if block.language == "yaml"} == {"rules/shop.yaml", "rules/shop_test.yaml"}
    (start,) = [block.text for block in BLOCKS if block.language == "sh"]
    assert re.fullmatch(r"(SIGYN_RULER_[A-Z_]+=\S+ )+sigyn serve\n", start)


@pytest.mark.parametrize("block", RUN, ids=[f"line {block.line}" for block in RUN])
def test_it_does_what_it_says(block: Block, server: RuledServer, folder: Path) -> None:
    run_block(block, server.running.url, folder)


def test_the_function_of_ours_is_described() -> None:
    assert "exploreLink" in TEMPLATE_FUNCTIONS
    assert "exploreLink" in PAGE.read_text(encoding="utf-8")
