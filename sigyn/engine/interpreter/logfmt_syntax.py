"""logfmt as the go-logfmt library reads it, whose rules are Loki's.

A pair is `key`, `key=`, `key=value` or `key="quoted value"`; anything up to a blank separates pairs.
A pair that breaks the rules is skipped up to the next blank.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_USUAL_PAIR = re.compile(r"""[\x00-\x20]*+([^\x00-\x20="\ufffd]++)=(?:"([^"\\]*+)"|([^\x00-\x20="]*+)(?!["=]))""")
"""A pair that keeps all rules, without escapes, and the blanks before it: nearly all are found by this alone."""

_BLANKS = re.compile(r"[\x00-\x20]*")
_KEY = re.compile(r'[^\x00-\x20="]*')
_VALUE = re.compile(r'[^\x00-\x20="]*')
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_REST_OF_PAIR = re.compile(r"[^\x00-\x20]*")
_ESCAPE = re.compile(r"\\(?:([\"'\\/bfnrt])|u([0-9a-fA-F]{4})|)")
_SHORT_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_CONTROL = re.compile(r"[\x00-\x1f]")
_SURROGATE_PAIR = re.compile("([\ud800-\udbff])([\udc00-\udfff])")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class BadPair:
    """What is wrong with a pair; `position` counts bytes from 1."""

    position: int
    reason: str

    def __str__(self) -> str:
        return f"logfmt syntax error at pos {self.position} : {self.reason}"


def pairs(line: str) -> Iterator[tuple[str, str] | BadPair]:
    """Key and value of each pair in order, and a BadPair in the place of each that breaks the rules."""
    at, end = 0, len(line)
    usual = _USUAL_PAIR.match
    while True:
        if found := usual(line, at):  # in a third of the time that the steps below take
            key, quoted_value, plain_value = found.groups()
            yield key, plain_value if quoted_value is None else quoted_value
            at = found.end()
            continue
        at = _end_of(_BLANKS, line, at)
        if at >= end:
            return
        start = at
        at = _end_of(_KEY, line, start)
        following = line[at : at + 1]
        if following == '"' or (following == "=" and at == start):
            yield _bad(line, at, f"unexpected {_quoted_byte(following)}")
            at = _end_of(_REST_OF_PAIR, line, at)
            continue
        key = line[start:at]
        if "\ufffd" in key:
            yield _bad(line, at, "invalid key")
            at = _end_of(_REST_OF_PAIR, line, at)
            continue
        if following != "=":
            yield key, ""
            continue
        at += 1
        if line[at : at + 1] == '"':
            quoted = _QUOTED.match(line, at)
            if quoted is None:
                yield _bad(line, end - 1, "unterminated quoted value")
                return
            at = quoted.end()
            value = unquoted(quoted[1])
            yield (key, value) if value is not None else _bad(line, at - 1, "invalid quoted value")
            continue
        value_end = _end_of(_VALUE, line, at)
        following = line[value_end : value_end + 1]
        if following in ("=", '"'):
            yield _bad(line, value_end, f"unexpected {_quoted_byte(following)}")
            at = _end_of(_REST_OF_PAIR, line, value_end)
            continue
        yield key, line[at:value_end]
        at = value_end


def _end_of(expression: re.Pattern[str], line: str, at: int) -> int:
    match = expression.match(line, at)
    return match.end() if match else at


def _bad(line: str, at: int, reason: str) -> BadPair:
    # Lines that an agent reads need not be UTF-8.
    return BadPair(len(line[:at].encode("utf-8", "surrogatepass")) + 1, reason)


def _quoted_byte(character: str) -> str:
    return f"'{character}'"


def unquoted(text: str) -> str | None:
    """The text that the inside of a quoted value stands for; None when it breaks JSON's rules."""
    if "\\" not in text:
        return text
    if _CONTROL.search(text):
        return None
    bad = False

    def replace(match: re.Match[str]) -> str:
        nonlocal bad
        short, code = match.groups()
        if short:
            return _SHORT_ESCAPES[short]
        if code:
            return chr(int(code, 16))
        bad = True
        return ""

    value = _ESCAPE.sub(replace, text)
    if bad:
        return None
    if _SURROGATE.search(value):
        value = _SURROGATE_PAIR.sub(_join_surrogates, value)
        value = _SURROGATE.sub("\ufffd", value)
    return value


def _join_surrogates(match: re.Match[str]) -> str:
    return chr(0x10000 + ((ord(match[1]) - 0xD800) << 10) + (ord(match[2]) - 0xDC00))
