"""Bytes of keys as they stand in label names."""

from sigyn.compiled.loops import inlined


@inlined
def name_byte(byte: int) -> int:
    """The byte itself where a label name can hold it, else that of `_`."""
    if (
        (97 <= byte <= 122)  # a-z
        or (65 <= byte <= 90)  # A-Z
        or (48 <= byte <= 57)  # 0-9
    ):
        return byte
    return 95
