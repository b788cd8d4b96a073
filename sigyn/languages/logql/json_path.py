"""Paths into JSON: `request.headers[0]["User-Agent"]`, of `| json a="..."`."""

import re

from sigyn.languages.quoting import EscapeError, unquote
from sigyn.model.errors import QueryError

_TOKEN = re.compile(
    r"""
      [ \t\r\n]+
    | (?P<FIELD>[A-Za-z_][A-Za-z0-9_]*)
    | (?P<INDEX>[0-9]+)
    | (?P<STRING>"(?:[^"\\\n]|\\[^\n])*")
    | (?P<sign>[.\[\]])
    """,
    re.VERBOSE,
)
_LONGEST_INDEX = 18


class JsonPathError(QueryError):
    """A text that is no path; the message is Loki's."""


def parse_json_path(text: str) -> tuple[str | int, ...]:
    """The steps of a path: fields are str, places in arrays int.

    Raises JsonPathError, for example `cannot parse expression [user-id]: unexpected char -`.
    """
    tokens = _tokens(text)
    path: list[str | int] = []
    position = 0

    def take(*kinds: str) -> str:
        nonlocal position
        kind, value = tokens[position]
        if kind not in kinds:
            raise _refusal(text, f"syntax error: unexpected {kind}, expecting {' or '.join(kinds)}")
        position += 1
        return value

    while tokens[position][0] != "$end" or not path:
        if tokens[position][0] == "[":
            position += 1
            path.append(_step(text, take("STRING", "INDEX")))
            take("]")
        elif path:
            take(".")
            path.append(take("FIELD"))
        else:
            path.append(take("[", "FIELD"))
    return tuple(path)


def _step(text: str, value: str) -> str | int:
    if value[0] != '"':
        if len(value) > _LONGEST_INDEX:
            raise _refusal(text, f"index out of range: {value}")
        return int(value)
    try:
        return unquote(value)
    except EscapeError as error:
        raise _refusal(text, str(error)) from None


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise _refusal(text, f"unexpected char {text[position]}")
        if match.lastgroup == "sign":
            tokens.append((match[0], match[0]))
        elif match.lastgroup:
            tokens.append((match.lastgroup, match[0]))
        position = match.end()
    return [*tokens, ("$end", "")]


def _refusal(text: str, message: str) -> JsonPathError:
    return JsonPathError(f"cannot parse expression [{text}]: {message}")
