"""Makes the parse errors of PromQL: the message, the place, and what is still open there."""

from sigyn.languages.lexer import BAD, END, Token, line_and_column
from sigyn.languages.logql.expressions import PRECEDENCE
from sigyn.languages.promql.tokens import tokenise
from sigyn.languages.unclosed import hint_for_quote, hint_for_unclosed, hint_for_unread
from sigyn.model.errors import ParseError

_BEHIND_BRACKETS = frozenset(("RANGE", "(", "{", "by", "without", "offset", *PRECEDENCE))
"""Tokens that come where the bracket before them was meant to be closed."""


def promql_error(query: str, token: Token, message: str) -> ParseError:
    """The error at `token`: `parse error at line 1, col 5: ...`."""
    line, column = line_and_column(query, token.start)
    readable = message.replace(f"unexpected {END}", "unexpected end of the query")
    return ParseError(
        f"parse error at line {line}, col {column}: {readable}",
        line=line,
        column=column,
        length=token.end - token.start,
        query=query,
        hint=_hint(query, token, message),
    )


def _hint(query: str, token: Token, message: str) -> str:
    if token.kind == BAD:
        return hint_for_unread(query, token, message)
    if not message.startswith("syntax error: unexpected"):
        return ""
    _, _, expected = message.partition(", expecting ")
    *read, _ = tokenise(query[: token.start])
    return hint_for_unclosed(query, read, token, expected, _BEHIND_BRACKETS) or (
        hint_for_quote(query, read, token) if token.kind == "IDENTIFIER" else ""
    )
