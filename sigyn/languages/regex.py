"""Regular expressions of RE2, compiled by google-re2, refused in the words of Go's regexp package."""

import re
from collections.abc import Iterator, Mapping
from typing import Protocol

import re2

from sigyn.model.errors import BadRequest

_WORDS_OF_GO = {
    "missing ]": "missing closing ]",
    "missing )": "missing closing )",
    "trailing \\": "trailing backslash at end of expression",
    "no argument for repetition operator": "missing argument to repetition operator",
    "invalid repetition size": "invalid repeat count",
    "bad repetition operator": "invalid nested repetition operator",
    "invalid perl operator": "invalid or unsupported Perl syntax",
    "invalid named capture group": "invalid named capture",
    "pattern too large - compile failed": "expression too large",
}

_TOKENS = re.compile(r"\\Q.*?(?:\\E|$)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|(?P<short>\(\?<)(?=\w)|.", re.DOTALL)
"""What is quoted, an escape, a class, the begin of a named group as `(?<name>`, any other character."""


class RegexError(BadRequest):
    """A pattern that RE2 refuses; the message is Go's."""


class Match(Protocol):
    """What a search found."""

    def group(self, key: int | str = 0) -> str | None: ...
    def groups(self) -> tuple[str | None, ...]: ...
    def span(self, key: int | str = 0) -> tuple[int, int]: ...


class Regex(Protocol):
    """A compiled expression."""

    @property
    def pattern(self) -> str: ...
    @property
    def groups(self) -> int: ...
    @property
    def groupindex(self) -> Mapping[str, int]: ...
    def search(self, text: str) -> Match | None: ...
    def fullmatch(self, text: str) -> Match | None: ...
    def finditer(self, text: str) -> Iterator[Match]: ...


def compile_regex(pattern: str) -> Regex:
    """Compile `pattern`.

    Raises RegexError, for example ``error parsing regexp: missing closing ]: `[` ``.
    """
    if "\\C" in pattern and any(token[0] == "\\C" for token in _TOKENS.finditer(pattern)):
        raise RegexError(
            "error parsing regexp: invalid escape sequence: `\\C`"
        )  # a byte, which RE2 knows and Go does not
    options = re2.Options()
    options.log_errors = False
    try:
        compiled: Regex = re2.compile(pattern, options)
    except re2.error as error:
        raise RegexError(_in_words_of_go(error.args[0].decode("utf-8", "replace"))) from None
    return compiled


def with_long_names(pattern: str) -> str:
    """The expression with each `(?<name>` as `(?P<name>`, which older versions of RE2, as DuckDB's, know alone."""
    if "(?<" not in pattern:
        return pattern
    return _TOKENS.sub(lambda token: "(?P<" if token["short"] else token[0], pattern)


def _in_words_of_go(message: str) -> str:
    code, _, argument = message.partition(": ")
    words = _WORDS_OF_GO.get(code, code)
    return f"error parsing regexp: {words}: `{argument}`" if argument else f"error parsing regexp: {words}"
