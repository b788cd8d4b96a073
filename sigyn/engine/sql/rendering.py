"""Templates over the labels of a frame: executed once for each combination of texts that there is."""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa

from sigyn.engine.numbering import distinct_rows
from sigyn.engine.sql.steps import Render
from sigyn.store.shapes.values import Flags, integers_of, valid_rows

AT_ONCE = 16
"""Texts that are made without asking whether somebody still waits: an expression over a long line takes 0.1 s."""


def render(step: Render, sources: Sequence[pa.Array], check: Callable[[], None]) -> tuple[pa.DictionaryArray, Flags]:
    """What a template makes of each row, and where it makes nothing.

    `sources` are the columns of `step.sources`, one at least. `check` raises when there is no more use in it.
    """
    texts, columns = [], []
    for source in sources:
        encoded = source if isinstance(source, pa.DictionaryArray) else source.dictionary_encode()
        distinct = [*encoded.dictionary.to_pylist(), ""]
        missing = len(distinct) - 1
        texts.append(distinct)
        columns.append((np.where(valid_rows(encoded), integers_of(encoded.indices), missing), len(distinct)))
    first, kinds = distinct_rows(columns)
    codes = [own[first].tolist() for own, _ in columns]
    chosen = [[distinct[code] for code in own] for distinct, own in zip(texts, codes, strict=True)]
    made: list[str | None] = []
    combinations = list(zip(*chosen, strict=True))
    for begin in range(0, len(combinations), AT_ONCE):
        check()
        made += [step.render(each) for each in combinations[begin : begin + AT_ONCE]]
    failed = np.array([text is None for text in made], np.bool_)
    values = pa.array([text or "" for text in made], pa.string()).dictionary_encode()
    indices = values.indices.to_numpy()[kinds]
    return pa.DictionaryArray.from_arrays(pa.array(indices), values.dictionary), failed[kinds]
