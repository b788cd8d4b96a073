"""Settings of what is hidden before anything is stored."""

from dataclasses import dataclass

from sigyn.config.declaration import setting
from sigyn.config.values import NAMES, SECRET, TEXT


@dataclass(frozen=True, slots=True)
class RedactionSettings:
    """What is hidden before anything is stored, whatever protocol it came by. A tenant may have its own."""

    patterns: tuple[str, ...] = setting(
        (),
        NAMES,
        "Patterns that Sigyn knows: email, card, token, password. What one finds becomes `<email>`. Empty: none.",
    )
    rules: str = setting(
        "",
        TEXT,
        r"Patterns of your own, one a line, or with `;;` between them: `ssn=\d{3}-\d{2}-\d{4}`. A group `secret` is "
        "replaced, or else the whole match.",
    )
    hash_key: str = setting(
        "",
        SECRET,
        "With a key, `<email>` becomes `<email:1f3a...>`, an HMAC: equal values stay comparable, and nobody without "
        "the key can try values out.",
    )
