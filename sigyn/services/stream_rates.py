"""Loki's limit on the text that one stream may bring in a second (per_stream_rate_limit), off by default."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.model.labels import Labels, format_labels
from sigyn.services.admission import Refusals
from sigyn.services.rate_limit import RateLimit

PER_STREAM_RATE_LIMIT = "per_stream_rate_limit"


def within_rates(
    tenant: str, streams: tuple[Labels, ...], entries: pa.Table, rate: int, burst: int,
    now: int, buckets: RateLimit, refusals: Refusals,
) -> pa.Table:  # fmt: skip
    """The entries of streams that keep to their rate; those of the others are refused, stream by stream."""
    ordinals = entries["stream"].to_numpy()
    rows = np.bincount(ordinals, minlength=len(streams))
    sizes = np.bincount(ordinals, pc.binary_length(entries["line"]).to_numpy(), len(streams))
    refused = np.zeros(len(streams), np.bool_)
    for ordinal in np.flatnonzero(rows).tolist():
        size = int(sizes[ordinal])
        if buckets.missing((tenant, streams[ordinal]), size, rate, burst, now):
            refused[ordinal] = True
            message = (
                f"Per stream rate limit exceeded (limit: {rate} bytes/sec) while attempting to ingest for stream "
                f"'{format_labels(streams[ordinal])}' totaling {size} bytes, consider splitting a stream via "
                "additional labels or contact your Loki administrator to see if the limit can be increased"
            )
            refusals.add(PER_STREAM_RATE_LIMIT, message, int(rows[ordinal]), size)
    return entries.filter(pa.array(~refused[ordinals])) if refused.any() else entries
