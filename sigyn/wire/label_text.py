"""Text of a label set (`{a="b", c="d"}`) to labels, in Prometheus' syntax and with its error texts.

Promtail and its kin send each stream's labels as such a text, and Loki re-reads the labels of a
JSON push in this form too, so that its errors count columns in it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from sigyn.model.errors import BadRequest
from sigyn.model.labels import LABEL_NAME, Labels, labels_of, quote

_PLAIN = re.compile(r'\{(?: *[a-zA-Z_][a-zA-Z0-9_]* *= *"[^"\\\n]*" *(?:, *(?=[a-zA-Z_}])|(?=\})))*\}')
_PLAIN_PAIR = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*) *= *"([^"]*)"')
_ESCAPE = re.compile(r"""\\(?:([abfnrtv\\'"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3}))""")
_SIMPLE_ESCAPES = {
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "v": "\v",
    "\\": "\\",
    "'": "'",
    '"': '"',
}
_CACHED_TEXTS = 16_384  # at most 32 MB, typically 5; the streams of a busy server come again and again
_CACHED_LENGTH = 1_024


class InvalidLabels(BadRequest):
    """`labels` is not a label set; the message has line and column as Prometheus counts them."""

    def __init__(self, message: str, labels: str) -> None:
        super().__init__(message)
        self.labels = labels


class DuplicateLabelName(BadRequest):
    """A label name occurs twice."""


def parse_labels(text: str) -> Labels:
    """The label set that a text spells; raises InvalidLabels and DuplicateLabelName.

    Empty values are dropped. A metric name before the brace becomes the label `__name__`.
    """
    return _remembered(text) if len(text) <= _CACHED_LENGTH else _parse_labels(text)


def _parse_labels(text: str) -> Labels:
    pairs = _PLAIN_PAIR.findall(text) if _PLAIN.fullmatch(text) else list(_pairs(text))
    labels = labels_of(pairs)
    if len(labels) < len(pairs) and len({name for name, _ in pairs}) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise DuplicateLabelName(f"stream '{text}' has duplicate label name: '{twice}'")
    return labels


_remembered = lru_cache(maxsize=_CACHED_TEXTS)(_parse_labels)


def labels_of_mapping(mapping: dict[str, str]) -> Labels:
    """The label set of a JSON push's `stream` object; raises InvalidLabels as Loki does."""
    if all(map(LABEL_NAME.fullmatch, mapping)):
        return labels_of(mapping)
    text = "{" + ", ".join(f"{name}={quote(value)}" for name, value in sorted(mapping.items())) + "}"
    return parse_labels(text)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    tokens = _tokens(text)
    token = next(tokens)
    if token.kind == "identifier":
        yield "__name__", token.text
        token = next(tokens)
    if token.kind == "end" and token.position > 0:
        return
    if token.kind != "{":
        raise _unexpected(text, token, "", 'identifier or "{"')
    token = next(tokens)
    while token.kind != "}":
        if token.kind != "identifier":
            raise _unexpected(text, token, "label set", 'identifier or "}"')
        name = token.text
        token = next(tokens)
        if token.kind != "=":
            raise _unexpected(text, token, "label set", '"="')
        token = next(tokens)
        if token.kind != "string":
            raise _unexpected(text, token, "label set", "string")
        yield name, _unquote(text, token)
        token = next(tokens)
        if token.kind == ",":
            token = next(tokens)
        elif token.kind != "}":
            raise _unexpected(text, token, "label set", '"," or "}"')
    token = next(tokens)
    if token.kind != "end":
        raise _unexpected(text, token, "", "end of input")


def _tokens(text: str) -> Iterator[_Token]:
    position, inside = 0, False
    while position < len(text):
        character = text[position]
        if character.isspace():
            position += 1
            continue
        start = position
        if match := LABEL_NAME.match(text, position):
            position = match.end()
            yield _Token("identifier", match[0], start)
        elif not inside and character == "{":
            inside, position = True, position + 1
            yield _Token("{", "{", start)
        elif inside and character in "},":
            inside, position = character != "}", position + 1
            yield _Token(character, character, start)
        elif inside and character in "=!":
            operator = text[start : start + 2] if text[start + 1 : start + 2] in ("~", "=") else character
            if operator in ("!", "=="):
                operator = character
            if operator == "!":
                raise _error(text, start, f"unexpected character after '!' inside braces: {_rune(text, start + 1)}")
            position += len(operator)
            yield _Token(operator, operator, start)
        elif inside and character in "\"'`":
            position = _end_of_string(text, start)
            yield _Token("string", text[start:position], start)
        elif inside:
            raise _error(text, start, f"unexpected character inside braces: {_rune(text, start)}")
        else:
            raise _error(text, start, f"unexpected character: {_rune(text, start)}")
    if inside:
        raise _error(text, len(text), "unexpected end of input inside braces")
    yield _Token("end", "", len(text))


def _end_of_string(text: str, start: int) -> int:
    mark = text[start]
    position = start + 1
    while position < len(text) and (text[position] != "\n" or mark == "`"):
        if text[position] == mark:
            return position + 1
        position += 2 if text[position] == "\\" and mark != "`" else 1
    raise _error(text, start, "unterminated raw string" if mark == "`" else "unterminated quoted string")


def _unquote(text: str, token: _Token) -> str:
    mark, inner = token.text[0], token.text[1:-1]
    if mark == "`" or "\\" not in inner:
        return inner
    pieces, position = [], 0
    while (backslash := inner.find("\\", position)) >= 0:
        match = _ESCAPE.match(inner, backslash)
        if match is None:
            sequence = inner[backslash : backslash + 2]
            raise _error(text, token.position, f"unknown escape sequence {sequence!r} in {token.text}")
        pieces += [inner[position:backslash], _unescape(match)]
        position = match.end()
    pieces.append(inner[position:])
    # \xff and \377 spell bytes, which may form a character together or none at all.
    return "".join(pieces).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _unescape(match: re.Match[str]) -> str:
    simple, byte, short, long, octal = match.groups()
    if simple:
        return _SIMPLE_ESCAPES[simple]
    if byte or octal:
        value = int(byte, 16) if byte else int(octal, 8) & 0xFF
        return chr(value) if value < 0x80 else chr(0xDC00 + value)
    code = int(short or long, 16)
    return chr(code) if code < 0xD800 or 0xDFFF < code <= 0x10FFFF else "�"


def _rune(text: str, position: int) -> str:
    return f"'{text[position]}'" if position < len(text) else "end of input"


def _unexpected(text: str, token: _Token, context: str, expected: str) -> InvalidLabels:
    if token.kind == "end":
        found = "end of input"
    elif token.kind == "identifier":
        found = f'identifier "{token.text}"'
    elif token.kind == "string":
        found = f"string {quote(token.text)}"
    else:
        found = f'"{token.text}"'
    place = f" in {context}" if context else ""
    return _error(text, token.position, f"unexpected {found}{place}, expected {expected}")


def _error(text: str, position: int, message: str) -> InvalidLabels:
    line = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1) + 1
    return InvalidLabels(f"couldn't parse labels: {line}:{column}: parse error: {message}", text)
