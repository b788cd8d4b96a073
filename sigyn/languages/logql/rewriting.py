"""The walk over a query that changes its log queries and the predicates in it, and keeps the rest."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from sigyn.languages.logql import ast
from sigyn.languages.logql.pipes import Where

AnyQuery = TypeVar("AnyQuery", bound=ast.Query)

ChangePredicate = Callable[[ast.Predicate], ast.Predicate]
"""Changes a predicate that is neither `and` nor `or`."""

ChangeLogQuery = Callable[[ast.LogQuery], ast.LogQuery]
"""Changes a log query whose predicates are changed already."""


def rewritten(query: AnyQuery, predicate: ChangePredicate, log_query: ChangeLogQuery = lambda found: found) -> AnyQuery:
    """The query with every predicate and every log query changed, queries inside of predicates left to `predicate`."""

    def of_query(query: ast.LogQuery) -> ast.LogQuery:
        stages = (_filter(stage, predicate) if isinstance(stage, ast.LabelFilter) else stage for stage in query.stages)
        return log_query(replace(query, stages=tuple(stages)))

    match query:
        case ast.LogQuery():
            changed = of_query(query)
            return replace(query, selector=changed.selector, stages=changed.stages)
        case ast.PipedQuery():
            pipes = (
                replace(pipe, predicate=_predicate(pipe.predicate, predicate)) if isinstance(pipe, Where) else pipe
                for pipe in query.pipes
            )
            return replace(query, query=of_query(query.query), pipes=tuple(pipes))
        case ast.RangeAggregation(log_range=log_range):
            unwrap = log_range.unwrap
            if unwrap is not None:
                unwrap = replace(unwrap, filters=tuple(_filter(one, predicate) for one in unwrap.filters))
            return replace(query, log_range=replace(log_range, query=of_query(log_range.query), unwrap=unwrap))
        case ast.CountEntries():
            return replace(query, query=of_query(query.query))
        case ast.VectorAggregation() | ast.LabelReplace() | ast.HistogramQuantile():
            return replace(query, expression=rewritten(query.expression, predicate, log_query))
        case ast.BinaryOperation():
            left, right = (rewritten(side, predicate, log_query) for side in (query.left, query.right))
            return replace(query, left=left, right=right)
        case ast.Let():
            bindings = (replace(one, query=rewritten(one.query, predicate, log_query)) for one in query.bindings)
            expression = rewritten(query.expression, predicate, log_query)
            return replace(query, bindings=tuple(bindings), expression=expression)
        case _:
            return query


def _filter(stage: ast.LabelFilter, change: ChangePredicate) -> ast.LabelFilter:
    return replace(stage, predicate=_predicate(stage.predicate, change))


def _predicate(predicate: ast.Predicate, change: ChangePredicate) -> ast.Predicate:
    match predicate:
        case ast.And(left, right):
            return ast.And(_predicate(left, change), _predicate(right, change))
        case ast.Or(left, right):
            return ast.Or(_predicate(left, change), _predicate(right, change))
        case _:
            return change(predicate)
