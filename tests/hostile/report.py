"""Figures of docs/security.md: `python -m tests.hostile.report` sends the corpus and says what came of it."""

import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from .requests import corpus, send
from .server import attacked_server


def main() -> None:
    for locked in (False, True):
        with TemporaryDirectory() as folder, attacked_server(Path(folder), locked=locked) as server:
            before = server.memory
            statuses: Counter[int] = Counter()
            slowest = (0.0, "")
            for request in corpus():
                began = time.perf_counter()
                statuses[send(request, server.url, server.grpc).status] += 1
                slowest = max(slowest, (time.perf_counter() - began, str(request)))
            print(f"{'locked' if locked else 'open'}: {sum(statuses.values())} requests")  # noqa: T201
            for status, count in sorted(statuses.items()):
                print(f"  {status or 'closed'}: {count}")  # noqa: T201
            print(f"  memory at its highest: {before >> 20} MB before, {server.memory >> 20} MB after")  # noqa: T201
            print(f"  slowest: {slowest[0]:.2f} s, line {slowest[1]}")  # noqa: T201


if __name__ == "__main__":
    main()
