"""histogram_quantile estimates as Prometheus documents it for classic histograms."""

import math

import numpy as np
import pytest

from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.histogram_quantile import bucket_quantile, histogram_quantile
from sigyn.model.labels import labels_of

INF = math.inf


@pytest.mark.parametrize(
    ("quantile", "buckets", "expected"),
    [
        (0.5, [(1.0, 10.0), (2.0, 20.0), (INF, 20.0)], 1.0),
        (0.75, [(1.0, 10.0), (2.0, 20.0), (INF, 20.0)], 1.5),
        (0.25, [(1.0, 10.0), (2.0, 20.0), (INF, 20.0)], 0.5),
        (0.99, [(1.0, 10.0), (2.0, 10.0), (INF, 20.0)], 2.0),
        (0.0, [(1.0, 10.0), (INF, 10.0)], 0.0),
        (1.0, [(1.0, 10.0), (INF, 10.0)], 1.0),
        (0.5, [(-1.0, 10.0), (INF, 10.0)], -1.0),
        (0.5, [(1.0, 10.0), (2.0, 8.0), (INF, 20.0)], 1.0),
        (0.5, [(1.0, 5.0), (1.0, 5.0), (INF, 20.0)], 1.0),
        (-0.1, [(1.0, 10.0), (INF, 10.0)], -INF),
        (1.1, [(1.0, 10.0), (INF, 10.0)], INF),
        (0.5, [(1.0, 10.0), (2.0, 20.0)], math.nan),
        (0.5, [(INF, 10.0)], math.nan),
        (0.5, [(1.0, 0.0), (INF, 0.0)], math.nan),
        (math.nan, [(1.0, 10.0), (INF, 10.0)], math.nan),
    ],
)
def test_one_histogram(quantile: float, buckets: list[tuple[float, float]], expected: float) -> None:
    assert bucket_quantile(quantile, buckets) == pytest.approx(expected, nan_ok=True)


def test_histograms_are_told_apart_by_their_other_labels() -> None:
    labels = [
        labels_of({"app": app, "le": bound} if bound else {"app": app})
        for app, bound in (("a", "0.1"), ("a", "+Inf"), ("b", "1"), ("b", "+Inf"), ("b", "soon"), ("c", ""))
    ]
    values = np.array([[5.0, 0.0], [10.0, 0.0], [10.0, 10.0], [10.0, 10.0], [1.0, 1.0], [1.0, 1.0]])
    present = np.ones((6, 2), np.bool_)
    present[:2, 1] = False
    block = histogram_quantile(0.5, SeriesBlock(labels, values, present))
    assert block.labels == [(("app", "a"),), (("app", "b"),)]
    assert block.values[0, 0] == pytest.approx(0.1)
    assert block.values[1].tolist() == pytest.approx([0.5, 0.5])
    assert block.present.tolist() == [[True, False], [True, True]]
