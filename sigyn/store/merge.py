"""Several batches of one tenant as one: shared stream table, no exact duplicates."""

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa

from sigyn.model.batch import Batch
from sigyn.model.labels import Labels
from sigyn.store.identical import drop_duplicates


def merge_batches(batches: Sequence[Batch]) -> tuple[list[Labels], pa.Table]:
    """The streams in use and their entries, in order of arrival; `entries.stream` indexes the streams."""
    return merge_tables((batch.streams, batch.entries) for batch in batches)


def merge_tables(parts: Iterable[tuple[Sequence[Labels], pa.Table]]) -> tuple[list[Labels], pa.Table]:
    """The same for entries with their streams."""
    ordinals: dict[Labels, int] = {}
    tables = []
    for streams, entries in parts:
        if not len(entries):
            continue
        places = entries["stream"].to_numpy()
        used = np.flatnonzero(np.bincount(places, minlength=len(streams)))
        renumbered = np.zeros(len(streams), np.int32)
        for place in used.tolist():
            renumbered[place] = ordinals.setdefault(streams[place], len(ordinals))
        tables.append(entries.set_column(0, entries.schema.field(0), pa.array(renumbered[places])))
    if not tables:
        return [], pa.table({})
    return list(ordinals), drop_duplicates(pa.concat_tables(tables))
