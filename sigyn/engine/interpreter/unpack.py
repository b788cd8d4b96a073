"""`| unpack`."""

from collections.abc import Sequence
from contextlib import suppress
from json import JSONDecoder

from sigyn.engine.interpreter.entry import Processed
from sigyn.engine.interpreter.json_fields import JSON_ERROR, ODD, reject
from sigyn.engine.interpreter.json_syntax import JsonSyntaxError, block_ends, members, scalar, skip_space
from sigyn.model.labels import label_name

PACKED_LINE = "_entry"

_decode = JSONDecoder(object_pairs_hook=tuple, parse_constant=reject, strict=False).raw_decode


def strings_of(line: str, start: int) -> Sequence[tuple[str, str]]:
    """The fields of the object that begins at `start` whose values are strings.

    Raises JsonSyntaxError where it can't be read to its end.
    """
    if not ODD.search(line):
        with suppress(ValueError, RecursionError):  # what is not strictly JSON, the walk below knows
            fields, _ = _decode(line, start)
            return [(key, value) for key, value in fields if value.__class__ is str]
    return walked_strings(line, start)


def walked_strings(line: str, start: int) -> Sequence[tuple[str, str]]:
    """The same, also where it is JSON only as Loki reads it."""
    fields = members(line, start, block_ends(line))
    return [(key, scalar(line, at, end)) for key, at, end in fields if line[at] == '"']


def run_unpack(entry: Processed) -> bool:
    """Put back a line that Promtail's pack stage wrapped in JSON, with the labels packed with it.

    Only strings count. An object without `_entry` is left as it is. What is no object gets
    `__error__="JSONParserErr"`.
    """
    line = entry.line
    if not line:
        return True
    start = skip_space(line, 0)
    if line[start : start + 1] != "{":
        entry.fail(JSON_ERROR, "expecting json object(6), but it is not")
        return True
    packed: str | None = None
    labels: dict[str, str] = {}
    try:
        for key, text in strings_of(line, start):
            if key == PACKED_LINE:
                packed = text
            else:
                labels.setdefault(label_name(key), text)
    except JsonSyntaxError as error:
        entry.fail(JSON_ERROR, str(error))
        return True
    if packed is not None:
        entry.line = packed
        for name, value in labels.items():
            if name:
                entry.parsed.setdefault(entry.extracted_name(name), value)
    return True
