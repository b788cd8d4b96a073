"""sigmavault, the vault: an audit trail in logfmt, labelled by operation and outcome."""

import random
from collections.abc import Iterator

from sigyn.demo.entry import DemoEntry
from sigyn.demo.traffic import Request


def lines(request: Request, dice: random.Random) -> Iterator[DemoEntry]:
    """What the vault writes about a request: logins, and now and then a read of a secret."""
    address = f"10.4.{dice.randrange(4)}.{dice.randrange(2, 250)}"
    if request.path == "/api/login":
        failed = request.status == 401
        outcome, level = ("failure", "warn") if failed else ("success", "info")
        reason = ' reason="wrong password"' if failed else ""
        text = f"level={level} op=auth user={request.user} ip={address} status={outcome}{reason} took=12.4ms"
        yield _line(request, "auth", outcome, level, text)
    elif dice.random() < 0.15:
        key = dice.choice(("db/ryot", "oauth/client", "tls/ingress", "agents/token"))
        lease = dice.randrange(600, 7200)
        text = (
            f"level=info op=read user={request.user} ip={address} status=success secret={key} lease={lease}s "
            f"bytes={dice.randrange(64, 4096)} took={dice.uniform(0.4, 9):.1f}ms trace_id={request.trace}"
        )
        yield _line(request, "read", "success", "info", text)


def _line(request: Request, operation: str, status: str, level: str, text: str) -> DemoEntry:
    labels = {"service": "sigmavault", "job": "sigmavault", "tier": "security", "operation": operation}
    labels |= {"status": status, "level": level, "pod": "sigmavault-0"}
    return DemoEntry(request.later(0.3), labels, text, {"trace_id": request.trace})
