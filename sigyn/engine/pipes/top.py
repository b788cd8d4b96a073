"""`| top 5 by (path)`: what `| stats count() as hits by (path) | sort by (hits desc) | limit 5` gives."""

from sigyn.languages.logql.pipes import Limit, Sort, Stats, Top
from sigyn.languages.logql.pipes.sort import SortKey
from sigyn.languages.logql.pipes.stats import Key, Measure
from sigyn.languages.logql.pipes.top import HITS


def top_as_stats(pipe: Top) -> tuple[Stats, Sort, Limit]:
    """The pipes that do the same; of combinations with as many hits the first in order of their values count."""
    stats = Stats((Measure("count", HITS),), tuple(map(Key, pipe.names)))
    return stats, Sort((SortKey(HITS, descending=True),)), Limit(pipe.count)
