"""Pipes: what may stand behind the stages of a log query, in Sigyn alone. One construct per module."""

from collections.abc import Callable
from typing import TypeAlias

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.pipes.fields import Fields, parse_fields
from sigyn.languages.logql.pipes.limit import Limit, Offset, parse_limit, parse_offset
from sigyn.languages.logql.pipes.math import Math, parse_math
from sigyn.languages.logql.pipes.sort import Sort, parse_sort
from sigyn.languages.logql.pipes.stats import Stats, parse_stats
from sigyn.languages.logql.pipes.top import Top, parse_top
from sigyn.languages.logql.pipes.uniq import Uniq, parse_uniq
from sigyn.languages.logql.pipes.where import Where, parse_where

__all__ = ["PIPES", "Fields", "Limit", "Math", "Offset", "Pipe", "Sort", "Stats", "Top", "Uniq", "Where"]

Pipe: TypeAlias = Stats | Sort | Limit | Offset | Uniq | Top | Fields | Math | Where

PIPES: dict[str, Callable[[Cursor, int], Pipe]] = {
    "stats": parse_stats,
    "sort": parse_sort,
    "order": parse_sort,
    "limit": parse_limit,
    "head": parse_limit,
    "offset": parse_offset,
    "uniq": parse_uniq,
    "top": parse_top,
    "fields": parse_fields,
    "math": parse_math,
    "where": parse_where,
    "filter": parse_where,
}
"""Parsers by the words of tokens.PIPE_WORDS."""
