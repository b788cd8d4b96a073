"""Which series of the two sides of an operation belong together."""

from collections.abc import Callable

from sigyn.languages.logql import ast
from sigyn.model.labels import Labels


def signature(matching: ast.VectorMatching) -> Callable[[Labels], Labels]:
    """The part of the labels that has to be equal: with `on` the named ones, else all but the named ones."""
    names = frozenset(matching.labels)
    if matching.on:
        return lambda labels: tuple(pair for pair in labels if pair[0] in names)
    if not names:
        return lambda labels: labels
    return lambda labels: tuple(pair for pair in labels if pair[0] not in names)


def rows_by_signature(labels: list[Labels], signature_of: Callable[[Labels], Labels]) -> dict[Labels, list[int]]:
    """Positions of the series of each signature."""
    rows: dict[Labels, list[int]] = {}
    for row, series in enumerate(labels):
        rows.setdefault(signature_of(series), []).append(row)
    return rows
