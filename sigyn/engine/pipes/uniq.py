"""`| uniq by (a, b)`: what `| stats count() by (a, b)` gives, without the counts."""

from sigyn.languages.logql.pipes import Fields, Stats, Uniq
from sigyn.languages.logql.pipes.stats import Key, Measure


def uniq_as_stats(pipe: Uniq) -> tuple[Stats, Fields]:
    """The pipes that do the same."""
    free = "count" + "_" * (1 + max(map(len, pipe.names)))
    return Stats((Measure("count", free),), tuple(map(Key, pipe.names))), Fields(pipe.names)
