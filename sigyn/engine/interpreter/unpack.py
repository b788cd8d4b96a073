"""`| unpack`."""

from sigyn.engine.interpreter.entry import Processed
from sigyn.engine.interpreter.json_fields import JSON_ERROR
from sigyn.engine.interpreter.json_syntax import JsonSyntaxError, block_ends, members, scalar, skip_space
from sigyn.engine.interpreter.names import sanitise_name

PACKED_LINE = "_entry"


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
        for key, at, end in members(line, start, block_ends(line)):
            if line[at] != '"':
                continue
            if key == PACKED_LINE:
                packed = scalar(line, at, end)
            else:
                labels.setdefault(sanitise_name(key), scalar(line, at, end))
    except JsonSyntaxError as error:
        entry.fail(JSON_ERROR, str(error))
        return True
    if packed is not None:
        entry.line = packed
        for name, value in labels.items():
            if name:
                entry.parsed.setdefault(entry.extracted_name(name), value)
    return True
