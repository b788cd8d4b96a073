"""Amounts of bytes as text, as Go's dustin/humanize reads and writes them: KB is 1000, KiB 1024."""

import re

from sigyn.languages.go_numbers import FloatSyntaxError, parse_go_float
from sigyn.model.errors import BadRequest

_SIZES = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgtpe", start=1):
    _SIZES[_letter] = _SIZES[_letter + "b"] = 1000**_power
    _SIZES[_letter + "i"] = _SIZES[_letter + "ib"] = 1024**_power

_AMOUNT = re.compile(r"([0-9.,]*)(.*)", re.DOTALL)
_LARGEST = float(1 << 64)


class BytesError(BadRequest):
    """A text that is no amount of bytes; the message is humanize's."""


def parse_bytes(text: str) -> int:
    """`42 MB`, `1.5KiB`, `10` in bytes; units in any case, thousands may be parted by commas.

    Raises BytesError, for example `unhandled size name: xb`.
    """
    amount = _AMOUNT.match(text)
    assert amount is not None
    digits, unit = amount.groups()
    try:
        number = parse_go_float(digits.replace(",", ""))
    except FloatSyntaxError as error:
        raise BytesError(str(error)) from None
    unit = unit.strip().lower()
    scale = _SIZES.get(unit)
    if scale is None:
        raise BytesError(f"unhandled size name: {unit}")
    total = number * float(scale)
    if total >= _LARGEST:
        raise BytesError(f"too large: {text}")
    return int(total)


def format_bytes(value: int) -> str:
    """`5.0kB`, `10MB`: humanize's short form without its space, exact only to two digits."""
    if value < 10:
        return f"{value}B"
    power = 0
    while value >= 1000 ** (power + 1) and power < 6:
        power += 1
    rounded = (value / 1000**power * 10 + 0.5) // 1 / 10
    number = f"{rounded:.1f}" if rounded < 10 else f"{rounded:.0f}"
    return number + ("B", "kB", "MB", "GB", "TB", "PB", "EB")[power]
