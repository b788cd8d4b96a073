#!/usr/bin/env python3
"""How many lines the agent reads, parses and ships per second of CPU time.

    python bench/agent_throughput.py                      a million lines that it makes itself
    python bench/agent_throughput.py --lines-from app.log

Starts `sigyn agent` with a pipeline of json, labels and timestamp, waits until it is ready, gives it the file,
and takes its pushes, in this process, until it has all lines. CPU time is that of the agent alone, user and
system; it hardly depends on what else the machine does. Linux only.
"""

import argparse
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

from sigyn.wire.compression import decompress_snappy
from sigyn.wire.loki_messages import PushRequest

CONFIGURATION = """
server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}, grpc_listen_port: 0, log_level: warn}}
positions: {{filename: {folder}/positions.yaml}}
clients: [{{url: "{url}"}}]
scrape_configs:
  - job_name: bench
    static_configs: [{{targets: [localhost], labels: {{job: bench, __path__: "{folder}/logs/*.log"}}}}]
    pipeline_stages:
      - json: {{expressions: {{level: level, service: service, timestamp: timestamp}}}}
      - labels: {{level: , service: }}
      - timestamp: {{source: timestamp, format: RFC3339Nano}}
"""
_SERVICES = ("checkout", "payments", "search", "gateway")
_LEVELS = ("debug",) * 3 + ("info",) * 14 + ("warn",) * 2 + ("error",)
_START = 1_763_600_000  # s since the epoch


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run took: seconds of CPU time until ready and after it, and the most memory in MB."""

    lines: int
    start_cpu: float
    work_cpu: float
    peak_mb: float

    def __str__(self) -> str:
        cpu = self.start_cpu + self.work_cpu
        return (
            f"{self.lines} lines, {cpu:.2f} s of CPU, {self.start_cpu:.2f} of them to start: "
            f"{self.lines / cpu:,.0f} lines per CPU second, {self.lines / self.work_cpu:,.0f} once started; "
            f"{self.peak_mb:.0f} MB"
        )


def application_lines(seed: int = 1) -> Iterator[str]:
    """JSON lines of some 270 bytes on average, of four services, 46 in a second; one in six is an access line."""
    chance = random.Random(seed)
    for number in range(1 << 62):
        second, part = divmod(number, 46)
        moment = datetime.fromtimestamp(_START + second, UTC).strftime("%Y-%m-%dT%H:%M:%S")
        stamp = f"{moment}.{part * 1000 // 46:03d}Z"
        service, status = chance.choice(_SERVICES), chance.choice((200, 200, 200, 404, 500))
        if chance.random() < 1 / 6:
            yield f'10.0.{chance.getrandbits(8)}.7 - - [{stamp}] "GET /api/orders?id={number} HTTP/1.1" {status} 512'
            continue
        trace = f"{chance.getrandbits(128):032x}"
        fields = {
            "timestamp": stamp,
            "level": chance.choice(_LEVELS),
            "message": "request completed",
            "service": service,
            "module": f"{service}.handlers{chance.randrange(12)}",
            "trace_id": trace,
            "span_id": trace[:16],
            "duration_ms": round(chance.expovariate(1 / 120), 2),
            "status": status,
            "context": {"user_id": f"user_{chance.randrange(50_000)}", "tenant_id": f"tenant_{chance.randrange(40)}"},
        }
        yield json.dumps(fields, separators=(",", ":"))


class PushSink(ThreadingHTTPServer):
    """Counts the entries that are pushed to it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.entries = 0
        self.streams: set[str] = set()
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/loki/api/v1/push"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: PushSink

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        push = PushRequest.FromString(bytes(decompress_snappy(body)))
        with self.server.lock:
            self.server.entries += sum(len(stream.entries) for stream in push.streams)
            self.server.streams.update(str(stream.labels) for stream in push.streams)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


def measure(file: Path, lines: int, folder: Path) -> Figures:
    """One run over a file that has so many lines; `folder` is on the file's file system, and empty."""
    sink = PushSink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (folder / "logs").mkdir()
    (folder / "agent.yaml").write_text(CONFIGURATION.format(port=port, folder=folder, url=sink.url))
    command = [str(Path(sys.executable).with_name("sigyn")), "agent", f"-config.file={folder}/agent.yaml"]
    agent = subprocess.Popen(command)
    try:
        _until_ready(f"http://127.0.0.1:{port}/ready")
        start_cpu = _cpu_seconds(agent.pid)
        os.link(file, folder / "logs" / "bench.log")
        while sink.entries < lines:
            if agent.poll() is not None:
                raise SystemExit(f"the agent ended with {agent.returncode} after {sink.entries} entries")
            time.sleep(0.02)
    finally:
        agent.send_signal(signal.SIGTERM)
        _, _, usage = os.wait4(agent.pid, 0)
        sink.shutdown()
        sink.server_close()
    if sink.entries != lines:
        raise SystemExit(f"{sink.entries} entries came of {lines} lines")
    whole = usage.ru_utime + usage.ru_stime
    return Figures(lines, start_cpu, whole - start_cpu, usage.ru_maxrss / 1024)


def _until_ready(url: str) -> None:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
        else:
            return
    raise SystemExit("the agent did not get ready")


def _cpu_seconds(pid: int) -> float:
    """User and system time of a process so far."""
    fields = re.sub(r".*\) ", "", Path(f"/proc/{pid}/stat").read_text()).split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000, help="how many to make")
    parser.add_argument("--lines-from", type=Path, metavar="FILE", help="a file of lines, in place of made ones")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="for temporary files, on the file system of FILE")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as folder:
        file = arguments.lines_from
        if file is None:
            file = Path(folder) / "made.txt"
            with file.open("w", encoding="utf-8") as out:
                out.writelines(f"{line}\n" for line in islice(application_lines(), arguments.lines))
        with file.open("rb") as content:
            lines = sum(block.count(b"\n") for block in iter(lambda: content.read(1 << 20), b""))
        for run in range(arguments.runs):
            place = Path(folder) / str(run)
            place.mkdir()
            print(measure(file, lines, place), flush=True)


if __name__ == "__main__":
    main()
