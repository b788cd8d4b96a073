#!/usr/bin/env python3
"""What it costs to ask who pushes, and to hide what must not be stored: lines per second of a server's CPU time.

    python bench/cost_at_the_door.py [--lines 400000] [--rounds 3]

Starts a server for each way, with data in a folder of its own, and pushes the same bodies (protobuf, 2000 lines each,
four streams) one after the other; prints the best of some rounds. CPU time is that of the server alone, user and
system, from the first push to the last; it hardly depends on what else the machine does. Lines are JSON of an
application and access logs; in one of fifty stands something that a rule hides. Linux only.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cramjam
import httpx
from agent_throughput import application_lines

from sigyn.wire.loki_messages import PushRequest

SIGYN = str(Path(sys.executable).with_name("sigyn"))
SECRETS = (
    "user ann.smith@example.org signed in",
    "card 4111 1111 1111 1111 was declined",
    "Authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "login password=hunter2secret failed",
    "customer ssn=123-45-6789 updated",
)
RULES = {
    "SIGYN_REDACTION_PATTERNS": "email,card,token,password",
    "SIGYN_REDACTION_RULES": r"ssn=\d{3}-\d{2}-\d{4}",
}
_BODY_LINES = 2_000
_STREAMS = 4
_SHARE = 0.02


@dataclass(frozen=True, slots=True)
class Way:
    """A server with some settings, and what its clients send along."""

    name: str
    settings: Mapping[str, str]
    scope: str = ""


WAYS = (
    Way("open, nothing hidden", {}),
    Way("a token", {"SIGYN_AUTH_TYPE": "token", "SIGYN_AUDIT_FILE": "{folder}/audit"}, "push"),
    Way("email", {"SIGYN_REDACTION_PATTERNS": "email"}),
    Way("five rules", RULES),
    Way("five rules, hashed", RULES | {"SIGYN_REDACTION_HASH_KEY": "key"}),
    Way("five rules and a token", RULES | {"SIGYN_AUTH_TYPE": "token"}, "push"),
)


def lines(count: int) -> Iterator[str]:
    """Lines, of which one in fifty holds a secret."""
    chance = random.Random(7)
    for line in islice(application_lines(), count):
        yield f"{line} {chance.choice(SECRETS)}" if chance.random() < _SHARE else line


def bodies(count: int) -> list[bytes]:
    """Pushes of so many lines in all."""
    texts, moment, made = list(lines(count)), time.time_ns() - count, []
    for begin in range(0, count, _BODY_LINES):
        request = PushRequest()
        for stream in range(_STREAMS):
            added = request.streams.add(labels=f'{{app="app-{stream}"}}'.encode())
            for place in range(begin + stream, min(begin + _BODY_LINES, count), _STREAMS):
                entry = added.entries.add(line=texts[place].encode())
                entry.timestamp.seconds, entry.timestamp.nanos = divmod(moment + place, 1_000_000_000)
        made.append(bytes(cramjam.snappy.compress_raw(request.SerializeToString())))
    return made


@contextmanager
def serving(folder: Path, settings: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The address of a server and the id of its process."""
    variables = {name: text.format(folder=folder) if "{folder}" in text else text for name, text in settings.items()}
    command = [SIGYN, "serve", "--data", str(folder / "data"), "--http", "127.0.0.1:0", "--otlp-grpc", ""]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=os.environ | variables)
    assert process.stdout is not None
    try:
        url = next(found[0] for line in process.stdout if (found := re.search(r"http://[^ ]+", line)))
        yield url, process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settled(pid: int) -> float:
    """CPU time once the process rests: what is compiled with the first pushes is compiled in the background."""
    while True:
        before = cpu_seconds(pid)
        time.sleep(2)
        if cpu_seconds(pid) - before <= 0.05:
            return before


def measure(way: Way, pushed: list[bytes], count: int) -> float:
    """Lines per second of CPU time."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        headers = {"Content-Type": "application/x-protobuf"}
        if way.scope:
            made = subprocess.run(
                [SIGYN, "auth", "--data", str(folder / "data"), "add-token", "bench", "--scope", way.scope],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            headers["Authorization"] = f"Bearer {made.stdout.strip()}"
        with serving(folder, way.settings) as (url, pid), httpx.Client(base_url=url, timeout=60) as client:
            for body in pushed[:3]:  # what is compiled and imported with the first of them
                client.post("/loki/api/v1/push", content=body, headers=headers).raise_for_status()
            before = settled(pid)
            for body in pushed:
                client.post("/loki/api/v1/push", content=body, headers=headers).raise_for_status()
            return count / (cpu_seconds(pid) - before)


def main() -> None:
    """Measures every way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=400_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    pushed = bodies(arguments.lines)
    best: dict[str, float] = {}
    for _ in range(arguments.rounds):
        for way in WAYS:
            best[way.name] = max(best.get(way.name, 0.0), measure(way, pushed, arguments.lines))
    first = best[WAYS[0].name]
    for name, speed in best.items():
        print(f"{name:24} {speed:>10,.0f} lines per CPU second  {first / speed:5.2f} times the time")


if __name__ == "__main__":
    main()
