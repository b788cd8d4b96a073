"""The patterns that Sigyn knows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sigyn.model.errors import BadRequest


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something to hide. A text without any of the `hints` holds none of it, nor one without so many `digits` in a
    row, with at most a space or hyphen between two of them."""

    expression: str
    hints: tuple[str, ...] = ()
    accept: Callable[[str], bool] | None = None
    digits: int = 0


PATTERNS: Final[Mapping[str, Pattern]] = {
    "email": Pattern(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9](?:[A-Za-z0-9\-]*\.)+[A-Za-z]{2,63}\b", ("@",)),
    "card": Pattern(r"\b[0-9](?:[ \-]?[0-9]){12,18}\b", (), _passes_luhn, digits=13),
    "token": Pattern(
        r"(?:\b[Bb]earer\s+(?P<secret>[A-Za-z0-9._~+/\-]{8,}=*))"
        r"|\beyJ[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]{5,}\.[A-Za-z0-9_\-]*"
        r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
        r"|\bgh[pousr]_[A-Za-z0-9]{20,}"
        r"|\bglpat-[A-Za-z0-9_\-]{20,}"
        r"|\bxox[abeprs]-[A-Za-z0-9\-]{10,}"
        r"|\bsk[-_](?:live_|test_|ant-|proj-)?[A-Za-z0-9_\-]{16,}"
        r"|(?i:\b(?:(?:api|csrf|id|session|user|vault)[_\-])?token)"
        r"""\\?["']?\s*[=:]\s*\\?["']?(?P<bare>[A-Za-z0-9._~+/\-]{8,}=*)""",
        ("earer", "eyJ", "AKIA", "ASIA", "gh", "glpat-", "xox", "sk-", "sk_", "oken", "OKEN"),
    ),
    "password": Pattern(
        r"(?i)(?:passw(?:or)?d|passphrase|pwd|secret|api[_\-]?key|access[_\-]?key|(?:auth|access|refresh)[_\-]?token)"
        r"[a-z0-9_]*"
        r"""\\?["']?\s*[=:]\s*"""
        r"""(?:\\"(?P<escaped>[^"\\]+)|"(?P<secret>(?:[^"\\]|\\.)+)|'(?P<quoted>[^']+)|(?P<bare>[^\s"'\\,;&}]+))""",
    ),
}


def known_pattern(name: str) -> Pattern:
    """The pattern of a name. Raises BadRequest."""
    if name not in PATTERNS:
        raise BadRequest(f"unknown pattern `{name}`; the patterns are {', '.join(PATTERNS)}")
    return PATTERNS[name]
