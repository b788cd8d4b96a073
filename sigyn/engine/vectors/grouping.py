"""Which labels of a series an aggregation keeps."""

from collections.abc import Callable

from sigyn.languages.logql import ast
from sigyn.model.labels import Labels


def group_key(grouping: ast.Grouping | None) -> Callable[[Labels], Labels]:
    """The labels of the group that a series falls into: `by` keeps the named ones, `without` the others.

    None, no grouping at all, is one group without labels.
    """
    if grouping is None:
        return _no_labels
    names = frozenset(grouping.labels)
    if grouping.without:
        return lambda labels: tuple(pair for pair in labels if pair[0] not in names)
    return lambda labels: tuple(pair for pair in labels if pair[0] in names)


def _no_labels(_: Labels) -> Labels:
    return ()


def group_rows(labels: list[Labels], grouping: ast.Grouping | None) -> dict[Labels, list[int]]:
    """Positions of the series of each group, groups in the order of their labels."""
    key_of = group_key(grouping)
    groups: dict[Labels, list[int]] = {}
    for row, series in enumerate(labels):
        groups.setdefault(key_of(series), []).append(row)
    return dict(sorted(groups.items()))
