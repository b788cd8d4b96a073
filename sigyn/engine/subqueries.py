"""`user_id in ({...} | json | fields user_id)`: the inner query runs first, its values take its place."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sigyn.engine.pipes.values import texts_of
from sigyn.languages.logql import ast
from sigyn.languages.logql.checks import log_queries
from sigyn.languages.logql.pipes import Fields, Uniq, Where
from sigyn.model.errors import QueryError
from sigyn.model.results import LogResult, TableResult

MAX_VALUES = 20_000
"""Distinct values that a subquery may give: they become a list in a filter."""

Run = Callable[[ast.PipedQuery], LogResult | TableResult]
"""Runs a query without subqueries."""

AnyQuery = TypeVar("AnyQuery", bound=ast.LogQuery | ast.PipedQuery | ast.MetricQuery)


def resolved(query: AnyQuery, run: Run) -> AnyQuery:
    """The query with the values of its subqueries in their places. Raises QueryError."""
    return _resolved(query, run) if has_subqueries(query) else query


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


def _resolved(query: AnyQuery, run: Run) -> AnyQuery:
    match query:
        case ast.LogQuery():
            return replace(query, stages=tuple(_stage(stage, run) for stage in query.stages))
        case ast.PipedQuery():
            pipes = tuple(
                replace(pipe, predicate=_predicate(pipe.predicate, run)) if isinstance(pipe, Where) else pipe
                for pipe in query.pipes
            )
            return replace(query, query=_resolved(query.query, run), pipes=pipes)
        case ast.RangeAggregation(log_range=log_range):
            unwrap = log_range.unwrap
            if unwrap is not None:
                unwrap = replace(unwrap, filters=tuple(_label_filter(one, run) for one in unwrap.filters))
            return replace(query, log_range=replace(log_range, query=_resolved(log_range.query, run), unwrap=unwrap))
        case ast.VectorAggregation() | ast.LabelReplace() | ast.HistogramQuantile():
            return replace(query, expression=_resolved(query.expression, run))
        case ast.BinaryOperation(left=left, right=right):
            return replace(query, left=_resolved(left, run), right=_resolved(right, run))
        case _:
            return query


def _stage(stage: ast.Stage, run: Run) -> ast.Stage:
    return _label_filter(stage, run) if isinstance(stage, ast.LabelFilter) else stage


def _label_filter(stage: ast.LabelFilter, run: Run) -> ast.LabelFilter:
    return replace(stage, predicate=_predicate(stage.predicate, run))


def _predicate(predicate: ast.Predicate, run: Run) -> ast.Predicate:
    match predicate:
        case ast.And(left, right):
            return ast.And(_predicate(left, run), _predicate(right, run))
        case ast.Or(left, right):
            return ast.Or(_predicate(left, run), _predicate(right, run))
        case ast.InSubquery(name, query, negative):
            return ast.OneOf(name, _values(name, query, run), negative)
        case _:
            return predicate


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
