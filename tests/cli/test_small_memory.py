"""A server with a budget of 256 MiB stays within it, whatever is pushed and asked.

Where control groups can be made, the script starts the server in one, and more memory would end it. Elsewhere, as in
most containers, what the server holds is measured; the script says which it was.
"""

import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from os import environ
from pathlib import Path

import httpx

from tests.cli.server import running_server

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


def test_queries_of_long_lines_stay_within_the_budget(tmp_path: Path) -> None:
    lines, length, clients, most = 800, 100_000, 8, 512 << 20
    with running_server(tmp_path / "data", variables={**environ, "SIGYN_SERVER_MEMORY_BYTES": str(most)}) as server:
        now = time.time_ns()
        for begin in range(0, lines, 20):
            values = [[str(now + number), f"{number} " + "x" * length] for number in range(begin, begin + 20)]
            body = {"streams": [{"stream": {"app": "shop"}, "values": values}]}
            assert httpx.post(f"{server.url}/loki/api/v1/push", json=body, timeout=60).status_code == 204

        def ask(client: int) -> int:
            # Not the same query, which would be answered once for all.
            asked = {"query": '{app="shop"}', "limit": "1000", "start": str(now - 1 - client)}
            return httpx.get(f"{server.url}/loki/api/v1/query_range", params=asked, timeout=120).status_code

        with ThreadPoolExecutor(clients) as threads:
            asking = [threads.submit(ask, client) for client in range(clients)]
            peak = 0
            while not all(each.done() for each in asking):
                status = Path(f"/proc/{server.process.pid}/status").read_text()
                peak = max(peak, int(re.findall(r"RssAnon:\s+(\d+) kB", status)[0]) << 10)
                time.sleep(0.01)
        assert {each.result() for each in asking} == {400}  # more than `query.max_answer_bytes`
        assert peak < most
