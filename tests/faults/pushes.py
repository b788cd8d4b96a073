"""Pushes from several tasks at once, each acknowledged entry written down. Run as a process, to be killed.

Each line on standard input is a JSON object `{"data": folder, "catalog": URL, "seed": n, "log": file}` and starts one
life: a child is forked, its process id is on standard output, and it opens the store and pushes until
it is killed. The line of an entry is unique: a reader can count it.
"""

import asyncio
import json
import os
import random
import sys
from pathlib import Path

import structlog
from store.entries import Row, batch, row

from sigyn.model.time import DAY
from sigyn.store import Store, StoreSettings

TASKS = 6


def entries(seed: int, task: int, push: int, chance: random.Random) -> list[Row]:
    """What one push sends: a few entries of a few streams over two days, of any order."""
    return [
        row(
            chance.choice("abcd"),
            chance.randrange(2 * DAY),
            f"{seed}/{task}/{push}/{number} {'x' * chance.randrange(200)}",
        )
        for number in range(chance.randrange(1, 20))
    ]


async def push_until_killed(data: Path, catalog: str, seed: int, log: int) -> None:
    """Pushes from several tasks; every line that was acknowledged is in the log before the next push."""
    settings = StoreSettings(
        data=data, catalog=catalog, compaction_age_seconds=0.02, compaction_segments=4, orphan_grace_seconds=-60
    )
    store = Store.open(settings)

    async def push_on(task: int) -> None:
        chance = random.Random(f"{seed}/{task}")
        for push in range(1_000_000):
            rows = entries(seed, task, push, chance)
            await store.append(batch(rows))
            os.write(log, "".join(f"{one.line}\n" for one in rows).encode())
            if chance.random() < 0.2:
                await asyncio.sleep(chance.random() * 0.01)

    await asyncio.gather(*(push_on(task) for task in range(TASKS)))


def say(text: str) -> None:
    """A line for the process that kills."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Forks a child for each life asked for; forking saves the time of the imports."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    batch([row("a", 1, "x")])  # Arrow imports pandas, where there is one, when it first reads a list
    for request in sys.stdin:
        life = json.loads(request)
        child = os.fork()
        if not child:
            log = os.open(life["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            asyncio.run(push_until_killed(Path(life["data"]), life["catalog"], life["seed"], log))
        say(f"{child}")
        os.waitpid(child, 0)
        say("gone")


if __name__ == "__main__":
    main()
