"""JSON bodies to typed values, with errors that say where, and with the faults that senders have.

Go, in which Loki is written, reads JSON that the standard calls broken: raw control characters in
strings, bytes that are not UTF-8, halves of surrogate pairs. Such a body is mended and read again.
"""

import json
import re
import sys
from collections.abc import Callable
from typing import TypeVar

import msgspec

from sigyn.model.errors import BadRequest

T = TypeVar("T")

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_DIGITS = sys.get_int_max_str_digits()
_PLACE = re.compile(r"^(?P<what>.*) - at (?:`(?:key|value)` in )?`\$(?P<path>[^`]*)`$", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+|\.\.\.)\]")
_ELEMENTS = {"0": "timestamp", "1": "line", "2": "structured metadata"}
_HINTS = {
    "timestamp": '; a timestamp is a string of nanoseconds: ["1768471260000000000", "a line"]',
    "structured metadata": "; structured metadata is an object of strings:"
    ' ["1768471260000000000", "a line", {"trace_id": "0af7"}]',
    "stream": '; a stream is an object of strings: {"app": "shop"}',
}


def decode_json(body: bytes | memoryview, decoder: msgspec.json.Decoder[T], *, null_is_absent: bool = False) -> T:
    """The value in a JSON body; raises BadRequest with the place of what is wrong.

    With `null_is_absent`, a member that is null is as if it were not there, as in protobuf's JSON.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        if not null_is_absent or b"null" not in bytes(body):
            raise BadRequest(_explain(str(error))) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    except RecursionError:
        raise BadRequest("couldn't decode the JSON body: it is nested too deeply") from None
    try:
        return decoder.decode(_mended(bytes(body), _without_nulls if null_is_absent else dict))
    except msgspec.ValidationError as error:
        raise BadRequest(_explain(str(error))) from None
    except msgspec.DecodeError as error:
        raise BadRequest(f"couldn't decode the JSON body: {error}") from None


def _without_nulls(members: list[tuple[str, object]]) -> dict[str, object]:
    return {name: value for name, value in members if value is not None}


def _mended(body: bytes, as_object: Callable[[list[tuple[str, object]]], dict[str, object]]) -> bytes:
    text = body.decode("utf-8-sig", "replace")
    if not text.strip():
        raise BadRequest("EOF: the body is empty, expected a JSON object")
    try:
        value = json.loads(text, strict=False, object_pairs_hook=as_object)
    except json.JSONDecodeError as error:
        before, after = text[max(error.pos - 20, 0) : error.pos], text[error.pos : error.pos + 20]
        ended = "unexpected EOF: " if error.pos >= len(text.rstrip()) else ""
        raise BadRequest(
            f"couldn't decode the JSON body: {ended}{error.msg} at byte {len(text[: error.pos].encode()) + 1},"
            f" between {before!r} and {after!r}"
        ) from None
    except ValueError:  # Python reads no longer number, since that takes time with the square of its digits
        raise BadRequest(f"couldn't decode the JSON body: a number has more than {_DIGITS} digits") from None
    except RecursionError:
        raise BadRequest("couldn't decode the JSON body: it is nested too deeply") from None
    return _LONE_SURROGATE.sub("�", json.dumps(value, ensure_ascii=False)).encode()


def _explain(message: str) -> str:
    """msgspec's message with its path in words: "stream 0, entry 3, line: expected `str`, got `int`"."""
    match = _PLACE.match(message)
    if match is None:
        return f"couldn't decode the JSON body: {message[:1].lower()}{message[1:]}"
    what, path = match["what"], match["path"]
    steps = [step["name"] or step["index"] for step in _STEP.finditer(path)]
    words = _words(steps) if steps[:1] == ["streams"] and len(steps) > 1 else [path.lstrip(".") or "the body"]
    return f"couldn't decode the JSON body: {', '.join(words)}: {what[:1].lower()}{what[1:]}{_HINTS.get(words[-1], '')}"


def _words(steps: list[str]) -> list[str]:
    words = [f"stream {steps[1]}"]
    if len(steps) > 3 and steps[2] in ("values", "entries"):
        words.append(f"entry {steps[3]}")
        if len(steps) > 4:
            words.append(_ELEMENTS.get(steps[4], steps[4]))
    elif len(steps) > 2:
        words.append(steps[2])
    return words
