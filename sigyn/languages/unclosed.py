"""Says which brackets and quotes are still open where a query can't be read on, and where they were opened."""

from collections.abc import Collection, Sequence

from sigyn.languages.lexer import END, Token, line_and_column

NOT_TERMINATED = "literal not terminated"
NO_END_OF_RANGE = "missing closing ']' in duration"

_CLOSED_BY = {"(": ")", "{": "}"}
_CLOSING = frozenset((*_CLOSED_BY.values(), ";"))
_MOST_NAMED = 3
_NOT_IN_RANGE = frozenset("[)")


def hint_for_unread(query: str, token: Token, message: str) -> str:
    """What a token that can't be read has opened; nothing when that is not what is wrong with it."""
    if message == NOT_TERMINATED and token.text == "`":
        return f"the backquote {position(query, token)} is not closed"
    if message == NOT_TERMINATED:
        return f"the quote {position(query, token)} is not closed in its line"
    # A range goes on to the next `]`, which may be that of another one.
    if message == NO_END_OF_RANGE or (token.text[:1] == "[" and _NOT_IN_RANGE & set(token.text[1:-1])):
        return f"`[` {position(query, token)} is not closed: `]` is missing"
    return ""


def hint_for_unclosed(
    query: str, before: Sequence[Token], token: Token, expected: str, behind_brackets: Collection[str]
) -> str:
    """The brackets that `before` leaves open at `token`, when one of them may be meant to be closed there.

    `behind_brackets` are kinds of tokens that come where the bracket before them was meant to be closed.
    """
    opened = _open_after(before)
    if not opened:
        return ""
    closing = _CLOSED_BY[opened[-1].kind]
    is_other = token.kind in _CLOSING and token.kind != closing
    is_behind = token.kind in behind_brackets and closing in expected.split(" or ")
    if token.kind != END and not is_other and not is_behind:
        return ""
    if token.kind != END:
        opened = opened[-1:]  # the others may be closed further on
    places = [f"`{each.text}` {position(query, each)}" for each in reversed(opened[-_MOST_NAMED:])]
    if len(opened) > len(places):
        places.append(f"{len(opened) - len(places)} more")
    return f"{' and '.join(places)} {'is' if len(places) == 1 else 'are'} still open"


def hint_for_quote(query: str, before: Sequence[Token], token: Token) -> str:
    """The string that a word follows without a space: it went on to the first quote of the next string."""
    if not before or before[-1].kind != "STRING" or before[-1].end != token.start:
        return ""
    return f"the string {position(query, before[-1])} ends here, at the quote that was to begin the next one"


def position(query: str, token: Token) -> str:
    """Where a token begins, in the words of a hint."""
    line, column = line_and_column(query, token.start)
    return f"at line {line}, column {column}"


def _open_after(tokens: Sequence[Token]) -> Sequence[Token]:
    """The brackets that are open behind `tokens`, the innermost last."""
    opened: list[Token] = []
    for each in tokens:
        if each.kind in _CLOSED_BY:
            opened.append(each)
        elif opened and each.kind == _CLOSED_BY[opened[-1].kind]:
            opened.pop()
    return opened
