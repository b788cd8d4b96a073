"""Commands as a person runs them, in this process."""

from dataclasses import dataclass
from typing import Any

import pytest

from sigyn.cli.app import run


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command wrote, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


class Sigyn:
    """Runs `sigyn`; `--addr` is given where a command talks to a server."""

    def __init__(self, capture: "pytest.CaptureFixture[Any]", addr: str = "") -> None:
        self._capture = capture
        self.addr = addr

    def __call__(self, *arguments: str) -> Outcome:
        self._capture.readouterr()
        code = run([*arguments, *(["--addr", self.addr] if self.addr else [])])
        written = self._capture.readouterr()
        return Outcome(code, written.out, written.err)
