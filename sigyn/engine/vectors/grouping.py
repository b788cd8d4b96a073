"""Which labels of a series an aggregation keeps."""

from collections.abc import Callable, Sequence
from itertools import islice
from operator import le

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
        return lambda labels: tuple([pair for pair in labels if pair[0] not in names])
    return lambda labels: tuple([pair for pair in labels if pair[0] in names])


def _no_labels(_: Labels) -> Labels:
    return ()


def keeps_all_labels(labels: Sequence[Labels], grouping: ast.Grouping | None) -> bool:
    """Whether each of these, which are all different, is the group that it falls into."""
    names = frozenset(grouping.labels) if grouping is not None else frozenset()
    found = {name for series in labels for name, _ in series}
    return found.isdisjoint(names) if grouping is not None and grouping.without else found <= names


def group_rows(labels: list[Labels], grouping: ast.Grouping | None) -> dict[Labels, list[int]]:
    """Positions of the series of each group, groups and the series of each in the order of their labels."""
    if grouping is None:
        return {(): order_of_labels(labels)} if labels else {}
    key_of = group_key(grouping)
    groups: dict[Labels, list[int]] = {}
    for row, series in enumerate(labels):
        groups.setdefault(key_of(series), []).append(row)
    names = list(groups)
    for rows in groups.values():
        if len(rows) > 1:
            rows.sort(key=labels.__getitem__)
    return {names[place]: groups[names[place]] for place in order_of_labels(names)}


def are_in_order(labels: Sequence[Labels]) -> bool:
    """Whether label sets are in their order, as they often are where one aggregation stands in another."""
    return all(map(le, labels, islice(labels, 1, None)))


def order_of_labels(labels: Sequence[Labels]) -> list[int]:
    """The places of label sets in the order of these.

    Sets of one label at most, of one name, of which there may be millions, are compared by its text alone.
    """
    if are_in_order(labels):
        return list(range(len(labels)))
    if all(len(each) <= 1 for each in labels) and len({each[0][0] for each in labels if each}) == 1:
        texts = [each[0][1] if each else "" for each in labels]
        return sorted(range(len(labels)), key=texts.__getitem__)
    return sorted(range(len(labels)), key=labels.__getitem__)
