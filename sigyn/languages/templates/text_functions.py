"""Text in LogQL's templates: Go's strings functions, sprig's with the text last, and Loki's own."""

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from sigyn.languages.quoting import quote
from sigyn.languages.templates.builtins import query_escape
from sigyn.languages.templates.errors import FunctionError
from sigyn.languages.templates.letter_case import to_lower, to_title, to_upper
from sigyn.languages.templates.limits import require_length
from sigyn.languages.templates.values import Function, from_utf8, to_utf8, truth

_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
_WHITE_SPACE += "\u2028\u2029\u202f\u205f\u3000"
_BASE64_ALPHABET = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/-_")


def replace(text: str, old: str, new: str, count: int) -> str:
    """Go's strings.Replace: the first `count` of `old`, all of them when it is negative."""
    found = text.count(old)
    times = found if count < 0 else min(found, count)
    require_length(len(text) + times * max(len(new) - len(old), 0))
    return text.replace(old, new, times)


def trim_space(text: str) -> str:
    return text.strip(_WHITE_SPACE)


def _trim(text: str, characters: str) -> str:
    return text.strip(characters) if characters else text


def _trim_left(text: str, characters: str) -> str:
    return text.lstrip(characters) if characters else text


def _trim_right(text: str, characters: str) -> str:
    return text.rstrip(characters) if characters else text


def _truncate(count: int, text: str) -> str:
    """The first `count` bytes, or with a negative count the last ones."""
    if text.isascii():
        data, length = None, len(text)
    else:
        data = to_utf8(text)
        length = len(data)
    if count < 0:
        start, end = (length + count if length + count > 0 else 0), length
    else:
        start, end = 0, min(count, length)
    return text[start:end] if data is None else from_utf8(data[start:end])


def _substring(start: int, end: int, text: str) -> str:
    """sprig's substr, by bytes. Bounds that don't fit are errors, as Go's slices have them."""
    data = to_utf8(text)
    length = len(data)
    if start < 0:
        if not 0 <= end <= length:
            bound = f"[:{end}]" + (f" with length {length}" if end > length else "")
            raise FunctionError(f"runtime error: slice bounds out of range {bound}")
        return from_utf8(data[:end])
    if end < 0 or end > length:
        end = length
    if start > end:
        raise FunctionError(f"runtime error: slice bounds out of range [{start}:{end}]")
    return from_utf8(data[start:end])


def _repeat(count: int, text: str) -> str:
    if count < 0:
        raise FunctionError("strings: negative Repeat count")
    require_length(count * len(text))
    return text * count


def _indent(spaces: int, text: str) -> str:
    pad = _repeat(spaces, " ")
    return pad + replace(text, "\n", "\n" + pad, -1)


def _align_left(width: int, text: str) -> str:
    """`text` in as many characters as `width` says: filled up at its end, or cut there."""
    if width < 0:
        return text
    require_length(width)
    return text[:width].ljust(width)


def _align_right(width: int, text: str) -> str:
    if width < 0:
        return text
    require_length(width)
    return text[max(len(text) - width, 0) :].rjust(width)


def _default(fallback: object, *values: object) -> object:
    """The value, or `fallback` for a missing or empty one; the numbers 0 count as empty."""
    return values[0] if values and truth(values[0]) else fallback


def _decode_base64(text: str) -> str:
    """With or without padding; Go ignores line ends."""
    data = to_utf8(text).replace(b"\r", b"").replace(b"\n", b"")
    unpadded = data.rstrip(b"=")
    for offset, byte in enumerate(unpadded):
        if byte not in _BASE64_ALPHABET:
            raise FunctionError(f"illegal base64 data at input byte {offset}")
    if len(unpadded) % 4 == 1 or (len(data) != len(unpadded) and len(data) % 4):
        raise FunctionError(f"illegal base64 data at input byte {len(unpadded)}")
    try:
        return from_utf8(
            base64.urlsafe_b64decode(unpadded.replace(b"+", b"-").replace(b"/", b"_") + b"=" * (-len(unpadded) % 4))
        )
    except binascii.Error as error:
        raise FunctionError(f"illegal base64 data: {error}") from None


def _decode_url(text: str) -> str:
    """Go's url.QueryUnescape."""
    position = text.find("%")
    while position >= 0:
        escape = text[position : position + 3]
        if len(escape) < 3 or any(digit not in "0123456789abcdefABCDEF" for digit in escape[1:]):
            raise FunctionError(f"invalid URL escape {quote(escape)}")
        position = text.find("%", position + 3)
    return from_utf8(unquote_to_bytes(text.replace("+", " ")))


TEXT_FUNCTIONS: Mapping[str, Function] = {
    "ToLower": Function(to_lower, ("string",)),
    "ToUpper": Function(to_upper, ("string",)),
    "Replace": Function(replace, ("string", "string", "string", "int")),
    "Trim": Function(_trim, ("string", "string")),
    "TrimLeft": Function(_trim_left, ("string", "string")),
    "TrimRight": Function(_trim_right, ("string", "string")),
    "TrimPrefix": Function(lambda text, prefix: text.removeprefix(prefix), ("string", "string")),
    "TrimSuffix": Function(lambda text, suffix: text.removesuffix(suffix), ("string", "string")),
    "TrimSpace": Function(trim_space, ("string",)),
    "lower": Function(to_lower, ("string",)),
    "upper": Function(to_upper, ("string",)),
    "title": Function(to_title, ("string",)),
    "replace": Function(lambda old, new, text: replace(text, old, new, -1), ("string", "string", "string")),
    "trim": Function(trim_space, ("string",)),
    "trimAll": Function(lambda characters, text: _trim(text, characters), ("string", "string")),
    "trimPrefix": Function(lambda prefix, text: text.removeprefix(prefix), ("string", "string")),
    "trimSuffix": Function(lambda suffix, text: text.removesuffix(suffix), ("string", "string")),
    "trunc": Function(_truncate, ("int", "string")),
    "substr": Function(_substring, ("int", "int", "string")),
    "indent": Function(_indent, ("int", "string")),
    "nindent": Function(lambda spaces, text: "\n" + _indent(spaces, text), ("int", "string")),
    "repeat": Function(_repeat, ("int", "string")),
    "contains": Function(lambda part, text: part in text, ("string", "string")),
    "hasPrefix": Function(lambda prefix, text: text.startswith(prefix), ("string", "string")),
    "hasSuffix": Function(lambda suffix, text: text.endswith(suffix), ("string", "string")),
    "alignLeft": Function(_align_left, ("int", "string")),
    "alignRight": Function(_align_right, ("int", "string")),
    "default": Function(_default, ("any",), "any"),
    "urlencode": Function(query_escape, ("string",)),
    "urldecode": Function(_decode_url, ("string",)),
    "b64enc": Function(lambda text: base64.b64encode(to_utf8(text)).decode(), ("string",)),
    "b64dec": Function(_decode_base64, ("string",)),
}
