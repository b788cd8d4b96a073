"""`absent_over_time`."""

import numpy as np

from sigyn.engine.vectors.block import SeriesBlock, any_series
from sigyn.languages.logql import ast
from sigyn.model.labels import Labels


def absent_labels(selector: ast.Selector) -> Labels:
    """The labels that a selector is sure about: those that one `=` matcher, and no other, names."""
    names = [matcher.name for matcher in selector.matchers]
    return tuple(
        sorted(
            (matcher.name, matcher.value)
            for matcher in selector.matchers
            if matcher.operator == "=" and matcher.value and names.count(matcher.name) == 1
        )
    )


def absence(selector: ast.Selector, counted: SeriesBlock) -> SeriesBlock:
    """1 at each step at which no series of `counted` has a value."""
    missing = ~any_series(counted.present)
    return SeriesBlock.stacked([(absent_labels(selector), np.ones(counted.steps), missing)], counted.steps)
