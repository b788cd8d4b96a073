"""Tallies: entries and bytes of each stream, level and minute, so that counting needs no entry.

A minute is (t, t + 60 s], as a window of LogQL is open at its old end: any window that begins and ends
on whole minutes is a sum of tallies.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.store.streams import Int64s

MINUTE = 60 * 10**9

TALLY_SCHEMA = pa.schema(
    [
        pa.field("stream", pa.int32(), nullable=False),
        pa.field("detected_level", pa.string()),
        pa.field("minute", pa.int32(), nullable=False),
        pa.field("entries", pa.int64(), nullable=False),
        pa.field("bytes", pa.int64(), nullable=False),
    ]
)
"""Columns of tallies.

stream          ordinal of the stream in its segment
detected_level  as entries have it
minute          number of the minute since the epoch: entries at minute * 60 s < t <= (minute + 1) * 60 s
entries, bytes  how many, and bytes of their lines
"""

FEWEST_ENTRIES = 4  # entries of a tally on average, below which tallies are not worth their bytes


def minute_of(timestamps: Int64s) -> Int64s:
    """The minutes of timestamps (ns)."""
    return (timestamps - 1) // MINUTE


def tallies_of(
    ordinals: npt.NDArray[np.integer], levels: pa.Array, timestamps: Int64s, lengths: Int64s
) -> pa.Table | None:
    """The tallies of entries in any order; None when they are too sparse for it."""
    encoded = levels.dictionary_encode()
    codes = encoded.indices.fill_null(len(encoded.dictionary)).to_numpy()
    minutes = minute_of(timestamps)
    base = int(minutes.min())
    span = int(minutes.max()) - base + 1
    if span > 1 << 24:
        return None
    of_level = len(encoded.dictionary) + 1
    keys = (ordinals.astype(np.int64) * of_level + codes) * span + (minutes - base)
    found, place = np.unique(keys, return_inverse=True)
    if len(found) * FEWEST_ENTRIES > len(keys):
        return None
    level = (found // span) % of_level
    return pa.table(
        {
            "stream": pa.array((found // (span * of_level)).astype(np.int32)),
            "detected_level": encoded.dictionary.take(pa.array(level, mask=level == len(encoded.dictionary))),
            "minute": pa.array((found % span + base).astype(np.int32)),
            "entries": pa.array(np.bincount(place)),
            "bytes": pa.array(np.bincount(place, weights=lengths).astype(np.int64)),
        },
        schema=TALLY_SCHEMA,
    )
