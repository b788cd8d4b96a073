"""The script of bench/ that docs/performance.md names does what it says."""

import re
import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "bench" / "agent_throughput.py"


def test_figures_of_made_and_of_given_lines(tmp_path: Path) -> None:
    lines = tmp_path / "lines.txt"
    lines.write_text('{"level":"info"}\n' * 300)
    for arguments in (["--lines", "500"], ["--lines-from", str(lines), "--folder", str(tmp_path)]):
        command = [sys.executable, str(SCRIPT), "--runs", "1", *arguments]
        result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert result.returncode == 0, result.stderr
        count = 500 if "--lines" in arguments else 300
        assert re.fullmatch(rf"{count} lines, [\d.]+ s of CPU, .* lines per CPU second, .*; \d+ MB\n", result.stdout)
