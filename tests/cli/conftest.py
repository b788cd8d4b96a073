from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.commands import Sigyn
from tests.cli.server import RunningServer, running_server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server for all tests; each uses labels of its own."""
    with running_server(tmp_path_factory.mktemp("server") / "data") as running:
        yield running


@pytest.fixture
def app_log(tmp_path: Path) -> Path:
    """A small log file in logfmt, with a stack trace in it."""
    path = tmp_path / "app.log"
    path.write_text(
        '2026-01-15T10:00:00Z level=info msg="hello" ms=12\n'
        '2026-01-15T10:00:01Z level=error msg="boom" ms=120\n'
        "  at shop.py:12\n"
        '2026-01-15T10:01:01Z level=error msg="boom again" ms=80\n'
    )
    return path


@pytest.fixture
def sigyn(capfd: pytest.CaptureFixture[str]) -> Sigyn:
    """Commands that need no server."""
    return Sigyn(capfd)


@pytest.fixture
def asked(capfd: pytest.CaptureFixture[str], server: RunningServer) -> Sigyn:
    """Commands that talk to the server."""
    return Sigyn(capfd, server.url)
