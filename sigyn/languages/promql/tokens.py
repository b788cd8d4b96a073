"""Cuts PromQL into tokens: names with colons, ranges in brackets, Prometheus' numbers and durations."""

import re

from sigyn.languages.durations import DurationError, parse_prometheus_duration
from sigyn.languages.lexer import BAD, END, Token
from sigyn.languages.quoting import EscapeError, unquote
from sigyn.languages.unclosed import NO_END_OF_RANGE, NOT_TERMINATED

WORDS = frozenset(
    ("by", "without", "bool", "offset", "on", "ignoring", "group_left", "group_right", "or", "and", "unless")
)

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+|\#[^\n]*)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*'|`[^`]*`)
    | (?P<duration>(?:[0-9]+(?:ms|[smhdwy]))+(?![A-Za-z0-9_:]))
    | (?P<number>0[xX][0-9a-fA-F]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
    | (?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
    | (?P<range>\[[^\]]*\])
    | (?P<symbol>=~|!~|!=|==|>=|<=|[{}(),=<>+\-*/%^])
    | (?P<other>[\s\S])
    """,
    re.VERBOSE,
)


def tokenise(text: str) -> list[Token]:
    """The tokens of `text`, the last one END, or BAD where the text can't be read."""
    tokens: list[Token] = []
    for match in _TOKEN.finditer(text):
        token = _token(match)
        if token is not None:
            tokens.append(token)
            if token.kind == BAD:
                return tokens
    tokens.append(Token(END, "", len(text), len(text)))
    return tokens


def _token(match: re.Match[str]) -> Token | None:
    start, end, piece = match.start(), match.end(), match[0]
    match match.lastgroup:
        case "space":
            return None
        case "string":
            return _string(piece, start, end)
        case "word":
            kind = piece.lower() if piece.lower() in WORDS else "IDENTIFIER"
            return Token(kind, piece, start, end, piece)
        case "number":
            return Token("NUMBER", piece, start, end, piece)
        case "duration":
            return Token("DURATION", piece, start, end, piece)
        case "range":
            return _range(piece, start, end)
        case "symbol":
            return Token(piece, piece, start, end)
    return Token(BAD, piece, start, end, _complaint(piece))


def _complaint(piece: str) -> str:
    if piece in "\"`'":
        return NOT_TERMINATED
    return NO_END_OF_RANGE if piece == "[" else f"unexpected character {piece!r}"


def _string(piece: str, start: int, end: int) -> Token:
    if piece[0] == "'":
        piece = '"' + piece[1:-1].replace('"', r"\"").replace(r"\'", "'") + '"'
    try:
        return Token("STRING", piece, start, end, unquote(piece))
    except EscapeError as error:
        return Token(BAD, piece, start, end, str(error))


def _range(piece: str, start: int, end: int) -> Token:
    """`[5m]` is one token with the value `5m`."""
    inner = piece[1:-1].strip()
    if ":" in inner:
        return Token(BAD, piece, start, end, "subqueries are not supported over recorded series")
    try:
        length = parse_prometheus_duration(inner)
    except DurationError as error:
        return Token(BAD, piece, start, end, str(error))
    if not length:
        return Token(BAD, piece, start, end, "a range must be longer than nothing")
    return Token("RANGE", piece, start, end, inner)
