"""What README.md shows in five minutes, run against the demonstration, with the answers it promises."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.ui.demo import demo_server

from .blocks import Block, blocks, run_block

ROOT = Path(__file__).parent.parent.parent
README = ROOT / "README.md"

BLOCKS = blocks(README)
RUN = [block for block in BLOCKS if not block.word]
START = next(block.text.strip() for block in BLOCKS if block.word == "start")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with demo_server(tmp_path_factory.mktemp("readme") / "data") as url:
        yield url


@pytest.mark.parametrize("block", RUN, ids=[f"line {block.line}" for block in RUN])
def test_it_does_what_it_says(block: Block, url: str, tmp_path: Path) -> None:
    assert block.promised
    run_block(block, url, tmp_path)


def test_the_start_is_a_target_of_the_makefile() -> None:
    _, target = START.split()
    assert re.search(rf"^{target}: .*\n\t@exec .*serve --demo", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)


def rows(text: str) -> Mapping[str, list[str]]:
    """Figures of the tables in a page by what they are of."""
    cells = (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| "))
    return {name: figures for name, *figures in cells if re.search("[0-9]", "".join(figures))}


def test_the_figures_are_those_of_the_page_about_them() -> None:
    page = rows((ROOT / "docs" / "performance.md").read_text("utf-8"))
    shown = rows(README.read_text("utf-8"))
    assert shown
    for name, (sigyn, *others) in shown.items():
        assert (page[name][0], page[name][-2:]) == (sigyn, others), name
