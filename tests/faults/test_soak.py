"""A minute of the soak: every line that was acknowledged is found exactly once. Only with SIGYN_LONG=1."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parent.parent.parent / "bench" / "soak.py"


@pytest.mark.skipif(os.environ.get("SIGYN_LONG") != "1", reason="takes a minute and more")
@pytest.mark.timeout(600)
def test_nothing_is_lost_in_a_minute_of_everything(tmp_path: Path) -> None:
    asked = ["--minutes", "1", "--rate", "1000", "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, str(SOAK), *asked], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found exactly once" in done.stdout
