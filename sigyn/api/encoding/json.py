"""JSON out: compact, and text beyond ASCII as it is."""

import msgspec

_ENCODER = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """A value of dicts, lists, tuples, text and numbers as compact JSON."""
    return _ENCODER.encode(value)
