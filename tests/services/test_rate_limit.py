"""Buckets of many streams."""

from sigyn.model.time import MINUTE
from sigyn.services.rate_limit import RateLimit

HASHED = [0]


class Key:
    """Counts how often it is looked at."""

    def __hash__(self) -> int:
        HASHED[0] += 1
        return id(self)


def test_a_new_stream_does_not_look_through_all_that_are_busy() -> None:
    limit = RateLimit()
    for number in range(100_000):
        limit.missing(("busy", Key(), number), 1, 100, 100, MINUTE)
    HASHED[0] = 0
    for number in range(50):
        limit.missing(("new", Key(), number), 1, 100, 100, 2 * MINUTE + number)
    assert HASHED[0] < 300_000
