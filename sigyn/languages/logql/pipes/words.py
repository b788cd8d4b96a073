"""What all pipes are written with: names of fields, lists of them, small words, and errors that show how."""

import re

from sigyn.languages.lexer import Cursor
from sigyn.languages.logql.diagnostics import extension_error
from sigyn.model.errors import ParseError

_WORD = re.compile(r"[^\W\d]\w*")


def wrong(cursor: Cursor, message: str, example: str) -> ParseError:
    """The error that something else should stand at the next token; `example` shows the pipe written well."""
    return extension_error(cursor.query, cursor.token, message, f"write: {example}")


def at_name(cursor: Cursor) -> bool:
    """Whether a name comes next; words of the language and functions are names too in a pipe."""
    return _WORD.fullmatch(cursor.token.text) is not None


def read_name(cursor: Cursor, pipe: str, example: str) -> str:
    """The name of a field. Raises ParseError."""
    if not at_name(cursor):
        raise wrong(cursor, f"`{pipe}` needs the name of a field here", example)
    return cursor.advance().text


def read_names(cursor: Cursor, pipe: str, example: str) -> tuple[str, ...]:
    """`a, b` or `(a, b)`, at least one. Raises ParseError."""
    enclosed = cursor.accept("(") is not None
    names = [read_name(cursor, pipe, example)]
    while cursor.accept(","):
        names.append(read_name(cursor, pipe, example))
    if enclosed and not cursor.accept(")"):
        raise wrong(cursor, f"`{pipe}` needs a `)` behind its fields", example)
    return tuple(names)


def accept_word(cursor: Cursor, *words: str) -> str:
    """Consume the next token if it is one of these words, in any case; the word, or nothing."""
    text = cursor.token.text.lower()
    if text not in words:
        return ""
    cursor.advance()
    return text


def read_count(cursor: Cursor, pipe: str, example: str, *, least: int) -> int:
    """A whole number. Raises ParseError."""
    token = cursor.token
    if token.kind != "NUMBER" or not token.text.isdecimal() or int(token.text) < least:
        raise wrong(cursor, f"`{pipe}` needs a whole number here", example)
    return int(cursor.advance().text)


def print_names(names: tuple[str, ...]) -> str:
    """`(a, b)`."""
    return f"({', '.join(names)})"
