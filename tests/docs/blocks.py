"""Blocks of a page that a reader would run, with what the page says they print."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from tests.cli.server import SIGYN

ADDRESS = "http://localhost:3100"

_BLOCK = re.compile(r"^```(\w+) ?([\w./-]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A block of the page with the line that it begins in, and what the page says it prints."""

    line: int
    language: str
    word: str
    text: str
    promised: str | None = None


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, each with the `text` block behind it."""
    found: list[Block] = []
    text = page.read_text(encoding="utf-8")
    for match in _BLOCK.finditer(text):
        language, word, body = match.groups()
        if language == "text":
            found[-1] = replace(found[-1], promised=body)
        else:
            found.append(Block(text.count("\n", 0, match.start()) + 1, language, word, body))
    return found


def run_block(block: Block, url: str, folder: Path) -> str:
    """What a block prints for a reader in `folder` whose server is at `url`; it must succeed and keep its promise."""
    command = {
        "bash": ["bash", "-euo", "pipefail", "-c", block.text.replace(ADDRESS, url)],
        "python": [sys.executable, "-c", block.text.replace(ADDRESS, url)],
        "logql": [SIGYN, "query", block.text],
    }[block.language]
    path = f"{Path(SIGYN).parent}:{os.environ['PATH']}"
    run = subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": path, "SIGYN_ADDR": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    if block.promised is not None:
        assert_prints(run.stdout, block.promised)
    return run.stdout


def assert_prints(printed: str, promised: str) -> None:
    """`printed` has the promised lines in their order; `…` stands for anything."""
    lines: Iterator[str] = iter(printed.splitlines())
    for line in promised.splitlines():
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        assert any(re.fullmatch(pattern, each) for each in lines), f"no line `{line}` in\n{printed}"
