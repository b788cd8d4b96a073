"""Regular expressions in LogQL's templates: RE2 with Go's rules for replacing."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Protocol, TypeAlias, cast

from sigyn.languages.regex import Match, Regex, RegexError, compile_regex
from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.limits import require_length
from sigyn.languages.templates.values import Function

_REFERENCE = re.compile(r"\$(?:\$|([A-Za-z0-9_]+)|\{([A-Za-z0-9_]+)\})")

Replacement: TypeAlias = Callable[[Match], str]


class _Finding(Protocol):
    """What a compiled expression can do besides."""

    def finditer(self, text: str) -> Iterator[Match]: ...


MAXIMUM_PATTERN = 1 << 14
"""Code points of an expression; each of the last ones used takes memory in proportion."""

_SHORT_REPLACEMENT = 1 << 10
"""Longer replacements aren't remembered."""


@lru_cache(maxsize=64)
def _compiled(pattern: str) -> Regex:
    if len(pattern) > MAXIMUM_PATTERN:
        raise FunctionError(f"the regular expression is longer than {MAXIMUM_PATTERN} characters")
    try:
        return compile_regex(pattern)
    except RegexError as error:
        raise FunctionError(str(error)) from None


def _matches(pattern: str, text: str) -> Iterator[Match]:
    """All matches from left to right; Go drops an empty one right behind another match."""
    end = -1
    for match in cast(_Finding, _compiled(pattern)).finditer(text):
        start, following = match.span()
        if start == following == end:
            continue
        end = following
        yield match


def _group(name: str, groups: Mapping[str, int], count: int) -> int | None:
    """The group that `$name` refers to; None if there is no such group."""
    if name.isdecimal() and (name == "0" or name[0] != "0"):
        return int(name) if len(name) < 9 and int(name) <= count else None
    return groups.get(name)


@lru_cache(maxsize=64)
def _expanding(template: str, pattern: str) -> Replacement:
    """Go's Regexp.Expand: `$1`, `${1}`, `$name`; `$1x` is the group `1x`, and `$$` a dollar."""
    regex = _compiled(pattern)
    parts: list[str | int] = []
    position = 0
    for reference in _REFERENCE.finditer(template):
        parts.append(template[position : reference.start()])
        position = reference.end()
        name = reference[1] or reference[2]
        if name is None:
            parts.append("$")
            continue
        group = _group(name, regex.groupindex, regex.groups)
        if group is not None:
            parts.append(group)
    parts.append(template[position:])

    def expand(match: Match) -> str:
        return "".join(part if isinstance(part, str) else match.group(part) or "" for part in parts)

    return expand


def _replace(pattern: str, text: str, replacement: Replacement) -> str:
    out: list[str] = []
    length = position = 0
    for match in _matches(pattern, text):
        start, end = match.span()
        new = replacement(match)
        length += start - position + len(new)
        require_length(length)
        out += (text[position:start], new)
        position = end
    out.append(text[position:])
    return "".join(out)


def _replace_all(pattern: str, text: str, replacement: str) -> str:
    expanding = _expanding if len(replacement) <= _SHORT_REPLACEMENT else _expanding.__wrapped__
    return _replace(pattern, text, expanding(replacement, pattern))


def _replace_all_literal(pattern: str, text: str, replacement: str) -> str:
    return _replace(pattern, text, lambda _match: replacement)


def _count(pattern: str, text: str) -> int:
    return sum(1 for _ in _matches(pattern, text))


REGEX_FUNCTIONS: Mapping[str, Function] = {
    "regexReplaceAll": Function(_replace_all, ("string", "string", "string")),
    "regexReplaceAllLiteral": Function(_replace_all_literal, ("string", "string", "string")),
    "count": Function(_count, ("string", "string")),
}
