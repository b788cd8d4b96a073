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
from sigyn.languages.logql.rewriting import rewritten
from sigyn.languages.regex import compile_regex

AnyQuery = TypeVar("AnyQuery", bound=ast.Query)


def with_entry_labels(query: AnyQuery, names: frozenset[str]) -> AnyQuery:
    """The query over streams and entries, where entries may carry labels of these names."""
    if not names:
        return query

    def predicate(found: ast.Predicate) -> ast.Predicate:
        return (
            replace(found, query=with_entry_labels(found.query, names)) if isinstance(found, ast.InSubquery) else found
        )

    def log_query(found: ast.LogQuery) -> ast.LogQuery:
        stages = (*entry_part(found.selector, names), *found.stages)
        return replace(found, selector=stream_part(found.selector, names), stages=stages)

    return rewritten(query, predicate, log_query)


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
