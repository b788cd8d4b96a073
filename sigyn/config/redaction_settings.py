"""Settings of what is hidden before anything is stored."""

from dataclasses import dataclass

from sigyn.config.declaration import setting
from sigyn.config.expressions import check_redaction_patterns, check_redaction_rules
from sigyn.config.values import SECRET, Kind, read_names


def read_redaction_patterns(text: str) -> tuple[str, ...]:
    """Names of patterns that Sigyn knows."""
    names = read_names(text)
    check_redaction_patterns(names)
    return names


def read_redaction_rules(text: str) -> str:
    """Names and expressions, one pair a line or with `;;` between them."""
    check_redaction_rules(text)
    return text


PATTERNS = Kind("names", read_redaction_patterns, ",".join)
RULES = Kind("text", read_redaction_rules)


@dataclass(frozen=True, slots=True)
class RedactionSettings:
    """What is hidden before anything is stored, whatever protocol it came by. A tenant may have its own."""

    patterns: tuple[str, ...] = setting(
        (),
        PATTERNS,
        "Patterns that Sigyn knows: email, card, token, password. What one finds becomes `<email>`. Empty: none.",
    )
    rules: str = setting(
        "",
        RULES,
        r"Patterns of your own, one a line, or with `;;` between them: `ssn=\d{3}-\d{2}-\d{4}`. A group `secret` is "
        "replaced, or else the whole match.",
    )
    hash_key: str = setting(
        "",
        SECRET,
        "With a key, `<email>` becomes `<email:1f3a...>`, an HMAC: equal values stay comparable, and nobody without "
        "the key can try values out.",
    )
