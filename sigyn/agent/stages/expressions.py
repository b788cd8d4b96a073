"""Regular expressions in the options of stages, over lines that need not be UTF-8.

Targets keep bytes that are no UTF-8 as surrogates. RE2 takes none, so it sees U+FFFD in their place:
one character for another, and every position stays what it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, cast

from sigyn.agent.errors import ConfigurationError
from sigyn.languages.regex import Match, Regex, RegexError, compile_regex

_SURROGATES = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """`text` with U+FFFD for every surrogate, as long as before."""
    return _SURROGATES.sub("\ufffd", text)


class _BytesRegex(Protocol):
    def search(self, text: bytes) -> Match | None: ...


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression that takes any line.

    RE2 works on bytes. Where characters don't matter, because only the fact of a match counts or the
    line is ASCII, giving it bytes saves half of the time.
    """

    regex: Regex
    names: Mapping[str, int]
    groups: int

    def matches(self, text: str) -> bool:
        """Whether there is a match anywhere."""
        regex = cast(_BytesRegex, self.regex)
        return regex.search(text.encode("utf-8", "surrogateescape")) is not None

    def values(self, text: str) -> list[str] | None:
        """What the first match took and its groups in order; None without a match.

        A group that took no part is an empty text, as in Go.
        """
        if not text.isascii():
            match = self.search(text)
            return None if match is None else [match.group() or "", *(value or "" for value in match.groups())]
        found = cast(_BytesRegex, self.regex).search(text.encode())
        if found is None:
            return None
        values: list[str] = []
        for number in range(self.groups + 1):
            start, end = found.span(number)
            values.append(text[start:end] if start >= 0 else "")
        return values

    def search(self, text: str) -> Match | None:
        """The first match."""
        try:
            return self.regex.search(text)
        except UnicodeEncodeError:
            return self.regex.search(without_surrogates(text))

    def find_all(self, text: str) -> list[Match]:
        """All matches in order, none over another."""
        try:
            return list(self.regex.finditer(text))
        except UnicodeEncodeError:
            return list(self.regex.finditer(without_surrogates(text)))


def compile_expression(pattern: str) -> Expression:
    """Compile an expression of RE2. Raises ConfigurationError."""
    try:
        regex = compile_regex(pattern)
    except RegexError as error:
        raise ConfigurationError(f"could not compile regular expression: {error}") from None
    return Expression(regex, dict(regex.groupindex), regex.groups)
