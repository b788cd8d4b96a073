"""A server with a budget of 256 MiB stays within it, whatever is pushed and asked.

Where control groups can be made, the script starts the server in one, and more memory would end it. Elsewhere, as in
most containers, what the server holds is measured; the script says which it was.
"""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "bench" / "small_memory.py"


def test_pushes_and_queries_in_256_mebibytes() -> None:
    command = [sys.executable, str(SCRIPT), "--lines", "60000"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=540, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    peaks = [int(found) for found in re.findall(r"at most (\d+) MB in no file", result.stdout)]
    assert len(peaks) == 5
    assert max(peaks) < 256
    assert result.stdout.count("14 answers, all right") == 2
    statuses = re.search(r"statuses \{(.*)\}", result.stdout)
    assert statuses, result.stdout
    # A client that still sends when it is refused may find its connection broken: 0.
    assert set(re.findall(r"(\d+):", statuses[1])) <= {"413", "0"}
