"""Arithmetic and comparison between series: one to one, or many to one with group_left and group_right.

"Many" and "one" are the sides of the operation: with group_right the many side is the right one,
else it is the left one. Series match by their signatures and step by step: two series of one
signature are only in each other's way where both have a value.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sigyn.engine.vectors.block import Presence, SeriesBlock, Values
from sigyn.engine.vectors.merging import merge_equal
from sigyn.engine.vectors.operators import COMPARISONS, calculate, compare
from sigyn.engine.vectors.signatures import rows_by_signature, signature
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels

_DUPLICATE = (
    "found duplicate series on the {side} hand-side;many-to-many matching not allowed: "
    "matching labels must be unique on one side"
)
_MANY_TO_ONE = "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
_GROUPING = "multiple matches for labels: grouping labels must ensure unique matches"


@dataclass(frozen=True, slots=True)
class _Pair:
    """A series of the many side and one of the one side that match, and where both have values."""

    key: Labels
    labels: Labels
    left: Values
    right: Values
    present: Presence


def match_series(
    operator: str, left: SeriesBlock, right: SeriesBlock, matching: ast.VectorMatching, *, return_bool: bool
) -> SeriesBlock:
    """The operation on each pair of series that match.

    One to one, the result has the labels of the signature; grouped, those of the many side with the
    `include` labels of the one side. A comparison without bool keeps the left value where it holds.
    Raises QueryError, in Loki's words, when a series would match more than one.
    """
    swapped = matching.group == "right"
    many, one = (right, left) if swapped else (left, right)
    pairs = list(_pairs(many, one, matching, swapped=swapped))
    _refuse_ambiguity(pairs, _GROUPING if matching.group else _MANY_TO_ONE, by_labels=bool(matching.group))
    rows = []
    for pair in pairs:
        values, present = pair.left, pair.present
        if operator not in COMPARISONS:
            values = calculate(operator, pair.left, pair.right)
        else:
            holds = compare(operator, pair.left, pair.right)
            if return_bool:
                values = holds.astype(np.float64)
            else:
                present = present & holds
        rows.append((pair.labels, values, present))
    return merge_equal(SeriesBlock.stacked(rows, left.steps), _GROUPING)


def _pairs(many: SeriesBlock, one: SeriesBlock, matching: ast.VectorMatching, *, swapped: bool) -> Iterator[_Pair]:
    signature_of = signature(matching)
    ones = rows_by_signature(one.labels, signature_of)
    for rows in ones.values():
        if (one.present[rows].sum(axis=0) > 1).any():
            raise QueryError(_DUPLICATE.format(side="left" if swapped else "right"))
    for row, labels in enumerate(many.labels):
        key = signature_of(labels)
        for partner in ones.get(key, ()):
            present = many.present[row] & one.present[partner]
            if not present.any():
                continue
            values, partners = many.values[row], one.values[partner]
            result = _with_included(labels, one.labels[partner], matching.include) if matching.group else key
            if swapped:
                yield _Pair(key, result, partners, values, present)
            else:
                yield _Pair(key, result, values, partners, present)


def _with_included(labels: Labels, one: Labels, include: tuple[str, ...]) -> Labels:
    if not include:
        return labels
    taken = {name: value for name, value in one if name in include}
    kept = {name: value for name, value in labels if name not in include}
    return tuple(sorted((kept | taken).items()))


def _refuse_ambiguity(pairs: list[_Pair], message: str, *, by_labels: bool) -> None:
    """Raise when two pairs of one signature (and, grouped, of the same result labels) meet at a step."""
    seen: dict[tuple[Labels, Labels], Presence] = {}
    for pair in pairs:
        place = (pair.key, pair.labels if by_labels else ())
        before = seen.get(place)
        if before is not None and (before & pair.present).any():
            raise QueryError(message)
        seen[place] = pair.present if before is None else before | pair.present
