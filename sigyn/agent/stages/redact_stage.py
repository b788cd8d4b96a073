"""`redact`: hides what must not be stored: addresses, card numbers, tokens, passwords.

What is found becomes `<email>`, or with a key `<email:1f3a...>`: an HMAC, so that equal values stay
comparable, and nobody without the key can try values out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.stages.expressions import compile_expression
from sigyn.agent.stages.stage import Stage, StageContext, each, kind
from sigyn.agent.stages.values import to_text
from sigyn.languages.redaction.patterns import PATTERNS, Pattern, known_pattern
from sigyn.languages.redaction.rule import compile_rule
from sigyn.model.errors import BadRequest

Redact: TypeAlias = Callable[[str], str]


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
    try:
        steps = [_rule(name, known_pattern(name), key) for name in names]
    except BadRequest as error:
        raise ConfigurationError(str(error)) from None
    steps += [_rule(name, Pattern(each_), key) for name, each_ in options.expressions.items()]
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


def _rule(name: str, pattern: Pattern, key: bytes) -> Redact:
    rule = compile_rule(name, pattern, key, compile_expression(pattern.expression).find_all)
    return lambda text: rule.redact(text)[0]


KIND = kind("redact", RedactOptions, _compile)
