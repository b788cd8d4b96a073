"""`redact`: hides what must not be stored: addresses, card numbers, tokens, passwords.

What is found becomes `<email>`, or with a key `<email:1f3a...>`: an HMAC, so that equal values stay
comparable, and nobody without the key can try values out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Final, TypeAlias

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import Expression, compile_expression
from sigyn.agent.stages.stage import Stage, StageContext, each, kind
from sigyn.agent.stages.values import to_text

_HASH_DIGITS = 16
"""64 bits of the HMAC: two of a billion values are the same with a chance of 3 in 100."""

_SECRETS = frozenset(("secret", "escaped", "quoted", "bare"))
"""Groups of an expression that are replaced; without any of them the whole match is."""

Redact: TypeAlias = Callable[[str], str]


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in text if character.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = (digit * 2 - 9 if digit > 4 else digit * 2 for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """Something to hide. A text without any of the `hints` holds none of it."""

    expression: str
    hints: tuple[str, ...] = ()
    accept: Callable[[str], bool] | None = None


PATTERNS: Final[Mapping[str, Pattern]] = {
    "email": Pattern(r"[A-Za-z0-9._%+\-]+@[A-Za-z0-9](?:[A-Za-z0-9\-]*\.)+[A-Za-z]{2,63}\b", ("@",)),
    "card": Pattern(r"\b[0-9](?:[ \-]?[0-9]){12,18}\b", (), _passes_luhn),
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


@dataclass(frozen=True, slots=True)
class RedactOptions:
    """What is hidden, where, and with which key.

    `patterns` are names of the patterns that Sigyn knows (all of them when none is named);
    `expressions` are further ones, by name, whose group `secret` is replaced, or the whole match.
    `source` names extracted data; without one it is the line.
    """

    patterns: tuple[str, ...] | None = None
    expressions: Mapping[str, str] = field(default_factory=dict)
    source: tuple[str, ...] | str | None = None
    hash_key: str = field(default="", repr=False)
    hash_key_file: str = ""


def _compile(options: RedactOptions, _context: StageContext) -> Stage:
    names = options.patterns if options.patterns is not None else () if options.expressions else tuple(PATTERNS)
    key = _key(options)
    steps = [_compile_pattern(name, _pattern(name), key) for name in names]
    steps += [_compile_pattern(name, Pattern(each_), key) for name, each_ in options.expressions.items()]
    if not steps:
        raise ConfigurationError("there is nothing to redact: name `patterns` or `expressions`")
    sources = (options.source,) if isinstance(options.source, str) else options.source

    def redact(text: str) -> str:
        for step in steps:
            text = step(text)
        return text

    def change(entry: AgentEntry) -> None:
        if sources is None:
            entry.line = redact(entry.line)
            return
        for source in sources:
            text = to_text(entry.extracted.get(source))
            if text is not None:
                entry.extracted[source] = redact(text)

    return each(change)


def _key(options: RedactOptions) -> bytes:
    if options.hash_key and options.hash_key_file:
        raise ConfigurationError("`hash_key` and `hash_key_file` exclude each other")
    if not options.hash_key_file:
        return options.hash_key.encode()
    try:
        key = Path(options.hash_key_file).read_bytes().strip()
    except OSError as error:
        raise ConfigurationError(f"the key file can't be read: {error}") from None
    if not key:
        raise ConfigurationError(f"the key file {options.hash_key_file} is empty")
    return key


def _pattern(name: str) -> Pattern:
    if name not in PATTERNS:
        raise ConfigurationError(f"unknown pattern `{name}`; the patterns are {', '.join(PATTERNS)}")
    return PATTERNS[name]


def _compile_pattern(name: str, pattern: Pattern, key: bytes) -> Redact:
    regex = compile_expression(pattern.expression)
    groups = [number for group, number in regex.names.items() if group in _SECRETS]
    hints = pattern.hints

    def mark(text: str) -> str:
        if not key:
            return f"<{name}>"
        return f"<{name}:{digest(key, text.encode('utf-8', 'replace'), sha256).hex()[:_HASH_DIGITS]}>"

    def redact(text: str) -> str:
        if hints and not any(hint in text for hint in hints):
            return text
        return _replace(regex, groups, text, pattern.accept, mark)

    return redact


def _replace(
    regex: Expression, groups: list[int], text: str, accept: Callable[[str], bool] | None, mark: Callable[[str], str]
) -> str:
    parts: list[str] = []
    position = 0
    for match in regex.find_all(text):
        number = next((number for number in groups if match.group(number)), 0)
        start, end = match.span(number)
        if accept is not None and not accept(text[start:end]):
            continue
        parts += (text[position:start], mark(text[start:end]))
        position = end
    return "".join(parts) + text[position:] if parts else text


KIND = kind("redact", RedactOptions, _compile)
