"""The patterns that Sigyn knows."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from sigyn.model.errors import BadRequest

_GROUP = re.compile("[0-9]+")
_CARD_DIGITS = range(13, 20)
_CARD_GROUPS = frozenset({(4, 4, 4, 4), (4, 4, 4, 4, 3), (4, 6, 5), (4, 6, 4)})
"""How numbers of cards are written in groups of digits."""

_ISSUERS = frozenset("23456")
"""First digits of the numbers of cards."""


def _passes_luhn(digits: str) -> bool:
    numbers = [int(character) for character in digits]
    doubled = (number * 2 - 9 if number > 4 else number * 2 for number in numbers[-2::-2])
    return len(set(digits)) > 1 and (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


def _cards(text: str) -> list[tuple[int, int]]:
    """Where the numbers of cards are in groups of digits, which may have a date or a check number beside them."""
    groups = list(_GROUP.finditer(text))
    if sum(len(group[0]) for group in groups) in _CARD_DIGITS and _passes_luhn("".join(group[0] for group in groups)):
        return [(0, len(text))]
    found = []
    first = 0
    while first < len(groups):
        for count in (5, 4, 3, 1):
            card = groups[first : first + count]
            lengths = tuple(len(group[0]) for group in card)
            is_written_so = lengths in _CARD_GROUPS or (len(lengths) == 1 and lengths[0] in _CARD_DIGITS)
            digits = "".join(group[0] for group in card) if is_written_so else ""
            if digits and digits[0] in _ISSUERS and _passes_luhn(digits):
                found.append((card[0].start(), card[-1].end()))
                first += count
                break
        else:
            first += 1
    return found


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something to hide. A text without any of the `hints` holds none of it, nor one without so many `digits` in a
    row, with at most a space or hyphen between two of them. `parts` gives what is hidden of what is found."""

    expression: str
    hints: tuple[str, ...] = ()
    parts: Callable[[str], Sequence[tuple[int, int]]] | None = None
    digits: int = 0


_BEGIN = r"(?:\b|\\[bfnrt]|\[[0-9;]*m)"
"""Where a word begins: behind a line break that JSON escapes, and behind a colour for a terminal, too."""

_BEHIND_NAME = r"""\\*["']?\s*(?:=>|:=|[=:])\s*\[?\s*"""
"""What stands between a name and its value, or the first of its values."""

_LETTERS = "\u00c0-\u052f"
"""Latin, Greek and Cyrillic beyond ASCII; a wide dot counts as one, as in browsers."""


def _quoted(group: str, depth: int) -> str:
    """A string of JSON that is so deep in strings of JSON."""
    quote, escape = r"\\" * (2**depth - 1) + '"', r"\\" * 2**depth
    return rf"""{quote}(?P<{group}>(?:[^"\\]|{escape}(?:{escape}|{quote}|[^"\\]))+)"""


PATTERNS: Final[Mapping[str, Pattern]] = {
    "email": Pattern(
        rf"[A-Za-z0-9{_LETTERS}._%+\-]+@[A-Za-z0-9{_LETTERS}](?:[A-Za-z0-9{_LETTERS}\-]*[.。])+"
        rf"(?:[A-Za-z]{{2,63}}\b|[{_LETTERS}]{{2,63}})",
        ("@",),
    ),
    "card": Pattern(_BEGIN + r"(?P<secret>[0-9](?:[ \-]?[0-9]){12,})\b", (), _cards, digits=13),
    "token": Pattern(
        _BEGIN + r"(?:[Bb]earer\s+(?P<secret>[A-Za-z0-9._~+/\-]{8,}=*)"
        r"|(?P<quoted>eyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]*"
        r"|(?:AKIA|ASIA)[0-9A-Z]{16}\b"
        r"|gh[pousr]_[A-Za-z0-9]{20,}"
        r"|glpat-[A-Za-z0-9_\-]{20,}"
        r"|xox[abeprs]-[A-Za-z0-9\-]{10,}"
        r"|sk[-_](?:live_|test_|ant-|proj-)?[A-Za-z0-9_\-]{16,})"
        r"|(?i:(?:(?:api|csrf|id|session|user|vault)[_\-])?token)"
        + _BEHIND_NAME
        + r"""\\*["']?(?P<bare>[A-Za-z0-9._~+/\-]{8,}=*))""",
        ("earer", "eyJ", "AKIA", "ASIA", "gh", "glpat-", "xox", "sk-", "sk_", "oken", "OKEN"),
    ),
    "password": Pattern(
        r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|api[_\-]?key|access[_\-]?key|(?:auth|access|refresh)[_\-]?token)"
        r"[a-z0-9_]*"
        + _BEHIND_NAME
        + "(?:"
        + "|".join(_quoted(group, depth) for depth, group in enumerate(("secret", "escaped", "twice", "thrice")))
        + r"""|'(?P<quoted>[^']+)|(?P<bare>[^\s"'\\,;&}]+))""",
    ),
}


def known_pattern(name: str) -> Pattern:
    """The pattern of a name. Raises BadRequest."""
    if name not in PATTERNS:
        raise BadRequest(f"unknown pattern `{name}`; the patterns are {', '.join(PATTERNS)}")
    return PATTERNS[name]
