"""`user_id in ({...} | json | fields user_id)`: the inner query runs first, its values take its place."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sigyn.engine.pipes.values import texts_of
from sigyn.languages.logql import ast
from sigyn.languages.logql.checks import log_queries
from sigyn.languages.logql.pipes import Fields, Uniq, Where
from sigyn.languages.logql.rewriting import rewritten
from sigyn.model.errors import QueryError
from sigyn.model.results import LogResult, TableResult

MAX_VALUES = 20_000
"""Distinct values that a subquery may give: they become a list in a filter."""

Run = Callable[[ast.PipedQuery], LogResult | TableResult]
"""Runs a query without subqueries."""

AnyQuery = TypeVar("AnyQuery", bound=ast.LogQuery | ast.PipedQuery | ast.MetricQuery)


def resolved(query: AnyQuery, run: Run) -> AnyQuery:
    """The query with the values of its subqueries in their places. Raises QueryError."""

    def predicate(found: ast.Predicate) -> ast.Predicate:
        match found:
            case ast.InSubquery(name, inner, negative):
                return ast.OneOf(name, _values(name, inner, run), negative)
            case _:
                return found

    return rewritten(query, predicate) if has_subqueries(query) else query


def has_subqueries(query: ast.LogQuery | ast.PipedQuery | ast.MetricQuery) -> bool:
    """Whether some filter of the query holds a query of its own."""
    filters: list[ast.LabelFilter | Where] = []
    for log_query, unwrap in log_queries(query):
        stages = (*log_query.stages, *(unwrap.filters if unwrap else ()))
        filters += (stage for stage in stages if isinstance(stage, ast.LabelFilter))
    if isinstance(query, ast.PipedQuery):
        filters += (pipe for pipe in query.pipes if isinstance(pipe, Where))
    return any(_holds_subquery(one.predicate) for one in filters)


def _holds_subquery(predicate: ast.Predicate) -> bool:
    match predicate:
        case ast.And(left, right) | ast.Or(left, right):
            return _holds_subquery(left) or _holds_subquery(right)
        case _:
            return isinstance(predicate, ast.InSubquery)


def _values(name: str, query: ast.LogQuery | ast.PipedQuery, run: Run) -> tuple[str, ...]:
    """The distinct values that a subquery gives for a field."""
    inner = query if isinstance(query, ast.PipedQuery) else ast.PipedQuery(query)
    inner = resolved(inner, run)
    if inner.pipes and isinstance(inner.pipes[-1], Fields):
        fields = inner.pipes[-1]
        wanted = name if name in fields.names else fields.names[0]
        if wanted == name or len(fields.names) == 1:
            inner = replace(inner, pipes=(*inner.pipes[:-1], Uniq((wanted,))))
    found = run(inner)
    if isinstance(found, LogResult):
        raise QueryError(f"a subquery gives values, not lines; end it with a pipe: | fields {name}")
    columns = found.table.column_names
    column = name if name in columns else columns[0]
    if len(columns) > 1 and column != name:
        raise QueryError(
            f"the subquery for `{name}` gives several columns; choose one at its end: | fields {columns[0]}"
        )
    values = sorted(set(texts_of(found.table.column(column).combine_chunks())) - {""})
    if len(values) > MAX_VALUES:
        raise QueryError(
            f"the subquery for `{name}` gives {len(values)} values, over the {MAX_VALUES} that it may give"
        )
    return tuple(values)
