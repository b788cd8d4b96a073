"""One pattern, compiled: what it finds in a text becomes `<email>`, or with a key `<email:1f3a...>`.

With a key it is an HMAC, so that equal values stay comparable, and nobody without the key can try values out.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from hmac import digest

from sigyn.languages.redaction.patterns import Pattern
from sigyn.languages.regex import Match, compile_regex
from sigyn.model.errors import BadRequest

_SEPARATOR = ";;"
_HASH_DIGITS = 16
"""64 bits of the HMAC: two of a billion values are the same with a chance of 3 in 100."""

_SECRETS = frozenset(("secret", "escaped", "twice", "thrice", "quoted", "bare"))
"""Groups of an expression that are replaced; without any of them the whole match is."""

FindAll = Callable[[str], Iterable[Match]]


@dataclass(frozen=True, slots=True)
class RedactionRule:
    """Hides what a pattern finds. `groups` are numbers of the groups that are replaced, 0 for the whole match."""

    name: str
    pattern: Pattern
    key: bytes
    groups: tuple[int, ...]
    find_all: FindAll

    def redact(self, text: str) -> tuple[str, int]:
        """The text without what the pattern finds, and how much that was."""
        hints = self.pattern.hints
        if hints and not any(hint in text for hint in hints):
            return text, 0
        parts_of = self.pattern.parts
        parts: list[str] = []
        position = found = 0
        for match in self.find_all(text):
            number = next((number for number in self.groups if match.group(number)), 0)
            start, end = match.span(number)
            if start == end:
                continue  # an expression that may match nothing hides nothing there
            for first, last in parts_of(text[start:end]) if parts_of else ((0, end - start),):
                parts += (text[position : start + first], self.mark(text[start + first : start + last]))
                position, found = start + last, found + 1
        return ("".join(parts) + text[position:], found) if found else (text, 0)

    def mark(self, text: str) -> str:
        """What stands in place of a text."""
        if not self.key:
            return f"<{self.name}>"
        return f"<{self.name}:{digest(self.key, text.encode('utf-8', 'replace'), sha256).hex()[:_HASH_DIGITS]}>"


def compile_rule(name: str, pattern: Pattern, key: bytes, find_all: FindAll | None = None) -> RedactionRule:
    """The rule of a pattern; `find_all` in place of RE2's own, for texts that are no UTF-8. Raises RegexError."""
    regex = compile_regex(pattern.expression)
    groups = tuple(number for group, number in regex.groupindex.items() if group in _SECRETS)
    return RedactionRule(name, pattern, key, groups, find_all or regex.finditer)


def read_expressions(text: str) -> tuple[tuple[str, str], ...]:
    """`ssn=\\d{3}-\\d{2}-\\d{4};;user=user=(?P<secret>\\w+)`, or a line each: names and expressions.

    Raises BadRequest.
    """
    found = []
    for part in filter(None, (part.strip() for line in text.splitlines() for part in line.split(_SEPARATOR))):
        name, separator, expression = part.partition("=")
        if not separator or not name.strip().isidentifier() or not expression:
            raise BadRequest(f"`{part}` is no rule: write name=expression")
        compile_regex(expression)
        found.append((name.strip(), expression))
    return tuple(found)
