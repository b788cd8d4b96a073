"""JSON as Loki reads it: a walk over an object that trusts little and gives what it got.

A line is not validated as a whole. The walk visits the fields of an object in order and stops at
the first thing that it can't step over; the fields before that stay. Text after the object is not
looked at, a trailing comma is fine, numbers are any text that begins like one.

Blocks (`{...}`, `[...]`) are found by counting brackets of their own kind outside strings. A nested
object is entered only when its block ends, an array is never entered.
"""

import re
from collections.abc import Iterator

OBJECT = "Value looks like object, but can't find closing '}' symbol"
ARRAY = "Value is array, but can't find closing ']' symbol"
STRING = "Value is string, but can't find closing '\"' symbol"
ESCAPE = "Encountered an invalid escape sequence in a string"
UNKNOWN = "Unknown value type"
MALFORMED = "Malformed JSON error"

STRING_TOKEN = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
LITERAL_TOKEN = re.compile(r"[^ \n\r\t,}\]]*")
SPACE = re.compile(r"[ \n\r\t]*")

STRUCTURE = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|["{}\[\]]', re.DOTALL)
_OPENING = {"}": "{", "]": "["}
_ESCAPES = re.compile(
    r'\\(?:(["\\/bfnrt])'
    r"|u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
    r"|u((?![dD][89a-fA-F])[0-9a-fA-F]{4})"
    r"|)"
)
_SHORT_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_LITERALS = {"true", "false", "null"}


class JsonSyntaxError(Exception):
    """The walk can't go on; the message says why."""


def unescape(text: str) -> str:
    """The text that the inside of a JSON string stands for. Raises JsonSyntaxError for a bad escape."""

    def replace(match: re.Match[str]) -> str:
        short, high, low, single = match.groups()
        if short:
            return _SHORT_ESCAPES[short]
        if single:
            return chr(int(single, 16))
        if high:
            return chr(0x10000 + ((int(high, 16) - 0xD800) << 10) + (int(low, 16) - 0xDC00))
        raise JsonSyntaxError(ESCAPE)

    return _ESCAPES.sub(replace, text) if "\\" in text else text


def string_value(text: str) -> str:
    """The label value for the inside of a JSON string: empty for a bad escape, blanks for bad UTF-8."""
    try:
        value = unescape(text)
    except JsonSyntaxError:
        return ""
    return value.replace("\ufffd", " ")


def block_ends(text: str) -> dict[int, int]:
    """Offset after the closing bracket by offset of the opening one, for all blocks that end."""
    ends: dict[int, int] = {}
    open_blocks: dict[str, list[int]] = {"{": [], "[": []}
    for token in STRUCTURE.finditer(text):
        character = token[0]
        if character in open_blocks:
            open_blocks[character].append(token.start())
        elif character in _OPENING:
            opened = open_blocks[_OPENING[character]]
            if opened:
                ends[opened.pop()] = token.end()
        elif character == '"':
            break
    return ends


def skip_space(text: str, at: int) -> int:
    """Offset of the first character at or after `at` that is not white space."""
    match = SPACE.match(text, at)
    return match.end() if match else at


def value_end(text: str, at: int, ends: dict[int, int]) -> int:
    """Offset after the value that begins at `at`. Raises JsonSyntaxError when it is no value or has no end."""
    match text[at : at + 1]:
        case "":
            raise JsonSyntaxError(MALFORMED)
        case '"':
            string = STRING_TOKEN.match(text, at)
            if string is None:
                raise JsonSyntaxError(STRING)
            return string.end()
        case "{":
            if at not in ends:
                raise JsonSyntaxError(OBJECT)
            return ends[at]
        case "[":
            if at not in ends:
                raise JsonSyntaxError(ARRAY)
            return ends[at]
        case first:
            literal = LITERAL_TOKEN.match(text, at)
            end = literal.end() if literal else at
            if text[at:end] not in _LITERALS and first not in "-0123456789":
                raise JsonSyntaxError(UNKNOWN)
            return end


def members(text: str, at: int, ends: dict[int, int]) -> Iterator[tuple[str, int, int]]:
    """Key, and begin and end of the value, of each field of the object that begins at `at`.

    `ends` is block_ends(text). Raises JsonSyntaxError where the object can't be read on.
    """
    if text[at : at + 1] != "{":
        raise JsonSyntaxError(OBJECT)
    at = skip_space(text, at + 1)
    while text[at : at + 1] != "}":
        key = STRING_TOKEN.match(text, at)
        if key is None:
            raise JsonSyntaxError(STRING if text[at : at + 1] == '"' else OBJECT)
        name = unescape(key[1])
        at = skip_space(text, key.end())
        if text[at : at + 1] != ":":
            raise JsonSyntaxError(OBJECT)
        at = skip_space(text, at + 1)
        end = value_end(text, at, ends)
        yield name, at, end
        at = skip_space(text, end)
        match text[at : at + 1]:
            case ",":
                at = skip_space(text, at + 1)
            case "}":
                return
            case _:
                raise JsonSyntaxError(OBJECT)


def elements(text: str, at: int, ends: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Begin and end of each element of the array that begins at `at`, up to the first that can't be read."""
    at = skip_space(text, at + 1)
    while text[at : at + 1] != "]":
        try:
            end = value_end(text, at, ends)
        except JsonSyntaxError:
            return
        yield at, end
        at = skip_space(text, end)
        if text[at : at + 1] != ",":
            return
        at = skip_space(text, at + 1)


def scalar(text: str, at: int, end: int) -> str:
    """The value from `at` to `end` as a label value: strings unescaped, all else as it is written."""
    return string_value(text[at + 1 : end - 1]) if text[at] == '"' else text[at:end]


def walk_object(text: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """Path and value of each scalar field of the object that `text` begins with, nested objects included.

    Null and arrays are left out. Raises JsonSyntaxError where the walk ends early, after the fields
    before that place.
    """
    ends = block_ends(text)
    objects = [members(text, skip_space(text, 0), ends)]
    path: list[str] = []
    while objects:
        for name, at, end in objects[-1]:
            if text[at] == "{":
                objects.append(members(text, at, ends))
                path.append(name)
                break
            if text[at] != "[" and text[at:end] != "null":
                yield (*path, name), scalar(text, at, end)
        else:
            objects.pop()
            if path:
                path.pop()
