"""Soft limits of queries: what is over them is cut, and the answer says so.

Loki refuses such queries with 400, which leaves a panel empty.
"""

from dataclasses import dataclass

from sigyn.api.settings import ApiSettings
from sigyn.model.rfc3339 import format_rfc3339
from sigyn.model.time import TimeRange


@dataclass(frozen=True, slots=True)
class LimitedRange:
    """What is left of a range, and what the person who asked should know."""

    range: TimeRange
    warnings: tuple[str, ...]


def cap_entries(limit: int, settings: ApiSettings) -> tuple[int, tuple[str, ...]]:
    """The limit within `max_entries_limit_per_query`, and a warning when it was lowered."""
    most = settings.max_entries_limit_per_query
    if not most or limit <= most:
        return limit, ()
    return most, (
        f"limit={limit} was lowered to {most} (max_entries_limit_per_query): "
        "page by time, or use /sigyn/api/v1/export for everything",
    )


def cap_range(asked: TimeRange, now: int, settings: ApiSettings) -> LimitedRange:
    """The part of the range within `max_query_length` and `max_query_lookback`."""
    start, end = asked.start, asked.end
    warnings: list[str] = []
    if settings.max_query_length and end - start > settings.max_query_length:
        start = end - settings.max_query_length
        warnings.append(_cut("max_query_length", start, end))
    if settings.max_query_lookback and start < now - settings.max_query_lookback:
        start = now - settings.max_query_lookback
        end = max(start, end)
        warnings.append(_cut("max_query_lookback", start, end))
    return LimitedRange(TimeRange(start, end), tuple(warnings))


def _cut(limit: str, start: int, end: int) -> str:
    return f"the range was cut to {format_rfc3339(start)} .. {format_rfc3339(end)} ({limit})"
