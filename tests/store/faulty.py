"""An object store that refuses, delays, tears and forgets by seed."""

import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock

from sigyn.model.errors import Unavailable
from sigyn.store.objects import ObjectStore, StoredObject


@dataclass(frozen=True, slots=True)
class Faults:
    """How likely each fault is, from 0 to 1.

    refuse       a call fails and does nothing
    lose_answer  a put is done and fails all the same
    tear         a put leaves the first half of the object and fails
    delay        a call takes `delay_seconds` longer
    """

    refuse: float = 0.0
    lose_answer: float = 0.0
    tear: float = 0.0
    delay: float = 0.0
    delay_seconds: float = 0.002


class FaultyObjects:
    """Wraps a store; `faults` may be changed at any time, `gate` holds puts back while it is clear.

    `refusal` is asked with `put`, `get`, `head` or `delete` and the key, and gives what the call raises, or None.
    """

    def __init__(self, inner: ObjectStore, faults: Faults, seed: int) -> None:
        self.faults = faults
        self.gate = Event()
        self.gate.set()
        self.puts = 0
        self.refusal: Callable[[str, str], Exception | None] = lambda _action, _key: None
        self._inner = inner
        self._random = random.Random(seed)
        self._lock = Lock()

    def put(self, key: str, body: bytes | memoryview) -> None:
        self.gate.wait()
        with self._lock:
            self.puts += 1
        self._disturb("put", key)
        if self._happens(self.faults.tear):
            self._inner.put(key, body[: len(body) // 2])
            raise Unavailable(f"fault: put {key} was torn")
        self._inner.put(key, body)
        if self._happens(self.faults.lose_answer):
            raise Unavailable(f"fault: the answer to put {key} was lost")

    def put_new(self, key: str, body: bytes) -> bool:
        self._disturb("put", key)
        return self._inner.put_new(key, body)

    def put_small(self, key: str, body: bytes) -> None:
        self._disturb("put", key)
        self._inner.put_small(key, body)

    def get(self, key: str) -> bytes | memoryview:
        self._disturb("get", key)
        return self._inner.get(key)

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        self._disturb("get", key)
        return self._inner.get_range(key, start, end)

    def fetch(self, wanted: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        self._inner.fetch(wanted)

    def size(self, key: str) -> int:
        self._disturb("head", key)
        return self._inner.size(key)

    def delete(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._disturb("delete", key)
        self._inner.delete(keys)

    def list(self, folder: str = "") -> Iterator[StoredObject]:
        self._disturb("list", folder)
        return self._inner.list(folder)

    def path(self, key: str) -> Path | None:
        del key  # reads go through get_range, where faults are
        return None

    def look_again(self, key: str) -> None:
        self._inner.look_again(key)

    def _disturb(self, action: str, key: str) -> None:
        if self._happens(self.faults.delay):
            time.sleep(self.faults.delay_seconds)
        if self._happens(self.faults.refuse):
            raise Unavailable(f"fault: {action} {key} was refused")
        refusal = self.refusal(action, key)
        if refusal is not None:
            raise refusal

    def _happens(self, likelihood: float) -> bool:
        with self._lock:
            return self._random.random() < likelihood
