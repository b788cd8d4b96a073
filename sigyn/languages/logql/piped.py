"""Parses log queries, with the pipes and the range that our dialect lets them have."""

from sigyn.languages.durations import parse_duration
from sigyn.languages.lexer import Cursor
from sigyn.languages.logql import ast
from sigyn.languages.logql.ast import Span
from sigyn.languages.logql.diagnostics import extension_error
from sigyn.languages.logql.hints import hint_for_stage
from sigyn.languages.logql.pipes import PIPES, Pipe
from sigyn.languages.logql.pipes.where import parse_where
from sigyn.languages.logql.selectors import parse_stream_selector
from sigyn.languages.logql.stages import COMPARISONS, LINE_FILTERS, at_pipe, parse_number_stage, parse_stages


def parse_log_query(cursor: Cursor) -> ast.LogQuery | ast.PipedQuery:
    """`{...} | stage`; as an extension also `{...} | unwrap x [1h] | pipe`."""
    start = cursor.token.start
    selector = parse_stream_selector(cursor)
    stages = parse_stages(cursor)
    if not cursor.extended:
        if cursor.accept("|"):
            # Only `unwrap` was left over, which a log query of Loki's can't have.
            raise cursor.unexpected()
        return ast.LogQuery(selector, stages, Span(start, cursor.last_end))
    stages += _parse_more_stages(cursor)
    interval = 0
    if cursor.kind == "RANGE":
        interval = parse_duration(cursor.advance().value)
        stages += parse_stages(cursor) + _parse_more_stages(cursor)
    query = ast.LogQuery(selector, stages, Span(start, cursor.last_end))
    pipes = _parse_pipes(cursor)
    if not pipes and not interval:
        return query
    return ast.PipedQuery(query, pipes, interval, Span(start, cursor.last_end))


def _parse_more_stages(cursor: Cursor) -> tuple[ast.Stage, ...]:
    """`| unwrap x`, and stages behind it."""
    stages: list[ast.Stage] = []
    while cursor.kind == "|" and cursor.look(1) == "unwrap":
        stages.append(parse_number_stage(cursor))
        stages += parse_stages(cursor)
    return tuple(stages)


def _parse_pipes(cursor: Cursor) -> tuple[Pipe, ...]:
    pipes: list[Pipe] = []
    while cursor.kind == "|":
        if not at_pipe(cursor) and not pipes:
            cursor.advance()
            raise cursor.unexpected()
        pipes.append(_parse_pipe(cursor))
    if pipes and cursor.kind in LINE_FILTERS:
        raise extension_error(
            cursor.query, cursor.token, "a line filter can't stand behind a pipe", "move it in front of all pipes"
        )
    return tuple(pipes)


def _parse_pipe(cursor: Cursor) -> Pipe:
    is_pipe = at_pipe(cursor)
    start = cursor.advance().start
    if is_pipe:
        return PIPES[cursor.advance().text.lower()](cursor, start)
    word = cursor.token
    behind = cursor.look(1)
    if word.kind == "(" or (
        word.kind == "IDENTIFIER" and (behind in COMPARISONS or cursor.look_text(1) in ("in", "not"))
    ):
        return parse_where(cursor, start)
    if word.kind == "IDENTIFIER":
        raise extension_error(cursor.query, word, f"there is no pipe `{word.text}`", hint_for_stage(word.text))
    if word.kind != "$end":
        hint = "stages stand in front of pipes, which turn entries into rows"
        raise extension_error(cursor.query, word, f"`{word.text}` can't stand behind a pipe", hint)
    raise cursor.unexpected()
