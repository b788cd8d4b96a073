"""String literals of Go: `"..."` with escapes, and raw strings between backquotes."""

import re

_NAMED = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
_UNNAMED = {"a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, '"': 34}
_ESCAPE = re.compile(r'\\(?:([abfnrtv\\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|)')


class EscapeError(ValueError):
    """An escape sequence that Go doesn't know."""


def quote(text: str) -> str:
    """`text` as a double-quoted literal, as Go's strconv.Quote writes it."""
    if text.isascii() and text.isprintable() and '"' not in text and "\\" not in text:
        return f'"{text}"'
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    if character in _NAMED:
        return _NAMED[character]
    code = ord(character)
    if code < 0x80:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def unquote(literal: str) -> str:
    """The text of a complete literal, double-quoted or between backquotes.

    `\\xff` and `\\377` are bytes; bytes that are not UTF-8 become U+FFFD, as in lines at ingestion.
    Raises EscapeError for an unknown escape sequence.
    """
    body = literal[1:-1]
    if literal[0] == "`":
        return body.replace("\r", "")
    if "\\" not in body:
        return body
    parts = bytearray()
    position = 0
    for match in _ESCAPE.finditer(body):
        parts += body[position : match.start()].encode("utf-8", "replace")
        parts += _bytes_of(match)
        position = match.end()
    parts += body[position:].encode("utf-8", "replace")
    return parts.decode("utf-8", "replace")


def _bytes_of(match: re.Match[str]) -> bytes:
    named, octal, byte, short, long = match.groups()
    if named:
        return bytes((_UNNAMED[named],))
    if byte:
        return bytes((int(byte, 16),))
    if octal and int(octal, 8) < 256:
        return bytes((int(octal, 8),))
    code = int(short or long or "110000", 16)
    if octal or code > 0x10FFFF or 0xD800 <= code < 0xE000:
        raise EscapeError("invalid char escape")
    return chr(code).encode()
