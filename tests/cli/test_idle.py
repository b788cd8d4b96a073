"""A server that has nothing to do yet."""

from pathlib import Path

import httpx
import pytest

from .server import running_server

DEAR = ("libllvmlite", "_duckdb")
"""Libraries of tens of MB that only work needs: the compiler of loops, and SQL."""


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what a process has loaded")
def test_it_has_loaded_neither_the_compiler_nor_sql(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        assert httpx.get(f"{server.url}/ready").status_code == 200
        maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    assert [name for name in DEAR if name in maps] == []
