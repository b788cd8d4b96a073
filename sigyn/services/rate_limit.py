"""Token buckets: how much may come in a second, and at once."""

from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

from sigyn.model.time import MINUTE, SECOND

_MOST_BUCKETS = 100_000
_IDLE = 10 * MINUTE
_BETWEEN_LOOKS = MINUTE  # to look through a hundred thousand takes ten milliseconds


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled: int


class RateLimit:
    """Buckets by key. Safe to use from several threads."""

    def __init__(self) -> None:
        self._buckets: dict[Hashable, _Bucket] = {}
        self._looked = 0
        self._lock = Lock()

    def missing(self, key: Hashable, amount: float, rate: float, burst: float, now: int) -> float:
        """Takes `amount` out of a bucket that fills by `rate` a second up to `burst`; 0.0 when it was there.

        Else nothing is taken, and this is the seconds until it would be there, one at least.
        """
        burst = max(burst, rate)
        with self._lock:
            bucket = self._buckets.get(key)
            if bucket is None:
                self._forget_idle(now)
                bucket = self._buckets[key] = _Bucket(burst, now)
            passed = max(now - bucket.filled, 0)  # a clock that is set back takes nothing away
            bucket.tokens = min(burst, bucket.tokens + passed / SECOND * rate)
            bucket.filled = now
            if bucket.tokens >= amount:
                bucket.tokens -= amount
                return 0.0
            return max((min(amount, burst) - bucket.tokens) / rate, 1.0)

    def give_back(self, key: Hashable, amount: float) -> None:
        """Undoes a taking."""
        with self._lock:
            if key in self._buckets:
                self._buckets[key].tokens += amount

    def _forget_idle(self, now: int) -> None:
        if len(self._buckets) >= _MOST_BUCKETS and not 0 <= now - self._looked < _BETWEEN_LOOKS:
            self._looked = now
            self._buckets = {key: bucket for key, bucket in self._buckets.items() if now - bucket.filled < _IDLE}
