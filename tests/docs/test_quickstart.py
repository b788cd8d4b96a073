"""Every command of docs/quickstart.md, run in its order against a real server, with the answers it promises."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cli.server import SIGYN, RunningServer, running_server

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "quickstart.md"
LANGUAGES = {"bash", "logql", "python", "text"}
ADDRESS = "http://localhost:3100"


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the page with the line that it begins in, and what the page says it prints."""

    line: int
    language: str
    word: str
    text: str
    promised: str | None = None


def blocks() -> list[Block]:
    """The blocks that are run, each with the `text` block behind it."""
    text = PAGE.read_text(encoding="utf-8")
    found: list[Block] = []
    for match in re.finditer(r"^```(\w+) ?(\w*)\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        language, word, body = match.groups()
        assert language in LANGUAGES, f"a block of {language}, which no test runs"
        line = text.count("\n", 0, match.start()) + 1
        if language == "text":
            last = found.pop()
            found.append(Block(last.line, last.language, last.word, last.text, body))
        else:
            found.append(Block(line, language, word, body))
    return found


RUN = [block for block in blocks() if not block.word]
SPECIAL = {block.word: block.text.strip() for block in blocks() if block.word}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("quickstart") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the reader of the page is."""
    return tmp_path_factory.mktemp("reader")


@pytest.mark.parametrize("block", RUN, ids=[f"line {block.line}" for block in RUN])
def test_it_does_what_it_says(block: Block, server: RunningServer, folder: Path) -> None:
    command = {
        "bash": ["bash", "-euo", "pipefail", "-c", block.text.replace(ADDRESS, server.url)],
        "python": [sys.executable, "-c", block.text.replace(ADDRESS, server.url)],
        "logql": [SIGYN, "query", block.text],
    }[block.language]
    path = f"{Path(SIGYN).parent}:{os.environ['PATH']}"
    run = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path, "SIGYN_ADDR": server.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    if block.promised is not None:
        assert_prints(run.stdout, block.promised)
    if block.language == "logql":
        assert run.stdout, "nothing was found"


def assert_prints(printed: str, promised: str) -> None:
    """`printed` has the promised lines in their order; `…` stands for anything."""
    lines = iter(printed.splitlines())
    for line in promised.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert any(re.fullmatch(pattern, each) for each in lines), f"no line `{line}` in\n{printed}"


def test_the_start_is_a_target_of_the_makefile() -> None:
    assert SPECIAL == {"start": "make run", "path": "export PATH=$PWD/.venv/bin:$PATH"}
    assert "\nrun: " in (ROOT / "Makefile").read_text(encoding="utf-8")
