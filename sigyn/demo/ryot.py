"""ryot, the main application: JSON lines with nested fields, and the lines of its PostgreSQL."""

import json
import random
from collections.abc import Iterator
from typing import Any

from sigyn.demo.entry import DemoEntry
from sigyn.demo.traffic import Request
from sigyn.model.rfc3339 import format_rfc3339_nano

_ERRORS = {
    500: ("DatabaseConnectionError", "db_connection_timeout", "Database connection failed"),
    503: ("PoolExhaustedError", "db_pool_exhausted", "No free connection in the pool after 5000 ms"),
    504: ("UpstreamTimeout", "sigmalang_timeout", "sigmalang did not answer in time"),
}
_STATEMENTS = (
    "SELECT * FROM media WHERE id = $1",
    "SELECT m.* FROM media m JOIN seen s ON s.media_id = m.id WHERE s.user_id = $1 ORDER BY s.updated_on DESC",
    "UPDATE seen SET progress = $1, updated_on = now() WHERE id = $2",
    "INSERT INTO review (user_id, media_id, rating) VALUES ($1, $2, $3)",
)


def lines(request: Request, dice: random.Random) -> Iterator[DemoEntry]:
    """What ryot and its database write about a request."""
    context = {"user_id": request.user, "tenant_id": request.tenant, "operation": f"{request.method} {request.path}"}
    pod = f"ryot-{int(request.number[:2], 16) % 3}"
    if request.path != "/health":
        yield _line(request, request.at, "debug", pod, "ryot.http", "request received", context=context)
    if request.status in _ERRORS:
        kind, fingerprint, message = _ERRORS[request.status]
        yield _line(
            request,
            request.later(0.9),
            "error",
            pod,
            "ryot.db" if request.status != 504 else "ryot.compile",
            message,
            exception_type=kind,
            fingerprint=fingerprint,
            stack_trace=_traceback(kind, message),
            context=context,
        )
    elif request.milliseconds > 400:
        yield _line(request, request.later(0.95), "warn", pod, "ryot.http", "slow request", context=context)
    done = {"method": request.method, "path": request.path, "status": request.status}
    level = "error" if request.status >= 500 else "warn" if request.status == 429 else "info"
    yield _line(
        request,
        request.later(1),
        level,
        pod,
        "ryot.http",
        f"{request.method} {request.path} {request.status}",
        **done,
        duration_ms=request.milliseconds,
        bytes=dice.randrange(200, 60_000),
        context=context,
    )
    if request.path != "/health":
        yield from _database(request, dice)


def _database(request: Request, dice: random.Random) -> Iterator[DemoEntry]:
    labels = {"service": "ryot", "job": "postgresql", "tier": "database", "pod": "ryot-db-0"}
    took = request.milliseconds * dice.uniform(0.2, 0.8) * (4 if dice.random() < 0.03 else 1)
    if took > 20:
        text = f"LOG:  duration: {took:.3f} ms  statement: {dice.choice(_STATEMENTS)}"
        yield DemoEntry(request.later(0.8), labels | {"level": "info"}, text)
    if request.incident and dice.random() < 0.25:
        used = dice.randrange(92, 101)
        text = f"FATAL:  remaining connection slots are reserved; connections: {used} of 100"
        yield DemoEntry(request.later(0.5), labels | {"level": "critical"}, text)
    elif dice.random() < 0.08:
        text = f"LOG:  connections: {dice.randrange(18, 44)} of 100"
        yield DemoEntry(request.later(0.5), labels | {"level": "info"}, text)


def _line(request: Request, at: int, level: str, pod: str, logger: str, message: str, **fields: Any) -> DemoEntry:
    body = {
        "timestamp": format_rfc3339_nano(at - at % 1_000_000),
        "level": level,
        "message": message,
        "logger": logger,
        "service": "ryot",
        "trace_id": request.trace,
        "span_id": request.trace[:16],
        **fields,
    }
    labels = {"service": "ryot", "job": "ryot", "tier": "main", "level": level, "pod": pod, "container": "api"}
    metadata = {"trace_id": request.trace, "span_id": request.trace[:16]}
    return DemoEntry(at, labels, json.dumps(body, separators=(",", ":")), metadata)


def _traceback(kind: str, message: str) -> str:
    return (
        "Traceback (most recent call last):\n"
        '  File "/app/ryot/http.py", line 88, in handle\n'
        "    return await endpoint(request)\n"
        '  File "/app/ryot/db.py", line 41, in fetch\n'
        "    async with pool.acquire(timeout=5) as connection:\n"
        f"ryot.errors.{kind}: {message}"
    )
