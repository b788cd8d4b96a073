"""sigmalang, the compiler: plain text in colour, and errors of several lines."""

import random
from collections.abc import Iterator

from sigyn.demo.entry import DemoEntry
from sigyn.demo.traffic import Request

_GREEN, _YELLOW, _RED, _DIM, _RESET = "\x1b[32m", "\x1b[33m", "\x1b[31;1m", "\x1b[2m", "\x1b[0m"
_MODULES = ("core/arith.sg", "core/list.sg", "app/main.sg", "app/query.sg", "net/http.sg")


def lines(request: Request, dice: random.Random) -> Iterator[DemoEntry]:
    """What the compiler writes about a request that compiles."""
    if request.path != "/api/compile":
        return
    module = dice.choice(_MODULES)
    yield _line(request, 0.1, "info", f"{_GREEN}INFO{_RESET}  compiling {module} {_DIM}trace={request.trace}{_RESET}")
    if request.status >= 500 or dice.random() < 0.06:
        line, column = dice.randrange(2, 240), dice.randrange(4, 30)
        text = (
            f"{_RED}ERROR{_RESET} {module}:{line}:{column}: type mismatch\n"
            f"  {line} | let total = fold(+, 0, items)\n"
            f"  {' ' * len(str(line))} | {' ' * column}^^^^^ expected List[Int], found List[Text]\n"
            "  note: `items` is declared in app/query.sg:12"
        )
        yield _line(request, 0.6, "error", text)
        return
    if dice.random() < 0.3:
        name = dice.choice(("left", "acc", "tmp", "unused_result"))
        text = f"{_YELLOW}WARN{_RESET}  {module}:{dice.randrange(2, 240)}: `{name}` is never used"
        yield _line(request, 0.5, "warn", text)
    text = f"{_GREEN}INFO{_RESET}  compiled {module} in {request.milliseconds * 0.8:.1f}ms, {dice.randrange(2, 90)} kB"
    yield _line(request, 0.9, "info", text)


def _line(request: Request, share: float, level: str, text: str) -> DemoEntry:
    labels = {"service": "sigmalang", "job": "sigmalang", "tier": "compiler", "level": level, "pod": "sigmalang-0"}
    return DemoEntry(request.later(share), labels, text, {"trace_id": request.trace})
