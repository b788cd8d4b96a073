#!/usr/bin/env python3
"""bench/ingest_cores.py [--lines N] [--processes N]: how far a server gets with pushes on one core and on two.

Starts a server with data in a temporary folder, held to one core and then to two, and pushes lines of JSON as
snappy protobuf, a megabyte of text to a push, from six connections. The last run samples Python's lock (py-spy, of
the development packages): whatever holds it runs on one core only, so that the time it is held for a million
lines is what bounds one process. With --processes, that is the time of the first process, for which all the others
wait, and the CPU is that of all.
"""

import argparse
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cramjam

from sigyn.agent.shipping.encode import encode_entry, varint

PER_PUSH = 3_600  # 1 MB of text
CONNECTIONS = 6
WARM_UP = 6  # pushes that load and compile what large pushes need
SAMPLES = 250  # a second


def body(first: int) -> bytes:
    """A push of the service that is next."""
    service = ("shop", "vault", "agents", "search")[first // PER_PUSH % 4]
    labels = f'{{service="{service}", level="info"}}'.encode()
    entries = b"".join(encode_entry(time.time_ns(), line(number), {}) for number in range(first, first + PER_PUSH))
    stream = b"\x0a" + varint(len(labels)) + labels + entries
    return bytes(cramjam.snappy.compress_raw(b"\x0a" + varint(len(stream)) + stream))


def line(number: int) -> str:
    """A line of 280 bytes, each another one."""
    return json.dumps(
        {
            "message": ("request completed", "cache miss for key", "session started")[number % 3],
            "trace_id": f"{number * 0x9E3779B97F4A7C15 % (1 << 128):032x}",
            "duration_ms": number % 5000 / 7,
            "status": (200, 200, 200, 404, 500)[number % 5],
            "context": {
                "user_id": f"user_{number % 50000}",
                "tenant_id": f"tenant_{number % 40}",
                "path": "/" + "p" * 70,
            },
        }
    )


@contextmanager
def server(cores: str, processes: int) -> Iterator[tuple[int, int]]:
    """Port and process id of a new server of so many processes that is held to these cores."""
    command = ["taskset", "-c", cores, sys.executable, "-m", "sigyn.cli", "serve", "--http", "127.0.0.1:0"]
    with tempfile.TemporaryDirectory() as folder:
        command += ["--otlp-grpc", "", "--data", folder, "--processes", f"{processes}"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            assert process.stdout is not None
            port = next(int(m[1]) for row in process.stdout if (m := re.search(r"http://.*:(\d+)", row)))
            while len(all_processes(process.pid)) < processes:
                time.sleep(0.1)
            time.sleep(3)  # until the others take pushes
            yield port, process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def push(connection: socket.socket, content: bytes) -> None:
    """One push; returns when it is answered."""
    head = f"POST /loki/api/v1/push HTTP/1.1\r\nHost: bench\r\nContent-Length: {len(content)}\r\n"
    connection.sendall(head.encode() + b"Content-Type: application/x-protobuf\r\n\r\n" + content)
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65_536)
    assert answer.startswith(b"HTTP/1.1 204"), answer


def push_all(port: int, bodies: list[bytes]) -> float:
    """Seconds until all are answered."""
    waiting, lock = iter(bodies), threading.Lock()

    def push_on() -> None:
        with socket.create_connection(("127.0.0.1", port)) as connection:
            while True:
                with lock:
                    content = next(waiting, None)
                if content is None:
                    return
                push(connection, content)

    threads = [threading.Thread(target=push_on) for _ in range(CONNECTIONS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - begun


def all_processes(owner: int) -> list[int]:
    """Ids of a server's processes, that of the first one first."""
    return [owner, *map(int, Path(f"/proc/{owner}/task/{owner}/children").read_text().split())]


def cpu_seconds(process: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(cores: str, bodies: list[bytes], processes: int, *, sampled: bool = False) -> None:
    with server(cores, processes) as (port, process), tempfile.TemporaryDirectory() as folder:
        push_all(port, bodies[:WARM_UP])
        time.sleep(8)
        found = Path(folder) / "samples"
        options = ["--gil", "-r", f"{SAMPLES}", "-d", "600", "-f", "raw", "-o", str(found), "-p", f"{process}"]
        sampler = None
        if sampled:
            py_spy = str(Path(sys.executable).with_name("py-spy"))
            sampler = subprocess.Popen(
                [py_spy, "record", *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            time.sleep(2)
        every = all_processes(process)
        before = [cpu_seconds(each) for each in every]
        seconds = push_all(port, bodies[WARM_UP:])
        used = [cpu_seconds(each) - had for each, had in zip(every, before, strict=True)]
        cpu = sum(used)
        lines = (len(bodies) - WARM_UP) * PER_PUSH
        text = (
            f"cores {cores}, processes {processes}: {lines / seconds:.0f} lines/s; for a million lines "
            f"{1e6 * cpu / lines:.2f} s of CPU, {1e6 * used[0] / lines:.2f} s of it in the first process"
        )
        if sampler is not None:
            sampler.send_signal(signal.SIGINT)
            sampler.wait()
            held = sum(int(row.rpartition(" ")[2]) for row in found.read_text().splitlines()) / SAMPLES
            text += f", {1e6 * held / lines:.2f} s of that with Python's lock (slowed down by being sampled)"
        print(text, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--processes", type=int, default=1)
    arguments = parser.parse_args()
    count, processes = arguments.lines // PER_PUSH + WARM_UP, arguments.processes
    bodies = [body(number * PER_PUSH) for number in range(count)]
    run("0", bodies, processes)
    run("0,1", bodies, processes)
    run("0,1", bodies, processes, sampled=True)


if __name__ == "__main__":
    main()
