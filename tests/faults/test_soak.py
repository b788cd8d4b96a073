"""Some seconds of the soak, or with SIGYN_LONG=1 minutes: every line that was acknowledged is found exactly once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parent.parent.parent / "bench" / "soak.py"
_MINUTES = "2" if os.environ.get("SIGYN_LONG") else "0.4"


@pytest.mark.timeout(600)
def test_nothing_is_lost_while_everything_happens(tmp_path: Path) -> None:
    asked = ["--minutes", _MINUTES, "--rate", "500", "--folder", str(tmp_path)]
    done = subprocess.run([sys.executable, str(SOAK), *asked], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "found exactly once" in done.stdout
