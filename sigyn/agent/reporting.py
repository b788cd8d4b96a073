"""The agent tells the servers that it pushes to what it reads, so that they can show it.

Servers that don't know what to do with that, as Loki's, say so once and are left in peace; it is a PUT, which
no server takes for a push. What is told is worth a moment only: nothing of it is kept or tried again.
"""

import asyncio
import json
import socket
from collections.abc import Callable, Sequence
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

import structlog

from sigyn.agent.counters import AgentCounters
from sigyn.agent.server import TargetRow
from sigyn.agent.shipping.client import PushClient

_log = structlog.get_logger("sigyn.agent.reporting")
_PERIOD = 10.0
_FIRST = 1.0  # seconds until the first report: by then files are found
_NOT_WANTED = (400, 401, 403, 404, 405, 501)
_PATH = "/sigyn/api/v1/agents"
_PUSH = "/loki/api/v1/push"


def report_of(rows: Sequence[TargetRow], counters: AgentCounters, started: int, positions: str) -> dict[str, Any]:
    """What is told: the targets with what is unread, and what waits to be sent. `started` is ns."""
    host = socket.gethostname()
    lags = counters.stream_lag.by_file()
    return {
        "id": blake2b(f"{host}\0{positions}".encode(), digest_size=8).hexdigest(),
        "host": host,
        "version": version("sigyn"),
        "started": started,
        "targets": [_target(row, lags) for row in rows],
        "buffered_bytes": int(counters.value("sigyn_agent_buffer_bytes")),
        "buffered_batches": int(counters.value("sigyn_agent_buffer_batches")),
    }


def _target(row: TargetRow, lags: dict[str, float]) -> dict[str, Any]:
    newest = str(row.details.get("Newest files", "")).split(", ")
    known = [lags[path] for path in newest if path in lags]
    return {
        "job": row.job,
        "type": row.kind,
        "state": row.state,
        "labels": dict(row.labels),
        "path": str(row.details.get("Path") or row.details.get("Address") or ""),
        "files": int(row.details.get("Files", 0)),
        "unread_bytes": int(row.details.get("Unread bytes", 0)),
        "lag_seconds": max(known) if known else None,
    }


async def tell(client: PushClient, report: Callable[[], dict[str, Any]]) -> None:
    """Tells one server, until it says that it does not want to know."""
    if not client.config.url.rstrip("/").endswith(_PUSH):
        return
    url = client.config.url.rstrip("/").removesuffix(_PUSH) + _PATH
    await asyncio.sleep(_FIRST)
    while True:
        status = await client.put_json(url, json.dumps(report()).encode())
        if status in _NOT_WANTED:
            _log.debug("this server does not want to know what is read", url=url, status=status)
            return
        await asyncio.sleep(_PERIOD)
