#!/usr/bin/env python3
"""bench/many_ids.py [--lines N] [--metadata]: what a trace_id as a label costs, push by push.

Starts a server of its own with data in a temporary folder, pushes lines that have a trace_id each, a
thousand to a push, and asks for some of them. With --metadata the ids are sent as structured metadata
instead, for comparison.
"""

import argparse
import hashlib
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

PER_PUSH = 1_000
PUSHES_PER_ROW = 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--metadata", action="store_true")
    arguments = parser.parse_args()
    with server() as (url, pid), httpx.Client(base_url=url, timeout=60) as client:
        begin = time.time_ns() - arguments.lines * 1_000
        push_all(client, pid, begin, arguments.lines, in_labels=not arguments.metadata)
        ask(client, begin, arguments.lines)


@contextmanager
def server() -> Iterator[tuple[str, int]]:
    """The address of a new server, and its process id."""
    command = [sys.executable, "-m", "sigyn.cli", "serve", "--http", "127.0.0.1:0", "--otlp-grpc", ""]
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen([*command, "--data", folder], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            url = next(found[0] for line in process.stdout if (found := re.search(r"http://[^ ]+", line)))
            yield url, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def push_all(client: httpx.Client, pid: int, begin: int, lines: int, *, in_labels: bool) -> None:
    print("   lines  ms a push  cpu s  memory MB")
    row: list[float] = []
    for first in range(0, lines, PER_PUSH):
        body = json.dumps({"streams": streams(begin, first, in_labels=in_labels)}).encode()
        asked = time.perf_counter()
        answer = client.post("/loki/api/v1/push", content=body, headers={"Content-Type": "application/json"})
        row.append((time.perf_counter() - asked) * 1e3)
        assert answer.status_code == 204, answer.text
        if len(row) == PUSHES_PER_ROW:
            done = first + PER_PUSH
            print(f"{done:8}  {statistics.mean(row):9.1f}  {cpu_seconds(pid):5.1f}  {memory(pid):9}", flush=True)
            row.clear()


def streams(begin: int, first: int, *, in_labels: bool) -> list[dict[str, object]]:
    """A push: a stream for each id, or for each pod."""
    found: dict[tuple[int, str], dict[str, object]] = {}
    for number in range(first, first + PER_PUSH):
        id, pod = trace_id(number), number % 20
        labels = {"app": "shop", "env": "prod", "pod": f"p{pod}", **({"trace_id": id} if in_labels else {})}
        line = f'level=info msg="order placed" n={number} path=/api/v1/orders/{number % 97} took=12ms'
        entry: list[object] = [str(begin + number * 1_000), line, *([] if in_labels else [{"trace_id": id}])]
        stream = found.setdefault((pod, id if in_labels else ""), {"stream": labels, "values": []})
        values = stream["values"]
        assert isinstance(values, list)
        values.append(entry)
    return list(found.values())


def ask(client: httpx.Client, begin: int, lines: int) -> None:
    found = client.get("/sigyn/api/v1/cardinality").json()["data"]
    print(f"{found['streams']['total']} streams; demoted: {[label['name'] for label in found['demoted']]}")
    for number in (0, lines // 2, lines - 1):
        for query in (f'{{trace_id="{trace_id(number)}"}}', f'{{app="shop"}} | trace_id="{trace_id(number)}"'):
            asked = time.perf_counter()
            answer = client.get(
                "/loki/api/v1/query_range", params={"query": query, "start": begin, "end": begin + lines * 1_000}
            )
            result = answer.json()["data"]["result"]
            print(f"{(time.perf_counter() - asked) * 1e3:7.1f} ms  {len(result)} found by {query}")


def trace_id(number: int) -> str:
    return hashlib.md5(str(number).encode()).hexdigest()


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int) -> int:
    """Resident megabytes."""
    match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    assert match
    return int(match[1]) >> 10


if __name__ == "__main__":
    main()
