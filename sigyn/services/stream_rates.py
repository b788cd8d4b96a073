"""Loki's limit on the text that one stream may bring in a second (per_stream_rate_limit), off by default."""

from collections.abc import Iterable

from sigyn.model.labels import Labels, format_labels
from sigyn.services.rate_limit import RateLimit

PER_STREAM_RATE_LIMIT = "per_stream_rate_limit"


def over_rates(
    tenant: str, streams: Iterable[tuple[int, Labels, int]], rate: int, burst: int, now: int, buckets: RateLimit
) -> tuple[int, ...]:
    """Numbers of the streams, each with its bytes, that bring more than their rate (bytes a second) lets them."""
    return tuple(
        number for number, labels, size in streams if buckets.missing((tenant, labels), size, rate, burst, now)
    )


def stream_rate_message(labels: Labels, rate: int, size: int) -> str:
    """Why a stream with so many bytes is refused, in Loki's words."""
    return (
        f"Per stream rate limit exceeded (limit: {rate} bytes/sec) while attempting to ingest for stream "
        f"'{format_labels(labels)}' totaling {size} bytes, consider splitting a stream via "
        "additional labels or contact your Loki administrator to see if the limit can be increased"
    )
