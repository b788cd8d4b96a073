"""Two dozen entries in which each query of the five documents finds something."""

import asyncio
import json

import pyarrow as pa

from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.model.labels import labels_of
from sigyn.model.time import HOUR, SECOND
from sigyn.store.store import Store

TENANT = "fake"
START = 1_768_471_200 * SECOND
"""2026-01-15T10:00:00Z; the entries lie in the hour behind it, half a minute apart in a stream."""

END = START + HOUR

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def _json(**fields: object) -> str:
    return json.dumps(fields, separators=(",", ":"))


STREAMS: list[tuple[dict[str, str], list[str]]] = [
    (
        {"service": "ryot", "level": "error", "version": "v1", "pod": "ryot-1", "container": "api"},
        [_json(message="db down", status=500, request_id=f"r{number}") for number in range(4)],
    ),
    (
        {"service": "ryot", "level": "error", "version": "v2", "pod": "ryot-1", "container": "api"},
        [_json(message="cache down" if number else "auth did fail", request_id=f"q{number}") for number in range(5)],
    ),
    ({"service": "ryot", "level": "info", "pod": "ryot-2", "container": "api"}, ["x - GET /a HTTP 503 12ms", "debug"]),
    (
        {"service": "ryot", "trace_id": TRACE, "level": "error"},
        [_json(service="ryot", span_id=f"s{number}", level="error", message="late") for number in range(2)],
    ),
    (
        {"service": "sigmalang", "trace_id": "abc123def456", "level": "info"},
        [_json(service="sigmalang", level="info", message="compiled")],
    ),
    (
        {"service": "sigmavault", "operation": "auth", "status": "failure", "level": "warn"},
        [_json(user="ann", timestamp="2026-01-15T10:00:01Z")],
    ),
    (
        {"service": "agents", "type": "task"},
        [_json(agent="a1", task_id=f"t{n}", duration_ms=4000 + 2000 * n, duration=n, memory_ops=n) for n in range(3)],
    ),
    ({"service": "agents", "type": "memory_op", "agent": "a2"}, [_json(agent="a2", memory_ops=7, duration=1.5)]),
    (
        {"component": "http_client"},
        [_json(service="shop", called_service=name) for name in ("bank", "mail", "bank")],
    ),
    ({"component": "caller"}, [_json(service="shop", called_service=name) for name in ("bank", "mail", "bank")]),
    ({"service": "web", "status": "200"}, ["ok"] * 3),
    ({"service": "api", "level": "error"}, [_json(message="again and again")] * 12),
    ({"tier": "debug"}, ["d"]),
    ({"tier": "prod"}, ["p"]),
    (
        {"job": "fraiseql-app"},
        [
            _json(
                level="error",
                trace_id="abc123def456",
                context={"user_id": "user_789", "tenant_id": "t1"},
                exception_type="DatabaseConnectionError",
                message="authentication failed",
            ),
            _json(level="info", context={"user_id": "user_1", "tenant_id": "t1"}, message="hello"),
        ],
    ),
    ({"job": "fraiseql-app", "level": "error"}, [_json(context={"tenant_id": "t2"}, message="boom")]),
    ({"job": "fraiseql-app", "level": "info"}, [_json(message="hello")]),
    ({"job": "fraiseql-errors"}, [_json(fingerprint="f1"), _json(fingerprint="f1"), _json(fingerprint="f2")]),
    ({"job": "postgresql"}, ["duration: 1500.25 ms", "duration: 3.5 ms", "checkpoint complete"]),
    ({"job": "test"}, ["hello"]),
    ({"service_name": "integr8scode-saga-orchestrator"}, ["started"]),
    (
        {"service_namespace": "integr8scode"},
        [_json(level="error", execution_id="abc123", trace_id="0af7651916cd43dd8448eb211c80319c"), _json(level="info")],
    ),
    ({"job": "ybuilt-api"}, [_json(trace_id="<trace_id>"), _json(trace_id="other")]),
]


def load(store: Store) -> None:
    """Put the entries into a store."""
    asyncio.run(_load(store))


async def _load(store: Store) -> None:
    for place, (labels, lines) in enumerate(STREAMS):
        count = len(lines)
        times = [START + (place + 1) * SECOND + number * 30 * SECOND for number in range(count)]
        columns = [
            pa.array([0] * count, pa.int32()),
            pa.array(times, pa.int64()),
            pa.array(lines, pa.string()),
            pa.nulls(count, pa.string()),
            pa.nulls(count, pa.string()),
        ]
        await store.append(Batch(TENANT, (labels_of(labels),), pa.table(columns, schema=ENTRY_SCHEMA)))
