"""Machine code of loops is kept where that is possible, and done without where it is not."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sigyn.cli.compiled_code import keep_compiled_code

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
