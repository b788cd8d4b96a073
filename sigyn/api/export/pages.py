"""A log query read page by page: constant memory, no cap, complete groups of equal time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

from sigyn.api.export.rows import Cursor, Row, rows_of
from sigyn.api.services import Queries
from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.results import LogEntry, LogResult
from sigyn.services.query import QueryRequest

_FIRST_PAGE = 1_000
_LEAST_PAGE = 100
_LARGEST_PAGE = 50_000
_GROWTH = 4


@dataclass(frozen=True, slots=True)
class Export:
    """What to export: `request` without its limit, from `after` on, at most `limit` rows (0: all).

    allow_missing  whether to go on without the entries of objects that are in quarantine
    missing        what was said of these, filled as pages are read: the first page knows of all
    """

    request: QueryRequest
    after: Cursor | None
    limit: int
    page_bytes: int
    allow_missing: bool = False
    missing: list[str] = field(default_factory=list)


async def read_pages(queries: Queries, export: Export) -> AsyncIterator[list[Row]]:
    """The rows in order, in pages of roughly `page_bytes` of text.

    Raises BadRequest when the query is not a log query, Unavailable when a page comes back
    incomplete, unless that is allowed: an export never leaves rows out silently.
    """
    left = export.limit
    async for page in _pages(queries, export):
        rows = [row for row in page if _is_after(row.cursor, export)]
        if export.limit:
            rows = rows[:left]
            left -= len(rows)
        yield rows
        if export.limit and left <= 0:
            return


async def _pages(queries: Queries, export: Export) -> AsyncIterator[list[Row]]:
    request = _resumed(export)
    forward = request.direction == "forward"
    count = _FIRST_PAGE
    while request.start < request.end:
        entries = await _read(queries, export, replace(request, limit=count))
        if len(entries) < count:
            yield _ordered(entries, forward)
            return
        last = entries[-1].timestamp
        complete = [entry for entry in entries if entry.timestamp != last]
        if complete:
            yield _ordered(complete, forward)
            request = replace(request, start=last) if forward else replace(request, end=last + 1)
        else:
            yield _ordered(await _read_instant(queries, export, last, count), forward)
            request = replace(request, start=last + 1) if forward else replace(request, end=last)
        count = _next_count(entries, export.page_bytes)


def _resumed(export: Export) -> QueryRequest:
    request, after = export.request, export.after
    if after is None:
        return request
    if request.direction == "forward":
        return replace(request, start=max(request.start, after.timestamp))
    return replace(request, end=min(request.end, after.timestamp + 1))


def _is_after(cursor: Cursor, export: Export) -> bool:
    if export.after is None:
        return True
    return cursor > export.after if export.request.direction == "forward" else cursor < export.after


def _ordered(entries: list[LogEntry], forward: bool) -> list[Row]:
    rows = rows_of(entries)
    return rows if forward else rows[::-1]


async def _read_instant(queries: Queries, export: Export, timestamp: int, count: int) -> list[LogEntry]:
    instant = replace(export.request, start=timestamp, end=timestamp + 1)
    while True:
        count *= _GROWTH
        entries = await _read(queries, export, replace(instant, limit=count))
        if len(entries) < count:
            return entries


async def _read(queries: Queries, export: Export, request: QueryRequest) -> list[LogEntry]:
    answer = await queries.query_range(request)
    if not isinstance(answer.result, LogResult):
        raise BadRequest("only log queries can be exported: write a selector and, if need be, a pipeline")
    if answer.warnings and not (export.allow_missing and answer.is_whole):
        hint = "; `allow_missing=true` (--allow-missing) leaves them out" if answer.is_whole else ""
        raise Unavailable(f"the export can't go on, a page is incomplete: {'; '.join(answer.warnings)}{hint}")
    export.missing.extend(warning for warning in answer.warnings if warning not in export.missing)
    return answer.result.entries


def _next_count(entries: list[LogEntry], page_bytes: int) -> int:
    size = sum(len(entry.line) for entry in entries) // len(entries) + 200
    return max(_LEAST_PAGE, min(_LARGEST_PAGE, page_bytes // size))
