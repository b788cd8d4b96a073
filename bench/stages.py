"""What the stages of LogQL cost, over lines of four kinds: JSON, access lines, logfmt, and logfmt packed by Promtail.

    python bench/stages.py [--lines 1200000]

Stores a fourth of the lines of each kind, over six hours, and asks one metric query for each stage. Prints what the
first and the best of three runs took, in ms and in us for each line that the stage looked at. Then the same of log
queries, by how many lines they answer with.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from sigyn.engine.duck import Duck
from sigyn.engine.warm import warm_kernels
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.time import HOUR, MINUTE, SECOND
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.query import QueryRequest, QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.store import Store, StoreSettings

START = 1_768_471_200 * SECOND
SPAN = 6 * HOUR
KINDS = ("json", "access", "logfmt", "packed")
HOSTS = 8
STREAMS = tuple(
    labels_of({"app": kind, "host": f"node-{host}", "level": "info"}) for kind in KINDS for host in range(HOSTS)
)
LINES_IN_A_PUSH = 100_000

QUESTIONS = (
    ("line filter", "json", '|= "u777"'),
    ("regular expression", "access", "|~ `/(login|orders)\\?id=1\\d+`"),
    ("text in either case", "access", '|~ "(?i)LOGIN"'),
    ("pattern", "access", '|> `<_> "GET /login?<_>`'),
    ("ip", "access", '|= ip("10.1.0.0/16")'),
    ("json", "json", "| json | status=`500`"),
    ("json without errors", "json", '| json | __error__=""'),
    ("json, a number", "json", '| json | status >= 500 | __error__=""'),
    ("json of one path", "json", '| json who="context.user" | who="u777"'),
    ("logfmt", "logfmt", "| logfmt | rows > 900"),
    ("logfmt of one key", "logfmt", '| logfmt n="rows" | n > 900'),
    ("pattern parser", "access", '| pattern `<ip> - "<method> <path>?<_>" <status> <_>` | status >= 500'),
    ("regexp", "access", '| regexp `"(?P<method>\\S+) (?P<path>[^? ]+)` | path=`/login`'),
    ("label_format", "json", "| json | label_format kind=`{{ .status | trunc 1 }}xx` | kind=`5xx`"),
    ("line_format", "json", "| json | line_format `{{ .message | upper }}` |= `CACHE`"),
    ("a clashing label", "logfmt", "| logfmt | level_extracted=`error`"),
    ("decolorize", "logfmt", "| decolorize |= `error`"),
    ("unpack", "packed", "| unpack | pod=`p7`"),
    ("unpack and logfmt", "packed", "| unpack | logfmt | rows > 900"),
)

LOG_QUERIES = (
    ("json", ""),
    ("json", "| json"),
    ("json", "| json | status=`500`"),
    ("json", '| json | line_format "{{.message}}"'),
    ("json", '|= "cache"'),
    ("access", '| pattern `<ip> - "<method> <path>?<_>" <status> <_>`'),
    ("logfmt", "| logfmt"),
)
LIMITS = (100, 1000, 5000)


def lines_of(kind: str, count: int, rnd: random.Random) -> Iterator[str]:
    """So many lines of a kind."""
    for _ in range(count):
        status, user = rnd.choice((200, 200, 200, 201, 404, 500)), f"u{rnd.randrange(50_000)}"
        if kind == "json":
            message = rnd.choice(("request completed", "cache miss", "session started", "retrying upstream call"))
            context = {"user": user, "tenant": f"t{rnd.randrange(40)}"}
            yield json.dumps({"message": message, "status": status, "ms": rnd.random() * 100, "context": context})
        elif kind == "access":
            path = rnd.choice(("/login", "/orders", "/healthz"))
            ip = f"10.{rnd.randrange(256)}.{rnd.randrange(256)}.7"
            yield f'{ip} - "GET {path}?id={rnd.randrange(1 << 20)}" {status} {rnd.random():.3f}'
        else:
            level = rnd.choice(("info", "info", "info", "error"))
            line = f'level={level} msg="took {rnd.random() * 40:.3f} ms" rows={rnd.randrange(1024)} user={user}'
            yield json.dumps({"pod": f"p{rnd.randrange(20)}", "_entry": line}) if kind == "packed" else line


def pushes(lines: int) -> Iterator[Batch]:
    """Entries of all kinds in order of time."""
    rnd = random.Random(1)
    for begin in range(0, lines, LINES_IN_A_PUSH):
        count = min(LINES_IN_A_PUSH, lines - begin)
        texts = [lines_of(kind, count, rnd) for kind in KINDS]
        columns = {
            "stream": [HOSTS * (place % len(KINDS)) + place // len(KINDS) % HOSTS for place in range(count)],
            "timestamp": [START + (begin + place) * (SPAN // lines) for place in range(count)],
            "line": [next(texts[place % len(KINDS)]) for place in range(count)],
            "detected_level": pa.nulls(count, pa.string()),
            "metadata": pa.nulls(count, pa.string()),
        }
        yield Batch("bench", STREAMS, pa.table(columns, ENTRY_SCHEMA))


async def measured(service: QueryService, request: QueryRequest) -> tuple[float, float]:
    """What the first and the best of three runs took, ms."""
    runs = []
    for _ in range(3):
        begun = time.perf_counter()
        await service.query_range(request)
        runs.append(1000 * (time.perf_counter() - begun))
    return runs[0], min(runs)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=1_200_000, help="lines in all")
    lines = parser.parse_args().lines
    warm_kernels()
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(StoreSettings(data=Path(folder) / "data", compaction=False, max_uncompacted_bytes=1 << 40))
        duck = Duck(1 << 30, 2, f"{folder}/spill")
        service = QueryService(store, duck, QueryLimits(), threads=2, queue=QueueLimits(2))
        for batch in pushes(lines):
            await store.append(batch)
        store.compact_now()
        print(f"{'stage':24s}{'first, ms':>12s}{'best, ms':>12s}{'best, us a line':>18s}")
        for name, kind, stages in QUESTIONS:
            query = f'sum by (host) (count_over_time({{app="{kind}"}} {stages} [5m]))'
            first, best = await measured(service, QueryRequest("bench", query, START, START + SPAN, step=5 * MINUTE))
            print(f"{name:24s}{first:12.1f}{best:12.1f}{len(KINDS) * 1e3 * best / lines:18.3f}", flush=True)
        print(f"\n{'log query, first/best of ms':60s}" + "".join(f"{limit:>8d} lines" for limit in LIMITS))
        for kind, stages in LOG_QUERIES:
            query = f'{{app="{kind}"}} {stages}'.strip()
            requests = [QueryRequest("bench", query, START, START + SPAN, limit=limit) for limit in LIMITS]
            took = [await measured(service, request) for request in requests]
            print(f"{query:60s}" + "".join(f"{first:8.1f}/{best:5.1f}" for first, best in took), flush=True)
        service.close()
        duck.close()
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())
