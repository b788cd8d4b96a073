"""A server in 256 MiB: a flood of pushes, steady pushes beside heavy queries, very long lines, too large bodies.

    python bench/small_memory.py [--lines 1000000] [--mib 256]

Starts `sigyn serve` in a control group with that much memory (version 1 or 2, where this process may make
one; else the server only knows its budget, and what it used is measured), and prints for each phase what was
done, how much memory the process held that is in no file, and whether the server lived. Answers are checked.
"""

import argparse
import http.client
import json
import queue
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import cramjam

from sigyn.model.time import HOUR, SECOND
from sigyn.wire.loki_messages import PushRequest

PUSH_LINES = 2_000
CONNECTIONS = 4
STEADY_LINES = 500  # a second
SPAN = 6 * HOUR
JSON_SERVICES = ("shop", "payments", "agents")
LEVELS = ("info", "info", "info", "debug", "warn", "error")
LONG_LINE = 250_000  # bytes
LARGE_BODY = 12 << 20


class Died(Exception):
    """The server is gone."""


@dataclass
class Written:
    """What was pushed, as far as answers are checked against it."""

    lines: int = 0
    needle: str = ""
    by_level: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    users: Counter[str] = field(default_factory=Counter)
    timeouts: int = 0
    slow: int = 0


def entry(number: int, written: Written) -> tuple[str, str, str]:
    """Service, level and line of an entry."""
    chance = number * 0x9E3779B97F4A7C15 % 2**128
    kind, level = chance % 20, LEVELS[chance // 7 % 6]
    user, status, millis = (
        f"user_{chance // 11 % 5000}",
        (200, 200, 201, 404, 500)[chance // 13 % 5],
        chance // 17 % 9000,
    )
    trace = f"{chance:032x}"
    if kind < 14:
        service = JSON_SERVICES[kind % 3]
        message = (
            "Timeout while waiting for the database" if chance // 19 % 500 == 0 else f"handled item {chance % 997}"
        )
        line = json.dumps(
            {
                "level": level, "message": message, "trace_id": trace, "context": {"user": user, "tenant": f"t{kind}"},
                "status": status, "duration_ms": millis / 4, "module": f"app.module_{kind}", "attempt": chance % 4,
                "detail": "some more words, so that a line is about as long as those of real services are",
            },
            separators=(",", ":"),
        )  # fmt: skip
        written.users[user] += 1
        written.timeouts += message.startswith("Timeout")
        if status == 500:
            written.failed[f"t{kind}"] += 1
        if number >= 1000 and not written.needle:
            written.needle = trace
    elif kind < 17:
        service = "gateway"
        line = f'10.0.{kind}.{chance % 250} - - [now] "GET /api/item/{chance % 50}?id={trace}" {status} {chance % 5000}'
    else:
        service, rows = "database", chance % 1000
        line = f"level={level} query={trace[:12]} rows={rows} user={user} took={millis}us"
        written.slow += rows > 900
    written.lines += 1
    written.by_level[level] += 1
    return service, level, line


def bodies(lines: int, start: int, written: Written) -> Iterator[bytes]:
    """Pushes of so many lines, spread over SPAN from `start` (ns)."""
    for begin in range(0, lines, PUSH_LINES):
        push = PushRequest()
        streams = {}
        for number in range(begin, min(begin + PUSH_LINES, lines)):
            service, level, line = entry(number, written)
            labels = f'{{service="{service}", level="{level}", host="host-{number // 50 % 4}"}}'
            if labels not in streams:
                streams[labels] = push.streams.add(labels=labels.encode())
            time_of = start + 1 + number * (SPAN // lines)
            item = streams[labels].entries.add(line=line.encode())
            item.timestamp.seconds, item.timestamp.nanos = divmod(time_of, SECOND)
        yield bytes(cramjam.snappy.compress_raw(push.SerializeToString()))


def json_body(labels: dict[str, str], lines: list[str]) -> bytes:
    """A push with a line for each ns from now on."""
    now = time.time_ns()
    return json.dumps(
        {"streams": [{"stream": labels, "values": [[str(now + n), x] for n, x in enumerate(lines)]}]}
    ).encode()


class Server:
    """A server in a process of its own, with its memory watched."""

    def __init__(self, url: str, process: "subprocess.Popen[str]") -> None:
        self.url = url
        self.process = process
        self.peak = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def alive(self) -> None:
        """Raises Died."""
        if self.process.poll() is not None:
            raise Died(f"the server ended with {self.process.returncode}")

    def push(self, body: bytes, kind: str = "application/x-protobuf") -> int:
        """The status that a push gets; 0 when the connection broke, as it may when a large body is refused."""
        address = urllib.parse.urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=120)
        try:
            connection.request("POST", "/loki/api/v1/push", body, {"Content-Type": kind})
            reply = connection.getresponse()
            reply.read()
            return reply.status
        except OSError:
            self.alive()
            return 0
        finally:
            connection.close()

    def push_at_last(self, body: bytes, kind: str = "application/x-protobuf") -> int:
        """Pushes until it is taken; how often it was refused."""
        refused = 0
        while (status := self.push(body, kind)) != 204:
            if status not in (0, 429, 503):
                raise RuntimeError(f"a push got {status}")
            refused += 1
            time.sleep(0.2)
        return refused

    def ask(self, query: str, start: int, end: int, step: int = 0) -> list[dict[str, list[list[str]]]]:
        """The result of a range query; limit 1000."""
        arguments = {"query": query, "start": str(start), "end": str(end), "limit": "1000"} | (
            {"step": f"{step // SECOND}s"} if step else {}
        )
        try:
            url = f"{self.url}/loki/api/v1/query_range?{urllib.parse.urlencode(arguments)}"
            with urllib.request.urlopen(url, timeout=300) as reply:
                result: list[dict[str, list[list[str]]]] = json.loads(reply.read())["data"]["result"]
                return result
        except urllib.error.HTTPError as error:
            raise RuntimeError(f"{query} got {error.code}: {error.read().decode()}") from None
        except (OSError, http.client.HTTPException):
            time.sleep(0.5)
            self.alive()
            raise

    def _watch(self) -> None:
        while self.process.poll() is None:
            try:
                status = Path(f"/proc/{self.process.pid}/status").read_text()
            except OSError:
                return
            found = re.search(r"RssAnon:\s+(\d+)", status)
            self.peak = max(self.peak, int(found[1]) / 1024 if found else 0.0)
            time.sleep(0.01)


def numbers(result: list[dict[str, list[list[str]]]]) -> float:
    """The sum of all points."""
    return sum(float(value) for series in result for _, value in series["values"])


def points(result: list[dict[str, list[list[str]]]]) -> float:
    """How many entries or points."""
    return sum(len(series["values"]) for series in result)


Question = tuple[str, int, Callable[[list[dict[str, list[list[str]]]]], float], float | None]
"""Query, step, what of its answer is looked at, and what that must be (None: anything but nothing)."""


def questions(written: Written) -> dict[str, Question]:
    """What is asked; windows end to end, so that counts add up to what was written."""
    minute, every = 60 * SECOND, '{service=~".+"}'
    from_json = '{service=~"shop|payments|agents"} | json'
    user, of_user = written.users.most_common(1)[0]
    window = 6 * minute
    return {
        "needle": (f'{every} |= "{written.needle}"', 0, points, 1),
        "needle in a field": (f'{from_json} | trace_id="{written.needle}"', 0, points, 1),
        "absent needle": (f'{every} |= "00000000deadbeef00000000"', 0, points, 0),
        "newest errors": ('{service="agents", level="error"}', 0, points, None),
        "lines of a user": (f'{from_json} | context_user="{user}"', 0, points, min(of_user, 1000)),
        "count of a word": (f'sum(count_over_time({every} |= "Timeout" [6m]))', window, numbers, written.timeouts),
        "regular expression": (
            f"sum by (service) (count_over_time({every} |~ `user_(1|2)[0-9]*.*t1` [6m]))", window, numbers, None,
        ),
        "rate by level": (f"sum by (level) (count_over_time({every}[6m]))", window, numbers, written.lines),
        "bytes by service": (f"sum by (service) (bytes_over_time({every}[6m]))", window, numbers, None),
        "failures by tenant": (
            f'sum by (context_tenant) (count_over_time({from_json} | status="500" [6m]))', window, numbers,
            written.failed.total(),
        ),
        "99th percentile": (
            f"quantile_over_time(0.99, {from_json} | unwrap duration_ms [5m]) by (service)", minute, points, None,
        ),
        "logfmt": (
            'sum by (level) (count_over_time({service="database"} | logfmt | rows > 900 [6m]))', window, numbers,
            written.slow,
        ),
        "pattern": (
            'sum by (path) (count_over_time({service="gateway"} | pattern `<_> "<_> <path>?<_>" <status> <_>` '
            "| status >= 500 [6m]))", window, numbers, None,
        ),
        "whole lines as JSON": (f'{from_json} | message=~"handled.*" | duration_ms < 0', 0, points, 0),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--mib", type=int, default=256, help="memory of the server")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sigyn-small-") as folder:
        run(Path(folder), options.lines, options.mib << 20)


def run(folder: Path, lines: int, memory: int) -> float:
    """All phases; the most memory (MB) that was in no file. Raises Died, and AssertionError for a wrong answer."""
    with limited(memory) as join, started(folder / "data", memory, join) as server:
        written = Written()
        start = time.time_ns() // HOUR * HOUR - SPAN - HOUR
        with phase("a flood of pushes", server) as say:
            say(flood(server, lines, start, written))
        most = server.peak
        stop = threading.Event()
        steady = threading.Thread(target=pushing, args=(server, stop))
        steady.start()
        try:
            with phase(f"queries, one by one, beside {STEADY_LINES} lines a second", server) as say:
                say(asked(server, questions(written), start))
            most = max(most, server.peak)
            with phase("the same by 4 askers at a time", server) as say:
                say(asked_at_once(server, questions(written), start))
            most = max(most, server.peak)
            with phase(f"lines of {LONG_LINE:,} bytes", server) as say:
                say(long_lines(server, start))
            most = max(most, server.peak)
            with phase(f"8 bodies of {LARGE_BODY >> 20} MiB at a time", server) as say:
                say(large_bodies(server))
            most = max(most, server.peak)
        finally:
            stop.set()
            steady.join()
        (total,) = server.ask(
            'sum(count_over_time({service=~".+"}[6m]))', start + 360 * SECOND, start + SPAN, 360 * SECOND
        )
        assert numbers([total]) == written.lines, "not all that was written is there"
        return most


def flood(server: Server, lines: int, start: int, written: Written) -> str:
    """Pushes as fast as they are taken."""
    waiting: queue.Queue[bytes | None] = queue.Queue(maxsize=16)
    refused = [0] * CONNECTIONS
    failures: list[Exception] = []

    def work(place: int) -> None:
        while (body := waiting.get()) is not None:
            if not failures:
                try:
                    refused[place] += server.push_at_last(body)
                except (Died, RuntimeError) as error:
                    failures.append(error)

    made = list(bodies(lines, start, written))
    threads = [threading.Thread(target=work, args=(place,)) for place in range(CONNECTIONS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for body in [*made, *[None] * CONNECTIONS]:
        waiting.put(body)
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    seconds = time.perf_counter() - began
    return f"{lines:,} lines, {lines / seconds:,.0f} a second; {sum(refused)} refusals"


def pushing(server: Server, stop: threading.Event) -> None:
    """Pushes STEADY_LINES a second until told to stop, or the server is gone."""
    try:
        while not stop.is_set():
            began = time.monotonic()
            server.push_at_last(
                json_body({"job": "steady"}, ["a line of a steady source"] * (STEADY_LINES // 5)), "application/json"
            )
            stop.wait(max(0.0, began + 0.2 - time.monotonic()))
    except Died:
        return


def asked(server: Server, all_questions: dict[str, Question], start: int) -> str:
    """Asks each; the slowest."""
    slowest, seconds = "", 0.0
    for name, (query, step, look, right) in all_questions.items():
        began = time.perf_counter()
        first = start + step if step else start
        answer = look(server.ask(query, first, start + SPAN, step))
        if time.perf_counter() - began > seconds:
            slowest, seconds = name, time.perf_counter() - began
        assert answer == right if right is not None else answer > 0, f"{name}: {answer}, and not {right}"
    return f"{len(all_questions)} answers, all right; the slowest, {slowest}, took {seconds:.1f} s"


def asked_at_once(server: Server, all_questions: dict[str, Question], start: int) -> str:
    """Asks each from four threads."""
    said: list[str] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            said.append(asked(server, all_questions, start))
        except (AssertionError, RuntimeError, OSError, http.client.HTTPException, Died) as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return said[-1]


def long_lines(server: Server, start: int) -> str:
    """Pushes very long lines and asks for them."""
    refused = 0
    count = 320
    for begin in range(0, count, 8):
        lines = [json.dumps({"n": n, "text": f"{n:05d} " * (LONG_LINE // 6)}) for n in range(begin, begin + 8)]
        refused += server.push_at_last(json_body({"job": "long"}, lines), "application/json")
    end = time.time_ns() + SECOND
    assert points(server.ask('{job="long"} |= "not in there"', start, end)) == 0
    (found,) = server.ask('sum(count_over_time({job="long"} | json | n >= 0 [1d]))', end, end, SECOND)
    seen = float(found["values"][0][1])
    assert seen == count, f"{seen} long lines are there, {count} were written"
    return f"{count} lines, {count * LONG_LINE >> 20} MiB; {refused} refusals"


def large_bodies(server: Server) -> str:
    """Pushes bodies that are much too large for the server, several at a time."""
    body = json_body({"job": "large"}, ["x" * 1000] * (LARGE_BODY // 1100))
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(server.push(body, "application/json"))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return f"statuses {dict(Counter(statuses))}"


@contextmanager
def phase(name: str, server: Server) -> Iterator[Callable[[str], None]]:
    """Prints what was done, and the most memory meanwhile."""
    server.peak = 0.0
    said: list[str] = []
    yield said.append
    server.alive()
    print(f"{name}: {' '.join(said)}; at most {server.peak:.0f} MB in no file", flush=True)


@contextmanager
def started(data: Path, memory: int, join: Callable[[], None]) -> Iterator[Server]:
    """A server with this budget; `join` is called in its process before it starts."""
    command = [
        sys.executable,
        "-m",
        "sigyn.cli",
        "serve",
        "--data",
        str(data),
        "--http",
        "127.0.0.1:0",
        "--otlp-grpc",
        "",
    ]
    errors = data.with_suffix(".log")
    with errors.open("w") as log:
        process = subprocess.Popen(
            ["env", f"SIGYN_SERVER_MEMORY_BYTES={memory}", *command],
            stdout=subprocess.PIPE, stderr=log, text=True, preexec_fn=join,
        )  # fmt: skip
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if found := re.search(r"listens on +(http\S+)", line):
                    yield Server(found[1], process)
                    return
            raise Died(f"the server did not start: {errors.read_text()}")
        finally:
            process.terminate()
            process.wait()
            process.stdout.close()


def _enter(group: Path) -> None:
    (group / "cgroup.procs").write_text("0")


@contextmanager
def limited(memory: int) -> Iterator[Callable[[], None]]:
    """A control group with so much memory; gives what a process calls to be in it."""
    with ExitStack() as stack:
        for root, limit, peak in (
            (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes", "memory.max_usage_in_bytes"),
            (Path("/sys/fs/cgroup"), "memory.max", "memory.peak"),
        ):
            group = root / f"sigyn-small-{memory}-{time.time_ns()}"
            try:
                group.mkdir()
                stack.callback(group.rmdir)
                (group / limit).write_text(str(memory))
            except OSError:
                stack.close()
                continue
            print(f"in a control group of {memory >> 20} MiB", flush=True)
            yield partial(_enter, group)
            print(f"most memory of the group, page cache included: {int((group / peak).read_text()) >> 20} MiB")
            return
        print("no control group can be made here: memory is measured, not limited", flush=True)
        yield lambda: None


if __name__ == "__main__":
    main()
