"""`and`, `or` and `unless` between series."""

import numpy as np

from sigyn.engine.vectors.block import Presence, SeriesBlock, any_series
from sigyn.engine.vectors.merging import merge_equal
from sigyn.engine.vectors.signatures import rows_by_signature, signature
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels


def combine_sets(operator: str, left: SeriesBlock, right: SeriesBlock, matching: ast.VectorMatching) -> SeriesBlock:
    """Step by step: what is on the left and, by its signature, also (`and`) or not (`unless`) on the
    right; with `or` all of the left and what is on the right only.
    """
    if operator == "or":
        added = right.where(~_matched(right.labels, left, matching))
        return merge_equal(
            SeriesBlock(
                left.labels + added.labels,
                np.concatenate([left.values, added.values]),
                np.concatenate([left.present, added.present]),
            ),
            "`or` gives two series the same labels at the same time",
        )
    matched = _matched(left.labels, right, matching)
    return left.where(matched if operator == "and" else ~matched)


def _matched(labels: list[Labels], other: SeriesBlock, matching: ast.VectorMatching) -> Presence:
    """Whether `other` has a series of the signature of each of `labels`, at each step."""
    signature_of = signature(matching)
    present = {
        key: any_series(other.present[rows]) for key, rows in rows_by_signature(other.labels, signature_of).items()
    }
    nowhere = np.zeros(other.steps, dtype=np.bool_)
    if not labels:
        return np.empty((0, other.steps), dtype=np.bool_)
    return np.stack([present.get(signature_of(series), nowhere) for series in labels])
