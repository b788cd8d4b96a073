#!/usr/bin/env python3
"""A server under everything at once, with faults: is every acknowledged line found exactly once, is memory flat?

    python bench/soak.py --minutes 30 --rate 3000

Pushes by Loki's JSON (bare and gzip), Loki's protobuf and OTLP; queries, exports, tails and rules beside them. Faults:

    kill        kill -9 and a start over the same folder; in the first half only, so that the last life is long
    full        no file of the server may grow, as on a full disk, for some seconds
    disconnect  clients go away amidst a push, an export and a tail; all the time

A push that is not acknowledged is sent again, as agents do. At the end every line is counted. Memory is what the
process of the last life has for itself: medians of twenty parts of it, and the slope of a line through those of
the last two thirds. What a compaction takes for some seconds is told as the most of a part.
Pages of segments that it has mapped are told beside it; the system takes them back when somebody needs memory.
Exits with 1 when a line is missing or found twice, when the server answered 500 or did not come back, or when rules
are not evaluated. Linux only: `prlimit` makes the disk full.
"""

import argparse
import asyncio
import gzip
import json
import random
import resource
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import cramjam
import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

from sigyn.model.time import SECOND
from sigyn.wire.loki_messages import PushRequest

RULES = """
groups:
  - name: soak
    interval: 5s
    rules:
      - record: soak:lines:rate1m
        expr: sum by (pusher) (rate({job="soak"}[1m]))
      - alert: SoakErrors
        expr: sum(count_over_time({job="soak"} |= "level=error" [1m])) > 0
        for: 10s
"""
PROTOCOLS = ("json", "gzip", "protobuf", "otlp")
PUSHERS = 8
MIB = 1 << 20
PER_SECOND = 4  # pushes of each pusher
QUERIES = (
    ("query_range", '{job="soak", pusher="0"} |= "level=error"', 300),
    ("query_range", 'sum by (pusher) (rate({job="soak"}[1m]))', 900),
    ("query_range", '{service_name=~"soak.+"} | logfmt | took > 900', 120),
    ("query_range", 'topk(3, sum by (level) (count_over_time({job="soak"} | logfmt [30s])))', 300),
    ("query", 'sum(count_over_time({job="soak"} |= "number=77" [5m]))', 0),
)


@dataclass(slots=True)
class Server:
    """The server process that is alive now; `up` is set while it should answer, `faulty` while it may refuse."""

    folder: Path
    address: str
    process: "subprocess.Popen[bytes] | None" = None
    up: asyncio.Event = field(default_factory=asyncio.Event)
    faulty: bool = False
    lives: int = 0

    @property
    def url(self) -> str:
        return f"http://{self.address}"

    async def start(self) -> float:
        """Starts it and waits until it is ready; how many seconds that took."""
        began = time.monotonic()
        rules = self.folder / "rules"
        rules.mkdir(exist_ok=True)
        (rules / "soak.yaml").write_text(RULES)
        command = [str(Path(sys.executable).with_name("sigyn")), "serve", "--data", str(self.folder / "data"),
                   "--http", self.address, "--otlp-grpc", ""]  # fmt: skip
        variables = {"SIGYN_RULER_RULES_DIRECTORY": str(rules), "PATH": "/usr/bin:/bin", "HOME": str(self.folder)}
        # A pipe to another process: the log must not be what doesn't fit on the full disk.
        with (self.folder / "server.log").open("ab") as log:
            sink = subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=log)
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sink.stdin, env=variables)
        assert sink.stdin is not None
        sink.stdin.close()
        self.lives += 1
        async with httpx.AsyncClient(base_url=self.url) as client:
            while True:
                if self.process.poll() is not None:
                    raise SystemExit(f"the server ended with {self.process.returncode}: {self.folder}/server.log")
                try:
                    if (await client.get("/ready")).status_code == 200:
                        break
                except httpx.TransportError:
                    pass
                if time.monotonic() - began > 120:
                    raise SystemExit("the server was not ready after 2 minutes")
                await asyncio.sleep(0.1)
        self.up.set()
        return time.monotonic() - began

    def kill(self) -> None:
        assert self.process is not None
        self.up.clear()
        self.process.kill()
        self.process.wait()

    def memory(self) -> tuple[int, int]:
        """Bytes that the process has for itself, and resident bytes of files."""
        assert self.process is not None
        status = dict(
            line.split(":", 1)
            for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
            if ":" in line
        )
        own, mapped = (int(status.get(name, "0").split()[0]) << 10 for name in ("RssAnon", "RssFile"))
        return own, mapped


@dataclass(slots=True)
class Tally:
    """What happened. `acknowledged` is by pusher: its lines are numbered from 0 on."""

    acknowledged: list[int] = field(default_factory=lambda: [0] * PUSHERS)
    counts: "Counter[str]" = field(default_factory=Counter)
    waits: dict[str, list[float]] = field(default_factory=dict)
    memory: list[tuple[int, float, int, int]] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def trouble(self, text: str) -> None:
        if len(self.troubles) < 50:
            self.troubles.append(text)
        self.counts["troubles"] += 1


def body_of(
    protocol: str, pusher: int, first: int, count: int, chance: random.Random
) -> tuple[str, bytes, dict[str, str]]:
    """A push: path, body and headers."""
    now = time.time_ns()
    levels = ("info", "info", "warn", "error")
    lines = [
        (
            now + number,
            f"pusher={pusher} number={first + number} level={chance.choice(levels)} took={chance.randrange(1000)} "
            f'id={chance.getrandbits(64):016x} msg="order {chance.randrange(10**6)} done"',
        )
        for number in range(count)
    ]
    labels = {"job": "soak", "pusher": str(pusher), "protocol": protocol}
    if protocol == "otlp":
        records = [{"timeUnixNano": str(at), "body": {"stringValue": line}} for at, line in lines]
        resource_of = {"attributes": [{"key": "service.name", "value": {"stringValue": f"soak{pusher}"}}]}
        document = {"resourceLogs": [{"resource": resource_of, "scopeLogs": [{"logRecords": records}]}]}
        return "/otlp/v1/logs", json.dumps(document).encode(), {"Content-Type": "application/json"}
    if protocol == "protobuf":
        request = PushRequest()
        stream = request.streams.add()
        stream.labels = ("{" + ", ".join(f'{name}="{value}"' for name, value in labels.items()) + "}").encode()
        for at, line in lines:
            entry = stream.entries.add()
            entry.timestamp.seconds, entry.timestamp.nanos = divmod(at, SECOND)
            entry.line = line.encode()
        body = bytes(cramjam.snappy.compress_raw(request.SerializeToString()))
        return "/loki/api/v1/push", body, {"Content-Type": "application/x-protobuf"}
    document = {"streams": [{"stream": labels, "values": [[str(at), line] for at, line in lines]}]}
    body = json.dumps(document).encode()
    headers = {"Content-Type": "application/json"}
    if protocol == "gzip":
        return "/loki/api/v1/push", gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
    return "/loki/api/v1/push", body, headers


def selector(pusher: int) -> str:
    return (
        f'{{service_name="soak{pusher}"}}' if PROTOCOLS[pusher % 4] == "otlp" else f'{{job="soak", pusher="{pusher}"}}'
    )


async def push(server: Server, tally: Tally, pusher: int, rate: float, stop: asyncio.Event) -> None:
    """Pushes at a steady pace; each push until it is acknowledged."""
    chance = random.Random(pusher)
    protocol = PROTOCOLS[pusher % 4]
    count = max(1, round(rate / PUSHERS / PER_SECOND))
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        due = time.monotonic()
        while not stop.is_set():
            first = tally.acknowledged[pusher]
            path, body, headers = body_of(protocol, pusher, first, count, chance)
            began = time.monotonic()
            while True:
                await server.up.wait()
                try:
                    answer = await client.post(path, content=body, headers=headers)
                except httpx.TransportError:
                    tally.counts["pushes cut off"] += 1
                else:
                    if answer.status_code in (200, 204):
                        break
                    tally.counts[f"pushes answered {answer.status_code}"] += 1
                    if answer.status_code == 500 or (answer.status_code >= 500 and not server.faulty):
                        tally.trouble(f"push: {answer.status_code} {answer.text[:200]}")
                    elif answer.status_code == 400:
                        raise SystemExit(f"push refused: {answer.text[:300]}")
                await asyncio.sleep(0.3)
            tally.waits.setdefault(f"push {protocol}", []).append(time.monotonic() - began)
            tally.acknowledged[pusher] = first + count
            due = max(due + 1 / PER_SECOND, time.monotonic() - 1)
            await asyncio.sleep(max(0.0, due - time.monotonic()))


async def query(server: Server, tally: Tally, stop: asyncio.Event) -> None:
    """Asks one thing after the other."""
    async with httpx.AsyncClient(base_url=server.url, timeout=120) as client:
        while not stop.is_set():
            for call, text, seconds in QUERIES:
                await server.up.wait()
                now = time.time_ns()
                moment = {"start": str(now - seconds * SECOND), "end": str(now), "limit": "500"} if seconds else {}
                lives, began = server.lives, time.monotonic()
                try:
                    answer = await client.get(f"/loki/api/v1/{call}", params={"query": text, **moment})
                except httpx.TransportError:
                    tally.counts["queries cut off"] += 1
                    if server.lives == lives and server.up.is_set():
                        tally.trouble(f"query cut off without a kill: {text}")
                    continue
                tally.waits.setdefault("query", []).append(time.monotonic() - began)
                tally.counts[f"queries answered {answer.status_code}"] += 1
                if answer.status_code != 200 and not server.faulty:
                    tally.trouble(f"query {text}: {answer.status_code} {answer.text[:200]}")
                await asyncio.sleep(0.5)


async def tail(server: Server, tally: Tally, stop: asyncio.Event, leave_after: float | None) -> None:
    """Follows a pusher; with `leave_after` it goes without a word after so many seconds, and comes again."""
    while not stop.is_set():
        await server.up.wait()
        url = f"ws://{server.address}/loki/api/v1/tail?query=%7Bjob%3D%22soak%22%2Cpusher%3D%220%22%7D"
        began = time.monotonic()
        try:
            async with connect(url, max_size=None, open_timeout=60) as socket_:
                while not stop.is_set() and (leave_after is None or time.monotonic() - began < leave_after):
                    try:
                        message = json.loads(await asyncio.wait_for(socket_.recv(), 5))
                    except TimeoutError:
                        continue  # nothing came, as while pushes are refused
                    tally.counts["lines tailed"] += sum(len(one["values"]) for one in message.get("streams") or ())
                if leave_after is not None:
                    socket_.transport.abort()
        except (OSError, WebSocketException):
            tally.counts["tails cut off"] += 1
            await asyncio.sleep(0.5)


async def disconnect(server: Server, tally: Tally, stop: asyncio.Event) -> None:
    """Begins pushes and exports, and goes away amidst them."""
    while not stop.is_set():
        await server.up.wait()
        host, port = server.address.split(":")
        for head in (
            b"POST /loki/api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n{",
            b"GET /sigyn/api/v1/export?query=%7Bjob%3D%22soak%22%7D&since=1h HTTP/1.1\r\nHost: x\r\n\r\n",
        ):
            try:
                reader, writer = await asyncio.open_connection(host, int(port))
            except OSError:
                continue
            try:
                writer.write(head)
                await writer.drain()
                await asyncio.wait_for(reader.read(1000), 1)
            except (OSError, TimeoutError):
                pass  # the push gets no answer, and the server may be killed meanwhile
            finally:
                tally.counts["clients that went away"] += 1
                writer.transport.abort()
        await asyncio.sleep(3)


async def watch_memory(server: Server, tally: Tally, stop: asyncio.Event) -> None:
    began = time.monotonic()
    while not stop.is_set():
        if server.up.is_set():
            tally.memory.append((server.lives, time.monotonic() - began, *server.memory()))
        await asyncio.sleep(2)


async def make_faults(server: Server, tally: Tally, seconds: float, stop: asyncio.Event) -> None:
    """Kills in the first half, a full disk all along; the same moments at every run of one length."""
    began, number = time.monotonic(), 0
    pause = max(10.0, seconds / 20)
    while not stop.is_set():
        await asyncio.sleep(pause)
        if stop.is_set() or time.monotonic() - began > seconds - 5:
            return
        number += 1
        if number % 2 and time.monotonic() - began < seconds / 2:
            server.kill()
            tally.counts["kills"] += 1
            tally.waits.setdefault("start after a kill", []).append(await server.start())
            continue
        assert server.process is not None
        tally.counts["full disks"] += 1
        server.faulty = True
        _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (4096, hard))
        await asyncio.sleep(5)
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
        await asyncio.sleep(10)  # what was under way meanwhile may still be refused
        server.faulty = False


async def count_lines(server: Server, tally: Tally, start: int) -> int:
    """How many lines are found once each; says what is missing or too many."""
    found_once = 0
    async with httpx.AsyncClient(base_url=server.url, timeout=600) as client:
        for pusher, sent in enumerate(tally.acknowledged):
            found = bytearray(sent + 100_000)  # the last push may be stored and not acknowledged
            asked = {"query": selector(pusher), "start": str(start), "end": str(time.time_ns()), "format": "ndjson"}
            async with client.stream("GET", "/sigyn/api/v1/export", params=asked) as answer:
                answer.raise_for_status()
                async for row in answer.aiter_lines():
                    begin = row.index("number=") + 7
                    number = int(row[begin : row.index(" ", begin)])
                    found[number] = min(255, found[number] + 1)
            missing = sum(1 for number in range(sent) if not found[number])
            twice = sum(1 for times in found if times > 1)
            found_once += sum(1 for number in range(sent) if found[number] == 1)
            if missing or twice:
                tally.trouble(
                    f"pusher {pusher} ({PROTOCOLS[pusher % 4]}): {missing} lines missing, {twice} found twice"
                )
    return found_once


async def check_rules(server: Server, tally: Tally) -> None:
    async with httpx.AsyncClient(base_url=server.url, timeout=60) as client:
        groups = (await client.get("/prometheus/api/v1/rules")).json()["data"]["groups"]
        for rule in groups[0]["rules"]:
            if rule["health"] != "ok":
                tally.trouble(f"rule {rule['name']}: {rule['health']} {rule.get('lastError', '')}")
        series = await client.get("/prometheus/api/v1/query", params={"query": "count(soak:lines:rate1m)"})
        if not series.json()["data"]["result"]:
            tally.trouble("the recording rule recorded nothing")
        for line in (await client.get("/metrics")).text.splitlines():
            if line.startswith(("loki_prometheus_rule_evaluation", "loki_prometheus_rule_group_iterations")):
                tally.counts[line.split("{")[0]] += int(float(line.rsplit(" ", 1)[1]))


def slope(samples: Sequence[tuple[float, float]]) -> float:
    """Bytes per minute of the line that fits best; samples are (seconds, bytes)."""
    mean_x = sum(x for x, _ in samples) / len(samples)
    mean_y = sum(y for _, y in samples) / len(samples)
    squares = sum((x - mean_x) ** 2 for x, _ in samples) or 1.0
    return 60 * sum((x - mean_x) * (y - mean_y) for x, y in samples) / squares


def report_memory(samples: Sequence[Sequence[float]]) -> None:
    """`samples` are (seconds, own bytes, bytes of files); what a compaction takes for some seconds shows in `most`."""
    size = max(1, len(samples) // 20)
    windows = [samples[begin : begin + size] for begin in range(0, len(samples), size)]
    middles = [(window[0][0], median(own for _, own, _ in window)) for window in windows]
    settled = middles[len(middles) // 3 :]
    if len(settled) < 3:
        return
    print(
        f"  memory of the last life: {(samples[-1][0] - samples[0][0]) / 60:.1f} minutes; after a third medians "
        f"of {min(own for _, own in settled) / MIB:.0f} to {max(own for _, own in settled) / MIB:.0f} MiB, "
        f"slope {slope(settled) / MIB:+.2f} MiB a minute"
    )
    for window, (at, own) in zip(windows, middles, strict=True):
        most, files = max(own for _, own, _ in window), median(files for *_, files in window)
        told = f"{own / MIB:6.0f} MiB, at most {most / MIB:.0f}, and {files / MIB:.0f} of files"
        print(f"    from {at / 60:5.1f} min {told}")


def report(server: Server, tally: Tally, seconds: float, found: int) -> None:
    print(f"{seconds / 60:.1f} minutes, {sum(tally.acknowledged):,} lines acknowledged, {found:,} found exactly once")
    for name, count in sorted(tally.counts.items()):
        print(f"  {name:45} {count:,}")
    for name, waits in sorted(tally.waits.items()):
        ordered = sorted(waits)
        middle, late = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
        print(f"  {name:45} p50 {middle * 1000:,.0f} ms, p99 {late * 1000:,.0f} ms, most {ordered[-1] * 1000:,.0f} ms")
    report_memory([sample for life, *sample in tally.memory if life == server.lives])
    for text in tally.troubles:
        print(f"TROUBLE {text}")


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--rate", type=float, default=3000.0, help="lines a second")
    parser.add_argument("--folder", type=Path, help="where the data goes; a temporary folder otherwise")
    parser.add_argument("--without-faults", action="store_true", help="no kills and full disks: one life, for memory")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as scratch, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        folder = asked.folder or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        server, tally, stop = Server(folder, f"127.0.0.1:{port}"), Tally(), asyncio.Event()
        start, began = time.time_ns(), time.monotonic()
        try:
            await server.start()
            seconds = asked.minutes * 60
            async with asyncio.TaskGroup() as tasks:
                for pusher in range(PUSHERS):
                    tasks.create_task(push(server, tally, pusher, asked.rate, stop))
                for _ in range(2):
                    tasks.create_task(query(server, tally, stop))
                tasks.create_task(tail(server, tally, stop, None))
                tasks.create_task(tail(server, tally, stop, 7.0))
                tasks.create_task(disconnect(server, tally, stop))
                tasks.create_task(watch_memory(server, tally, stop))
                if not asked.without_faults:
                    tasks.create_task(make_faults(server, tally, seconds, stop))
                await asyncio.sleep(seconds)
                stop.set()
            took = time.monotonic() - began
            await check_rules(server, tally)
            found = await count_lines(server, tally, start - SECOND)
            report(server, tally, took, found)
        finally:
            if server.process is not None:
                server.process.kill()
                server.process.wait()
    return 1 if tally.troubles else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
