"""Parses what range aggregations run over: a log query with a range, an offset and an unwrap.

The range may stand behind the pipeline, or before it; parentheses may go around the query or around
the whole.
"""

from dataclasses import dataclass

from sigyn.languages.durations import parse_duration
from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.ast import LogQuery, LogRange, Span, Unwrap
from sigyn.languages.logql.diagnostics import extension_error
from sigyn.languages.logql.selectors import parse_stream_selector
from sigyn.languages.logql.stages import at_pipe, at_stage, parse_stages, parse_unwrap


@dataclass(frozen=True, slots=True)
class _Part:
    """What was read so far; without an interval when the range has not come yet."""

    query: LogQuery
    unwrap: Unwrap | None
    interval: int | None
    offset: int


def parse_log_range(cursor: Cursor) -> LogRange:
    """`{...} | ... | unwrap x [5m] offset 1h`."""
    start = cursor.token.start
    part = _parse_part(cursor)
    if cursor.extended and at_pipe(cursor):
        # Two tokens on, where Loki's reading of a pipe ends too: of two readings the longer one is told.
        behind = cursor.tokens[min(cursor.position + 2, len(cursor.tokens) - 1)]
        message = f"`{cursor.look_text(1)}` is a pipe, and a range aggregation takes stages only"
        raise extension_error(cursor.query, behind, message, "put the pipes behind a log query: {...} | stats count()")
    if part.interval is None and not (cursor.extended and cursor.kind == ")"):
        # A pipeline could go on here just as well, so Loki names nothing.
        raise cursor.unexpected()
    return LogRange(part.query, part.interval or 0, part.offset, part.unwrap, Span(start, cursor.last_end))


def _parse_part(cursor: Cursor) -> _Part:
    if cursor.accept("("):
        cursor.descend()
        part = _parse_part(cursor)
        cursor.expect(")", *(() if part.interval is not None else ("RANGE", "|", "|=", "|~", "!=")))
        cursor.ascend()
        return _parse_range(cursor, part) if part.interval is None else part
    start = cursor.token.start
    selector = parse_stream_selector(cursor)
    stages = parse_stages(cursor)
    unwrap = parse_unwrap(cursor)
    query = LogQuery(selector, stages, Span(start, cursor.last_end))
    return _parse_range(cursor, _Part(query, unwrap, None, 0))


def _parse_range(cursor: Cursor, part: _Part) -> _Part:
    """The range with its offset, and the pipeline behind it unless there was one before."""
    if cursor.kind != "RANGE":
        return part
    interval = parse_duration(cursor.advance().value)
    offset = parse_offset(cursor)
    if part.query.stages or part.unwrap is not None:
        return _Part(part.query, part.unwrap, interval, offset)
    stages = parse_stages(cursor) if at_stage(cursor) else ()
    unwrap = parse_unwrap(cursor)
    query = LogQuery(part.query.selector, stages, Span(part.query.span.start, cursor.last_end))
    return _Part(query, unwrap, interval, offset)


def parse_offset(cursor: Cursor) -> int:
    """`offset 1h`, `offset -10m`, in ns; 0 when there is none."""
    if not cursor.accept("offset"):
        return 0
    negative = cursor.accept("-") is not None
    offset = parse_duration(cursor.expect("DURATION").value)
    return -offset if negative else offset
