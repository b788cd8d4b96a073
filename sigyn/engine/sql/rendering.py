"""Templates over the labels of a frame: executed once for each combination of texts that there is."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from sigyn.engine.numbering import distinct_rows
from sigyn.engine.sql.steps import Render
from sigyn.store.shapes.values import Flags, integers_of, valid_rows


def render(step: Render, sources: Sequence[pa.Array]) -> tuple[pa.DictionaryArray, Flags]:
    """What a template makes of each row, and where it makes nothing.

    `sources` are the columns of `step.sources`, one at least.
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
    made = [step.render(each) for each in zip(*chosen, strict=True)]
    failed = np.array([text is None for text in made], np.bool_)
    values = pa.array([text or "" for text in made], pa.string()).dictionary_encode()
    indices = values.indices.to_numpy()[kinds]
    return pa.DictionaryArray.from_arrays(pa.array(indices), values.dictionary), failed[kinds]
