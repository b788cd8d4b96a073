"""Functions that Promtail's templates have beside those of LogQL: its own, and more of sprig's.

Sources: Promtail's documentation of the template stage, and that of sprig.
"""

import re
from collections.abc import Callable, Mapping
from hashlib import sha1, sha3_256, sha256
from typing import Final
from zlib import adler32

from sigyn.agent.stages.go_json import encode_go_json
from sigyn.agent.stages.values import to_text
from sigyn.languages.quoting import quote
from sigyn.languages.regex import Regex, RegexError, compile_regex
from sigyn.languages.templates import Function, FunctionError
from sigyn.languages.templates.values import truth

_INT64_DIGITS = 20  # one more than any number of 64 bits has
_WORD_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[\s_\-]+")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _atoi(text: str) -> int:
    """Go's strconv.Atoi, with 0 for what is no number; one that 64 bits don't hold is the nearest that they do."""
    found = re.fullmatch(r"([+-]?)0*([0-9]+)", text)
    if found is None:
        return 0
    most = (1 << 63) - (found[1] != "-")
    number = min(int(found[2][:_INT64_DIGITS]), most)
    return -number if found[1] == "-" else number


def _text(value: object) -> str:
    return to_text(value) or ""


def _words(text: str) -> list[str]:
    return [word for word in _WORD_BOUNDARY.split(text) if word]


def _camel(text: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in re.split(r"[\s_\-]+", text))


def _coalesce(*values: object) -> object:
    return next((value for value in values if truth(value)), None)


def _join(separator: str, values: object) -> str:
    return separator.join(map(_text, values)) if isinstance(values, list | tuple) else _text(values)


def _regex(pattern: str) -> Regex:
    try:
        return compile_regex(pattern)
    except RegexError as error:
        raise FunctionError(str(error)) from None


def _regex_find(pattern: str, text: str) -> str:
    match = _regex(pattern).search(text)
    return "" if match is None else match.group() or ""


def _element(index: int) -> Callable[[object], object]:
    def pick(values: object) -> object:
        if not isinstance(values, list | tuple):
            raise FunctionError("a list is wanted")
        return values[index] if values else None

    return pick


def _abbreviate(width: int, text: str) -> str:
    return text if width < 4 or len(text) <= width else text[: width - 3] + "..."


PROMTAIL_FUNCTIONS: Final[Mapping[str, Function]] = {
    "Hash": Function(lambda salt, text: sha3_256(_bytes(salt + text)).hexdigest(), ("string", "string")),
    "Sha2Hash": Function(lambda salt, text: sha256(_bytes(salt + text)).hexdigest(), ("string", "string")),
    "sha1sum": Function(lambda text: sha1(_bytes(text), usedforsecurity=False).hexdigest(), ("string",)),
    "sha256sum": Function(lambda text: sha256(_bytes(text)).hexdigest(), ("string",)),
    "adler32sum": Function(lambda text: str(adler32(_bytes(text))), ("string",)),
    "atoi": Function(_atoi, ("string",)),
    "int64": Function(lambda value: _atoi(_text(value)), ("any",)),
    "toString": Function(_text, ("any",)),
    "toJson": Function(encode_go_json, ("any",)),
    "add1": Function(lambda value: _atoi(_text(value)) + 1, ("any",)),
    "quote": Function(lambda *values: " ".join(quote(_text(value)) for value in values), variadic="any"),
    "squote": Function(lambda *values: " ".join(f"'{_text(value)}'" for value in values), variadic="any"),
    "cat": Function(lambda *values: " ".join(map(_text, values)), variadic="any"),
    "nospace": Function(lambda text: "".join(text.split()), ("string",)),
    "untitle": Function(lambda text: re.sub(r"\b\w", lambda found: found[0].lower(), text), ("string",)),
    "swapcase": Function(str.swapcase, ("string",)),
    "initials": Function(lambda text: "".join(word[0] for word in text.split()), ("string",)),
    "abbrev": Function(_abbreviate, ("int", "string")),
    "snakecase": Function(lambda text: "_".join(_words(text)).lower(), ("string",)),
    "kebabcase": Function(lambda text: "-".join(_words(text)).lower(), ("string",)),
    "camelcase": Function(_camel, ("string",)),
    "empty": Function(lambda value: not truth(value), ("any",)),
    "coalesce": Function(_coalesce, variadic="any"),
    "ternary": Function(lambda yes, no, choice: yes if choice else no, ("any", "any", "bool")),
    "list": Function(lambda *values: list(values), variadic="any"),
    "join": Function(_join, ("string", "any")),
    "splitList": Function(
        lambda separator, text: text.split(separator) if separator else list(text), ("string", "string")
    ),
    "first": Function(_element(0), ("any",)),
    "last": Function(_element(-1), ("any",)),
    "regexMatch": Function(lambda pattern, text: _regex(pattern).search(text) is not None, ("string", "string")),
    "regexFind": Function(_regex_find, ("string", "string")),
}
