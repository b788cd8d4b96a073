"""What one query may ask for, and the refusal of what asks for more."""

from dataclasses import dataclass, field
from math import ceil

from sigyn.engine.log_ranges import log_ranges
from sigyn.engine.scan import Scan
from sigyn.languages.durations import format_go_duration
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError
from sigyn.model.time import HOUR, MINUTE, SECOND
from sigyn.services.query_checks import QueryChecks
from sigyn.store.archives.ledger import RestoreBounds

MAX_TIME = (1 << 63) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLimits:
    """What one query may ask for; names and defaults are Loki's.

    max_query_series  series of an answer; the largest are kept and a warning says so
    max_query_length  ns between start and end; 0: any
    max_window        ns of the range that a query names itself, `[1h]`; 0: max_query_length
    max_query_lookback  ns before now from which entries are found; 0: any
    max_query_range   ns that a range aggregation may look back; 0: any
    max_query_bytes_read  text that a selector may have to read; 0: any
    max_answer_bytes  text that the entries of an answer may have; 0: any
    restores          archived objects that queries may have restored in 24 hours
    query_timeout     ns; what was found until then is the answer, with a warning
    strict_errors     an entry that a stage can't read fails a metric query, as in Loki; else such
                      entries are left out, and a warning counts them
    extensions        queries may use what Loki's language lacks (docs/logql.md, Beyond Loki)
    require_non_empty_matcher   refuse selectors that match all streams, as Loki does
    max_cache_freshness_per_query   ns before now of which no answers are cached
    max_query_parallelism   queries of the tenant that run at a time; 0: as many as run at all
    max_query_capacity      the same as a part of those that run at all, 0 to 1; 0: as many
    max_outstanding         queries of the tenant that wait; more are refused. 0: any number
    checks            what is asked of the text of a query
    """

    max_query_series: int = 500
    max_query_length: int = 721 * HOUR
    max_window: int = 0
    max_query_lookback: int = 0
    max_query_range: int = 0
    max_query_bytes_read: int = 0
    max_answer_bytes: int = 0
    restores: RestoreBounds = RestoreBounds()
    query_timeout: int = 60 * SECOND
    strict_errors: bool = False
    extensions: bool = True
    require_non_empty_matcher: bool = False
    max_cache_freshness_per_query: int = 1 * MINUTE
    max_query_parallelism: int = 0
    max_query_capacity: float = 0.0
    max_outstanding: int = 0
    checks: QueryChecks = field(default_factory=QueryChecks)

    def at_a_time(self, most: int) -> int:
        """Queries of the tenant that run at a time, of `most` that run at all; 0: as many."""
        share = ceil(self.max_query_capacity * most)
        return min(filter(None, (self.max_query_parallelism, share)), default=0)

    def check_length(self, length: int) -> None:
        """Refuses a range of so many ns, in Loki's words, when it is too long."""
        _check_length(length, self.max_query_length)

    def check_window(self, length: int) -> None:
        """The same for a range that a query names itself."""
        _check_length(length, self.max_window or self.max_query_length)

    def oldest(self, now: int) -> int:
        """ns since the epoch from which entries are found."""
        return now - self.max_query_lookback if self.max_query_lookback else -MAX_TIME


def _check_length(length: int, longest: int) -> None:
    if longest and length > longest:
        raise QueryError(
            f"the query time range exceeds the limit (query length: {format_go_duration(length)}, "
            f"limit: {format_go_duration(longest)}, set by max_query_length)"
        )


def check_ranges(query: ast.MetricQuery, limits: QueryLimits) -> None:
    """Refuses range aggregations over too long a time, as Loki does."""
    longest = limits.max_query_range
    interval = max((found.interval for found in log_ranges(query)), default=0)
    limits.check_window(interval)
    if longest and interval > longest:
        raise QueryError(
            f"[interval] value exceeds limit: {interval // SECOND}s > {longest // SECOND}s, set by max_query_range"
        )


def check_bytes(scan: Scan, most: int) -> None:
    """Refuses to read over `most` bytes of text, after all is left out that can be; in Loki's words."""
    size = sum(part.segment.text_bytes * part.rows // part.segment.rows for part in scan.parts)
    if size > most:
        raise QueryError(
            f"the query would read too many bytes (query: {size} bytes, limit: {most} bytes, set by "
            "max_query_bytes_read); consider adding more specific stream selectors or reduce the time range of the "
            "query"
        )
