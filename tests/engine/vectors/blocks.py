"""Blocks written as text: one line per series, `-` where there is no value."""

import numpy as np

from sigyn.engine.vectors.block import SeriesBlock, Value
from sigyn.engine.vectors.evaluate import evaluate_metric
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.logql import ast, parse
from sigyn.model.labels import labels_of
from sigyn.model.time import SECOND


def block(text: str, steps: int = 0) -> SeriesBlock:
    """`a=1 b=2: 5 - nan` gives the series {a="1", b="2"} with two values; `: 1` one without labels."""
    labels, values = [], []
    for line in text.strip().splitlines():
        names, _, numbers = line.partition(":")
        labels.append(labels_of(dict(pair.split("=", 1) for pair in names.split())))
        values.append([None if number == "-" else float(number) for number in numbers.split()])
    if not values:
        return SeriesBlock.empty(steps)
    present = np.array([[number is not None for number in row] for row in values])
    return SeriesBlock(labels, np.array([[number or 0.0 for number in row] for row in values]), present)


def text_of(value: Value) -> list[str]:
    """The lines that `block` would read, in the order of the block; a scalar as its number."""
    if not isinstance(value, SeriesBlock):
        return [f"{value:g}"]
    return [
        " ".join(f"{name}={label}" for name, label in labels)
        + ": "
        + " ".join(f"{number:g}" if there else "-" for number, there in zip(numbers, present, strict=True))
        for labels, numbers, present in zip(value.labels, value.values.tolist(), value.present.tolist(), strict=True)
    ]


def evaluated(query: str, **series: str) -> list[str]:
    """A metric query in which `count_over_time({x="name"}[1s])`, written `$name`, stands for a given block."""
    blocks = {name: block(text) for name, text in series.items()}
    steps = max((one.steps for one in blocks.values()), default=1)
    for name in blocks:
        query = query.replace(f"${name}", f'count_over_time({{x="{name}"}}[1s])')
    tree = parse(query)
    assert not isinstance(tree, ast.LogQuery)

    def range_vector(aggregation: ast.RangeAggregation, grouping: ast.Grouping | None, grid: StepGrid) -> SeriesBlock:
        assert grouping is None or aggregation.operator == "count_over_time"
        assert len(grid) == steps
        return blocks[aggregation.log_range.query.selector.matchers[0].value]

    return text_of(evaluate_metric(tree, range_vector, StepGrid(SECOND, steps * SECOND, SECOND)))
