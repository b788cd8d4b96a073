"""Machine code of loops is kept where that is possible, and done without where it is not."""

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sigyn.api.warm_up import BUSY_ENTRIES
from sigyn.cli.compiled_code import keep_compiled_code
from sigyn.model.time import system_clock
from sigyn.store import StoreSettings, check_store
from tests.cli.server import running_server

NOWHERE = Path("/dev/null/folder")


def test_it_is_kept_in_the_data_folder_where_nothing_else_takes_files(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    keep_compiled_code(tmp_path, usual=[NOWHERE], environment=environment)
    assert environment == {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}


def test_usual_places_come_first(tmp_path: Path) -> None:
    environment: dict[str, str] = {}
    keep_compiled_code(tmp_path, usual=[NOWHERE, tmp_path / "cache"], environment=environment)
    assert environment == {}


def test_a_place_that_somebody_named_stays(tmp_path: Path) -> None:
    environment = {"NUMBA_CACHE_DIR": "/elsewhere"}
    keep_compiled_code(tmp_path, usual=[NOWHERE], environment=environment)
    assert environment == {"NUMBA_CACHE_DIR": "/elsewhere"}


@pytest.mark.parametrize(
    "module", ["engine.kernels.json", "store.pages.whole_columns", "store.shapes.skim_loops", "wire.protobuf_loops"]
)
def test_loops_can_do_without_a_place(module: str) -> None:
    """Of numba's ways to find one, the only one allowed here knows notebooks alone."""
    environment = os.environ | {"NUMBA_CACHE_LOCATOR_CLASSES": "IPythonCacheLocator"}
    done = subprocess.run(
        [sys.executable, "-c", f"import sigyn.{module}"], env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_server_that_is_stopped_while_it_compiles_ends_without_waiting_for_it(tmp_path: Path) -> None:
    variables = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "compiled")}
    lines = [[str(system_clock() + number), f"line {number}"] for number in range(BUSY_ENTRIES)]
    body = {"streams": [{"stream": {"a": "b"}, "values": lines}]}
    with running_server(tmp_path / "data", variables=variables) as running:
        assert httpx.post(f"{running.url}/loki/api/v1/push", json=body).status_code == 204  # it begins to compile
        assert running.stop() == 0
    told = (tmp_path / "data.stderr").read_text()
    assert told.splitlines()[-1].endswith("event=stopped"), told
    assert check_store(StoreSettings(data=tmp_path / "data")).rows == BUSY_ENTRIES
