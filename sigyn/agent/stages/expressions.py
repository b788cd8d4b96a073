"""Regular expressions in the options of stages, over lines that need not be UTF-8.

Targets keep bytes that are no UTF-8 as surrogates. RE2 takes none, so it sees U+FFFD in their place:
one character for another, and every position stays what it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sigyn.agent.errors import ConfigurationError
from sigyn.languages.regex import Match, Regex, RegexError, compile_regex

_SURROGATES = re.compile("[\ud800-\udfff]")


def without_surrogates(text: str) -> str:
    """`text` with U+FFFD for every surrogate, as long as before."""
    return _SURROGATES.sub("\ufffd", text)


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression that takes any line."""

    regex: Regex
    names: Mapping[str, int]
    groups: int

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
