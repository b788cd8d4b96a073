"""A process that may open no more than a few files, which nothing else in it opens meanwhile."""

import asyncio
import multiprocessing
import os
import resource
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from itertools import count, islice
from pathlib import Path


def run_apart(work: Callable[[Path], Coroutine[object, object, None]], data: Path) -> None:
    """Run a test's work in a process of its own: threads of other tests may want files at any time."""
    process = multiprocessing.get_context("spawn").Process(target=_run, args=(work, data))
    process.start()
    process.join()
    assert process.exitcode == 0, "what failed is printed above"


def _run(work: Callable[[Path], Coroutine[object, object, None]], data: Path) -> None:
    asyncio.run(work(data))


@contextmanager
def room_for_files(more: int) -> Iterator[None]:
    """This process may open so many files more than it has open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_free_descriptor(more), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def _free_descriptor(skipped: int) -> int:
    """The lowest one that is free, but for so many."""
    taken = set(map(int, os.listdir("/proc/self/fd")))
    return next(islice((number for number in count() if number not in taken), skipped, None))
