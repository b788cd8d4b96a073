"""The agents: tasks and memory operations as JSON, and the calls that they make to the other services."""

import json
import random
from collections.abc import Iterator
from typing import Any

from sigyn.demo.entry import DemoEntry
from sigyn.demo.traffic import Request

_AGENTS = {"apex": "1", "cipher": "1", "velocity": "2", "nexus": "3"}
_CALLED = ("ryot", "sigmavault", "sigmalang")


def lines(request: Request, dice: random.Random) -> Iterator[DemoEntry]:
    """What an agent writes when a request sets it to work."""
    if dice.random() > 0.22:
        return
    agent = dice.choice(list(_AGENTS))
    task = f"task-{request.number[:6]}"
    took = round(request.milliseconds * dice.uniform(8, 60), 1)
    yield _line(request, 0.2, agent, "debug", "task", message="task accepted", task_id=task)
    for operation in range(dice.randrange(3)):
        kind = dice.choice(("recall", "store", "prune"))
        share = 0.3 + operation / 10
        yield _line(request, share, agent, "info", "memory_op", message=f"memory {kind}", task_id=task, memory_ops=1)
    called = dice.choice(_CALLED)
    yield DemoEntry(
        request.later(0.5),
        {"service": "agents", "job": "agents", "component": "caller", "level": "debug"},
        json.dumps({"service": "agents", "called_service": called, "trace_id": request.trace}, separators=(",", ":")),
        {"trace_id": request.trace},
    )
    failed = request.incident and dice.random() < 0.5
    level = "error" if failed else "warn" if took > 5000 else "info"
    message = "task failed: no answer from ryot" if failed else "task done"
    done = {"duration_ms": took, "duration": took, "memory_ops": dice.randrange(1, 9)}
    yield _line(request, 1.1, agent, level, "task", message=message, task_id=task, **done)


def _line(request: Request, share: float, agent: str, level: str, kind: str, **fields: Any) -> DemoEntry:
    labels = {"service": "agents", "job": "agents", "type": kind, "agent": agent, "agent_tier": _AGENTS[agent]}
    body = {"level": level, "agent": agent, "trace_id": request.trace, **fields}
    text = json.dumps(body, separators=(",", ":"))
    return DemoEntry(request.later(share), labels | {"level": level}, text, {"trace_id": request.trace})
