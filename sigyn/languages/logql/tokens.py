"""Cuts LogQL into tokens.

Kinds are the names under which Loki's messages speak of tokens: `IDENTIFIER`, `STRING`, the symbols
and words themselves, functions in capitals. Loki cuts its text with Go's text/scanner, which explains
most of the rules: Go's string and number literals, `//` and `/* */` comments beside LogQL's own `#`.
"""

import re
from typing import get_args

from sigyn.languages.bytes import BytesError, parse_bytes
from sigyn.languages.durations import DurationError, parse_duration
from sigyn.languages.lexer import BAD, END, Token
from sigyn.languages.logql import ast
from sigyn.languages.quoting import EscapeError, unquote
from sigyn.languages.unclosed import NO_END_OF_RANGE, NOT_TERMINATED

RANGE_OPERATORS: dict[str, str] = {name.upper(): name for name in get_args(ast.RangeOperator)}
VECTOR_OPERATORS: dict[str, str] = {name.upper(): name for name in get_args(ast.VectorOperator)}
CONVERSIONS = {"BYTES_CONV": "bytes", "DURATION_CONV": "duration", "DURATION_SECONDS_CONV": "duration_seconds"}

FUNCTIONS: dict[str, str] = {
    **{name: kind for kind, name in {**RANGE_OPERATORS, **VECTOR_OPERATORS, **CONVERSIONS}.items()},
    "label_replace": "LABEL_REPLACE",
    "vector": "VECTOR",
    "ip": "ip",
}
"""Names that are functions before `(`, `by` or `without`, and plain identifiers elsewhere."""

STAGE_WORDS = (
    *("json", "regexp", "logfmt", "unpack", "pattern", "label_format", "line_format"),
    *("unwrap", "decolorize", "drop", "keep"),
)
PIPE_WORDS = (
    *("stats", "sort", "order", "limit", "head", "offset"),
    *("uniq", "top", "fields", "math", "where", "filter"),
)
"""Words that begin a pipe of our extensions, where no comparison follows; VictoriaLogs' names with some aliases."""

WORDS = frozenset(
    (
        *("by", "without", "bool", "offset", "on", "ignoring", "group_left", "group_right", "or", "and", "unless"),
        *STAGE_WORDS,
    )
)
"""Words that are never identifiers."""

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\n]+|\#[^\n]*|//[^\n]*|/\*[\s\S]*?\*/)
    | (?P<string>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)
    | (?P<word>[^\W\d]\w*)
    | (?P<prefixed>0[xX][0-9a-fA-F_]+(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9]+)?|0[bB][01_]+|0[oO][0-7_]+)
    | (?P<number>(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)
    | (?P<flag>--(?:strict|keep-empty)(?![A-Za-z-]))
    | (?P<range>\[)
    | (?P<symbol>\|[=~>]|![=~>]|=[~=]|>=|<=|[{}()\],.=|<>+\-*%^]|/(?!\*))
    | (?P<character>'(?:[^'\\\n]|\\[^\n])*')
    | (?P<other>[\s\S])
    """,
    re.VERBOSE,
)
_DURATION_REST = re.compile("[0-9.nu\u00b5\u03bcmshdwy]+")
_BYTES_REST = re.compile("[0-9.BikKMGTP]+")
_CALLED = re.compile(r"[ \t\r\n]*(?:\(|(?:by|without)\b)", re.IGNORECASE)


EXTENSION_SYMBOLS = frozenset(";:")
"""Characters that LogQL has no use for, but our extensions do: `let a = 1; a`, `by (_time:5m)`."""


def tokenise(text: str, *, extended: bool = False) -> list[Token]:
    """The tokens of `text`, the last one END, or BAD where the text can't be read."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None
        token = _token(text, match)
        if extended and token is not None and token.text in EXTENSION_SYMBOLS:
            token = Token(token.text, token.text, token.start, token.end)
        if token is None:
            position = match.end()
            continue
        tokens.append(token)
        if token.kind == BAD:
            return tokens
        position = token.end
    tokens.append(Token(END, "", len(text), len(text)))
    return tokens


def _token(text: str, match: re.Match[str]) -> Token | None:
    start, end, piece = match.start(), match.end(), match[0]
    match match.lastgroup:
        case "space":
            return None
        case "string":
            return _string(piece, start, end)
        case "word":
            return Token(_kind_of_word(text, piece, end), piece, start, end, piece)
        case "number":
            return _amount(text, piece, start, end)
        case "prefixed":
            return Token("NUMBER", piece, start, end, piece)
        case "flag":
            return Token("PARSER_FLAG", piece, start, end, piece)
        case "range":
            return _range(text, start)
        case "symbol":
            return Token(piece, piece, start, end)
        case "character":
            return Token(BAD, piece, start, end, "invalid char literal")
        case _:
            return Token(BAD, piece, start, end, _complaint(text, piece, start))


def _complaint(text: str, piece: str, start: int) -> str:
    if piece in "\"`'":
        return NOT_TERMINATED
    if text.startswith("/*", start):
        return "comment not terminated"
    return f"unexpected character {piece!r}"


def _string(piece: str, start: int, end: int) -> Token:
    try:
        return Token("STRING", piece, start, end, unquote(piece))
    except EscapeError as error:
        return Token(BAD, piece, start, end, str(error))


def _kind_of_word(text: str, piece: str, end: int) -> str:
    name = piece.lower()
    if name in FUNCTIONS and _CALLED.match(text, end):
        return FUNCTIONS[name]
    return name if name in WORDS else "IDENTIFIER"


def _amount(text: str, piece: str, start: int, end: int) -> Token:
    """A number, or with a unit behind it a duration or an amount of bytes."""
    if rest := _DURATION_REST.match(text, end):
        whole = piece + rest[0]
        try:
            parse_duration(whole)
        except DurationError:
            pass
        else:
            return Token("DURATION", whole, start, rest.end(), whole)
    if rest := _BYTES_REST.match(text, end):
        whole = piece + rest[0]
        try:
            parse_bytes(whole)
        except BytesError:
            pass
        else:
            return Token("BYTES", whole, start, rest.end(), whole)
    return Token("NUMBER", piece, start, end, piece)


def _range(text: str, start: int) -> Token:
    """`[5m]` is one token with the value `5m`."""
    end = text.find("]", start)
    if end < 0:
        return Token(BAD, "[", start, start + 1, NO_END_OF_RANGE)
    inner = text[start + 1 : end]
    try:
        length = parse_duration(inner)
    except DurationError as error:
        return Token(BAD, text[start : end + 1], start, end + 1, str(error))
    if length <= 0:
        return Token(BAD, text[start : end + 1], start, end + 1, f'a range must be longer than nothing: "{inner}"')
    return Token("RANGE", text[start : end + 1], start, end + 1, inner)
