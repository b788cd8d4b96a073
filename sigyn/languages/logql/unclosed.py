"""Says which brackets and quotes are still open where a query can't be read on, and where they were opened."""

from collections.abc import Sequence

from sigyn.languages.lexer import END, Token, line_and_column
from sigyn.languages.logql.tokens import tokenise

_CLOSED_BY = {"(": ")", "{": "}"}
_CLOSING = frozenset((*_CLOSED_BY.values(), ";"))
_BEHIND_BRACKETS = frozenset(("RANGE", "|", "|=", "|~", "|>", "!=", "!~", "!>", "(", "{"))
"""Tokens that come where the bracket before them was meant to be closed."""

_MOST_NAMED = 3


def hint_for_unread(query: str, token: Token, message: str) -> str:
    """What a token that can't be read has opened; nothing when that is not what is wrong with it."""
    match message:
        case "literal not terminated" if token.text == "'":
            return "a string stands between double quotes or backquotes"
        case "literal not terminated" if token.text == '"':
            return f"the quote {_position(query, token)} is not closed in its line"
        case "literal not terminated":
            return f"the backquote {_position(query, token)} is not closed"
        case "comment not terminated":
            return f"`/*` {_position(query, token)} is not closed: `*/` is missing"
        case "missing closing ']' in duration":
            return f"`[` {_position(query, token)} is not closed: `]` is missing"
        case _:
            return ""


def hint_for_unclosed(query: str, token: Token, expected: str) -> str:
    """The brackets that are open at `token`, when one of them may be meant to be closed before it."""
    opened = _open_before(query, token)
    if not opened:
        return ""
    closing = _CLOSED_BY[opened[-1].kind]
    is_other = token.kind in _CLOSING and token.kind != closing
    is_behind = token.kind in _BEHIND_BRACKETS and closing in expected.split(" or ")
    if token.kind != END and not is_other and not is_behind:
        return ""
    if token.kind != END:
        opened = opened[-1:]  # the others may be closed further on
    places = [f"`{each.text}` {_position(query, each)}" for each in reversed(opened[-_MOST_NAMED:])]
    if len(opened) > len(places):
        places.append(f"{len(opened) - len(places)} more")
    return f"{' and '.join(places)} {'is' if len(places) == 1 else 'are'} still open"


def hint_for_quote(query: str, token: Token) -> str:
    """The string that a word follows without a space: it went on to the first quote of the next string."""
    *before, _ = tokenise(query[: token.start])
    if not before or before[-1].kind != "STRING" or before[-1].end != token.start:
        return ""
    return f"the string {_position(query, before[-1])} ends here, at the quote that was to begin the next one"


def _open_before(query: str, token: Token) -> Sequence[Token]:
    """The brackets that are open where `token` begins, the innermost last."""
    opened: list[Token] = []
    for each in tokenise(query[: token.start], extended=True):
        if each.kind in _CLOSED_BY:
            opened.append(each)
        elif opened and each.kind == _CLOSED_BY[opened[-1].kind]:
            opened.pop()
    return opened


def _position(query: str, token: Token) -> str:
    line, column = line_and_column(query, token.start)
    return f"at line {line}, column {column}"
