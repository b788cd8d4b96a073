"""Promtool's short forms: `name{a="b"}` for a series, `0+10x5 _x2 7 stale` for its samples."""

import re

from sigyn.languages.logql import ast
from sigyn.languages.promql import METRIC_NAME, NAME, parse_promql
from sigyn.model.labels import Labels, labels_of
from sigyn.wire.label_text import parse_labels

MOST_VALUES = 100_000
STALE = "stale"

_NUMBER = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|[+-]?[Ii]nf|NaN"
_POINT = re.compile(r"^([+-]?)\.(?=[IiNn])")
_REPEATED = re.compile(rf"({_NUMBER})(?:([+-])({_NUMBER}))?x([0-9]+)")
_MISSING = re.compile(r"_(?:x([0-9]+))?")


def read_series_labels(text: str) -> Labels:
    """The labels of `name{a="b"}`, `{a="b"}` or `name`, the name among them; raises BadRequest and ValueError."""
    if METRIC_NAME.fullmatch(text):
        return ((NAME, text),)
    if text.startswith("{"):
        return parse_labels(text)
    query = parse_promql(text)
    if not isinstance(query, ast.RangeAggregation):
        raise ValueError('write a series such as name{a="b"}')
    matchers = query.log_range.query.selector.matchers
    if any(matcher.operator != "=" for matcher in matchers):
        raise ValueError("the labels of a series are said with =")
    return labels_of({matcher.name: matcher.value for matcher in matchers})


def read_values(text: str) -> tuple[float | str | None, ...]:
    """The samples of `1 2 _ 3+2x4 stale`: None for none, `stale` for the end; raises ValueError."""
    values: list[float | str | None] = []
    for item in text.split():
        if missing := _MISSING.fullmatch(item):
            values += [None] * _count(missing[1] or "1")
        elif item == STALE:
            values.append(STALE)
        elif repeated := _REPEATED.fullmatch(item):
            first, sign, step, count = repeated.groups()
            rise = float(f"{sign}{step}") if step else 0.0
            values += [float(first) + rise * place for place in range(_count(count) + 1)]
        else:
            values.append(read_number(item))
        _count(str(len(values)))
    return tuple(values)


def read_number(text: str) -> float:
    """A sample, also as YAML writes it: `.nan` and `-.inf`. Raises ValueError."""
    try:
        return float(_POINT.sub(r"\1", text))
    except ValueError:
        hint = "write 1, -0.5, NaN or Inf, or in a series 0+10x5, _ or stale"
        raise ValueError(f"`{text}` is no number: {hint}") from None


def _count(text: str) -> int:
    count = int(text)
    if count > MOST_VALUES:
        raise ValueError(f"a series has at most {MOST_VALUES} samples")
    return count
