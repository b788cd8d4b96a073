"""Work that waits for an object store, several pieces at a time."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Event
from typing import TypeVar

from sigyn.model.errors import SigynError, Unavailable

AT_ONCE = 16
"""Requests of one reader: the latency of each is some tens of ms, and a thread waits for it."""

Item = TypeVar("Item")


def side_by_side(work: Callable[[Item], object], items: Sequence[Item], name: str) -> None:
    """Does `work` for each item, on threads called `name`, ahead of who needs it and will ask again.

    So what can't be done is passed over, and the rest is not begun when the object store is away: each request to it
    may take as long as its timeout. Raises no SigynError.
    """
    away = Event()

    def do(item: Item) -> None:
        if away.is_set():
            return
        with suppress(SigynError):
            try:
                work(item)
            except Unavailable:
                away.set()

    with ThreadPoolExecutor(min(len(items), AT_ONCE), name) as pool:
        for _ in pool.map(do, items):
            pass
