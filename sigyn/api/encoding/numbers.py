"""Sample values and times as Loki writes them."""

from decimal import Decimal

import numpy as np
import numpy.typing as npt

from sigyn.model.time import SECOND

_NOT_FINITE = {"nan": "NaN", "inf": "+Inf", "-inf": "-Inf"}


def format_value(value: float) -> str:
    """The shortest digits that read back as `value`, without an exponent: Go's FormatFloat(v, 'f', -1)."""
    text = repr(float(value))
    if text.endswith(".0"):
        return text[:-2]
    if "e" in text:
        return format(Decimal(text), "f")
    return _NOT_FINITE.get(text, text)


def format_seconds(timestamp: int) -> str:
    """ns as seconds with whole milliseconds, as a JSON number."""
    seconds, rest = divmod(timestamp, SECOND)
    milliseconds = rest // 1_000_000
    return f"{seconds}.{milliseconds:03d}".rstrip("0") if milliseconds else str(seconds)


def format_points(timestamps: npt.NDArray[np.int64], values: npt.NDArray[np.float64]) -> str:
    """The points of a series as a JSON array of [seconds, "value"]."""
    return (
        "["
        + ",".join(
            f'[{format_seconds(timestamp)},"{format_value(value)}"]'
            for timestamp, value in zip(timestamps.tolist(), values.tolist(), strict=True)
        )
        + "]"
    )
