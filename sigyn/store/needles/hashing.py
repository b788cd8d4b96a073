"""The hashes of needles, in plain Python: what the loops compute for lines (sigyn/store/needles/loops.py)."""

GRAM = 6
"""Bytes of an n-gram: fits into 48 bits as it is, and even hexadecimal digits make 16 million of them."""

WINDOW = 11
"""n-grams of which the one with the smallest hash counts: so a needle of 16 bytes, as a span id has, holds a window."""

NEEDLE_BYTES = GRAM + WINDOW - 1
"""Shorter texts can't be looked for."""

FIELD_SEED = 0xCBF29CE484222325
_FIELD_PRIME = 0x100000001B3
_ODD = 0x9E3779B97F4A7C15
_MASK = (1 << 64) - 1


def mix(value: int) -> int:
    """A hash of 64 bits whose bits depend on all bits of `value` (the finalizer of SplitMix64)."""
    value = (value + _ODD) & _MASK
    value = ((value ^ (value >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    value = ((value ^ (value >> 27)) * 0x94D049BB133111EB) & _MASK
    return value ^ (value >> 31)


def minimizers(text: bytes) -> list[int]:
    """Hashes that a row group with this text in it has in its filter; none for a text that is too short."""
    # An odd factor turns n-grams into an order without ties, in which neighbours are far apart.
    places = [int.from_bytes(text[at : at + GRAM], "big") * _ODD & _MASK for at in range(len(text) - GRAM + 1)]
    return sorted({mix(min(places[at : at + WINDOW])) for at in range(len(places) - WINDOW + 1)})


def field_prefix(name: str) -> int:
    """The state of the hash of a field behind its name."""
    return _continued(FIELD_SEED, name.encode() + b"\0")


def field_hashes(name: str, value: str) -> list[int]:
    """The hashes of a field with its value: of one that is long, an id, of which all row groups are asked, two."""
    text = value.encode()
    hashed = mix(_continued(field_prefix(name), text))
    return [hashed] if len(text) < NEEDLE_BYTES else [hashed, mix(hashed)]


def _continued(state: int, text: bytes) -> int:
    for byte in text:
        state = ((state ^ byte) * _FIELD_PRIME) & _MASK
    return state
