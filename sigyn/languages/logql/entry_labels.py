"""Matchers of labels that some streams have and some entries carry themselves.

`{app="a", id="x"}`, where `id` may stand in the structured metadata of an entry instead of in its
stream, asks for streams of `app="a"` that have the `id` x or none, and of their entries for those with
`id="x"`, whether that is a label of the stream or of the entry:

    {app="a", id=~"(?:x)?"} | id="x"
"""

import re
from dataclasses import replace
from typing import TypeVar

from sigyn.languages.logql import ast
from sigyn.languages.logql.pipes import Where
from sigyn.languages.regex import compile_regex

AnyQuery = TypeVar("AnyQuery", bound=ast.Query)


def with_entry_labels(query: AnyQuery, names: frozenset[str]) -> AnyQuery:
    """The query over streams and entries, where entries may carry labels of these names."""
    return _query(query, names) if names else query


def stream_part(selector: ast.Selector, names: frozenset[str]) -> ast.Selector:
    """A selector of the streams that may have entries that `selector` wants."""
    matchers = [_of_stream(matcher) if matcher.name in names else matcher for matcher in selector.matchers]
    return replace(selector, matchers=tuple(matcher for matcher in matchers if matcher is not None))


def entry_part(selector: ast.Selector, names: frozenset[str]) -> tuple[ast.EntryMatcher, ...]:
    """What has to hold for the entries of those streams, as stages of a pipeline."""
    return tuple(
        ast.EntryMatcher(ast.StringPredicate(matcher.name, matcher.operator, matcher.value), span=matcher.span)
        for matcher in selector.matchers
        if matcher.name in names
    )


def written_selector(query: ast.LogQuery) -> ast.Selector:
    """The selector that a query had before its matchers were moved to the entries."""
    moved = [stage.predicate for stage in query.stages if isinstance(stage, ast.EntryMatcher)]
    matchers = [ast.Matcher(one.name, one.operator, one.value) for one in moved if isinstance(one, ast.StringPredicate)]
    names = {matcher.name for matcher in matchers}
    kept = (matcher for matcher in query.selector.matchers if matcher.name not in names)
    return replace(query.selector, matchers=(*kept, *matchers))


def _of_stream(matcher: ast.Matcher) -> ast.Matcher | None:
    """The matcher for streams, which has to let those pass that lack the label; None when it lets all pass."""
    match matcher.operator:
        case "=" if matcher.value:
            return replace(matcher, operator="=~", value=f"(?:{re.escape(matcher.value)})?")
        case "=~":
            return replace(matcher, value=f"(?:{matcher.value})?")
        case "!=" if not matcher.value:
            return None
        case "!~" if compile_regex(f"(?s:{matcher.value})").fullmatch("") is not None:
            return None
    return matcher


def _log_query(query: ast.LogQuery, names: frozenset[str]) -> ast.LogQuery:
    stages = tuple(_stage(stage, names) for stage in query.stages)
    selector = query.selector
    return replace(query, selector=stream_part(selector, names), stages=(*entry_part(selector, names), *stages))


def _query(query: AnyQuery, names: frozenset[str]) -> AnyQuery:
    match query:
        case ast.LogQuery():
            found = _log_query(query, names)
            return replace(query, selector=found.selector, stages=found.stages)
        case ast.PipedQuery():
            pipes = tuple(
                replace(pipe, predicate=_predicate(pipe.predicate, names)) if isinstance(pipe, Where) else pipe
                for pipe in query.pipes
            )
            return replace(query, query=_log_query(query.query, names), pipes=pipes)
        case ast.RangeAggregation(log_range=log_range):
            unwrap = log_range.unwrap
            if unwrap is not None:
                filters = (replace(one, predicate=_predicate(one.predicate, names)) for one in unwrap.filters)
                unwrap = replace(unwrap, filters=tuple(filters))
            log_range = replace(log_range, query=_log_query(log_range.query, names), unwrap=unwrap)
            return replace(query, log_range=log_range)
        case ast.CountEntries():
            return replace(query, query=_log_query(query.query, names))
        case ast.VectorAggregation() | ast.LabelReplace() | ast.HistogramQuantile():
            return replace(query, expression=_query(query.expression, names))
        case ast.BinaryOperation():
            return replace(query, left=_query(query.left, names), right=_query(query.right, names))
        case ast.Let():
            bindings = tuple(replace(one, query=_query(one.query, names)) for one in query.bindings)
            return replace(query, bindings=bindings, expression=_query(query.expression, names))
        case _:
            return query


def _stage(stage: ast.Stage, names: frozenset[str]) -> ast.Stage:
    if isinstance(stage, ast.LabelFilter):
        return replace(stage, predicate=_predicate(stage.predicate, names))
    return stage


def _predicate(predicate: ast.Predicate, names: frozenset[str]) -> ast.Predicate:
    match predicate:
        case ast.And(left, right):
            return ast.And(_predicate(left, names), _predicate(right, names))
        case ast.Or(left, right):
            return ast.Or(_predicate(left, names), _predicate(right, names))
        case ast.InSubquery():
            return replace(predicate, query=_query(predicate.query, names))
        case _:
            return predicate
