"""Makes Loki's parse errors: its message, the place, and a hint for the usual slips."""

from sigyn.languages.lexer import BAD, END, Token, line_and_column
from sigyn.languages.logql.ast import Span
from sigyn.languages.logql.hints import hint_for
from sigyn.model.errors import ParseError

_READ_ON = frozenset(("RANGE", "DURATION", "BYTES", "PARSER_FLAG"))
"""Tokens that Loki reads past Go's scanner, which then has forgotten the line: its messages say line 0."""


def syntax_error(query: str, token: Token, message: str) -> ParseError:
    """The error at `token`: `parse error at line 1, col 5: syntax error: ...`."""
    line, column = line_and_column(query, token.start)
    if token.kind == END and not query:
        place = "parse error "
    else:
        forgotten = token.kind in _READ_ON or (token.kind == BAD and token.text[:1] == "[")
        place = f"parse error at line {0 if forgotten else line}, col {column}"
    return ParseError(
        f"{place}: {message}",
        line=line,
        column=column,
        length=token.end - token.start,
        query=query,
        hint=hint_for(query, token, message),
    )


class MeaningError(ParseError):
    """The error of a text that is LogQL, but means nothing."""


def meaning_error(query: str, span: Span, message: str, hint: str = "") -> MeaningError:
    """The error that the text at `span` is LogQL, but means nothing: `parse error : ...`."""
    line, column = line_and_column(query, span.start)
    return MeaningError(
        f"parse error : {message}",
        line=line,
        column=column,
        length=span.end - span.start,
        query=query,
        hint=hint,
    )


class ExtensionError(ParseError):
    """An error in what only Sigyn's dialect has; told even where Loki would stumble at the same place."""


def extension_error(query: str, place: Token | Span, message: str, hint: str = "") -> ExtensionError:
    """An error of our own extensions at `place`: `parse error at line 1, col 5: ...`."""
    line, column = line_and_column(query, place.start)
    return ExtensionError(
        f"parse error at line {line}, col {column}: {message}",
        line=line,
        column=column,
        length=place.end - place.start,
        query=query,
        hint=hint,
    )
