"""`| json name="path"`."""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from sigyn.engine.interpreter.entry import RESERVED, Processed, Run
from sigyn.engine.interpreter.json_fields import JSON_ERROR, ODD, strict_decode
from sigyn.engine.interpreter.json_syntax import (
    MALFORMED,
    STRUCTURE,
    JsonSyntaxError,
    block_ends,
    elements,
    members,
    scalar,
    skip_space,
    unescape,
    value_end,
)
from sigyn.languages.logql import ast
from sigyn.languages.logql.json_path import parse_json_path

Path: TypeAlias = tuple[str | int, ...]

_MISSING = object()


def compile_json_paths(extractions: tuple[ast.Extraction, ...]) -> Run:
    """Extract the values at paths; what is not there becomes an empty label.

    The first place that fits a path counts. Objects and arrays are given as they are written, null
    as the empty text. A line that does not begin like an object, an array or a string gets
    `__error__="JSONParserErr"`, so does one in which a wanted value has no end; all other damage
    goes unnoticed. Raises ParseError for a path that is none.
    """
    names = [extraction.name for extraction in extractions]
    always_there = [name for name in names if name not in RESERVED]
    paths: list[Path] = [parse_json_path(extraction.expression) for extraction in extractions]

    def run(entry: Processed) -> bool:
        line = entry.line
        if not line:
            return True
        start = skip_space(line, 0)
        if line[start : start + 1] not in ("{", "[", '"'):
            entry.fail(JSON_ERROR)
            return True
        values: Iterable[tuple[int, str | JsonSyntaxError]] | None = strict_values(line, start, paths)
        if values is None:
            values = find_paths(line, paths)
        for index, value in values:
            if isinstance(value, JsonSyntaxError):
                entry.fail(JSON_ERROR, str(value))
            else:
                entry.parsed[entry.extracted_name(names[index])] = value
        for name in always_there:
            if entry.get(name) is None:
                entry.parsed[name] = ""
        return True

    return run


def strict_values(line: str, start: int, paths: list[Path]) -> list[tuple[int, str]] | None:
    """The values at paths of a line that is strict JSON; None when the lenient search has to decide."""
    if ODD.search(line):
        return None
    try:
        document, _ = strict_decode(line, start)
    except (ValueError, RecursionError):
        return None
    values: list[tuple[int, str]] = []
    for index, path in enumerate(paths):
        value = _look_up(document, path, 0)
        if value.__class__ is str:
            values.append((index, value))
        elif value is None:
            values.append((index, ""))
        elif value is True or value is False:
            values.append((index, "true" if value else "false"))
        elif value is not _MISSING:
            return None
    return values


def _look_up(value: Any, path: Path, depth: int) -> Any:
    if depth == len(path):
        return value
    step = path[depth]
    if isinstance(step, int):
        if value.__class__ is list and 0 <= step < len(value):
            return _look_up(value[step], path, depth + 1)
    elif value.__class__ is tuple:
        for key, inner in value:
            if key == step:
                found = _look_up(inner, path, depth + 1)
                if found is not _MISSING:
                    return found
    return _MISSING


def find_paths(line: str, paths: list[Path]) -> Iterator[tuple[int, str | JsonSyntaxError]]:
    """Index and value of each path that is found, or what is wrong with the value.

    One pass over the tokens of the line: brackets give the depth, a string before a colon is a key.
    Index -1 goes with an error of the line itself. The pass ends when all paths are found, and
    where a string or an array has no end.
    """
    ends = block_ends(line)
    pending = dict(enumerate(paths))
    keys: list[str | int] = [""] * max(map(len, paths), default=0)
    depth = at = 0
    while pending and (token := STRUCTURE.search(line, at)):
        at = token.end()
        match token[0]:
            case "{":
                depth += 1
            case "}" | "]":
                depth -= 1
            case "[":
                if depth < 0:
                    yield -1, JsonSyntaxError(MALFORMED)
                    return
                here = keys[:depth]
                indices = {
                    index: path for index, path in pending.items() if len(path) > depth and list(path[:depth]) == here
                }
                wanted = {index: path for index, path in indices.items() if isinstance(path[depth], int)}
                if not wanted:
                    if token.start() not in ends:
                        return
                    at = ends[token.start()]
                    continue
                for position, (begin, end) in enumerate(elements(line, token.start(), ends)):
                    at = end
                    for index, path in wanted.items():
                        if path[depth] == position:
                            del pending[index]
                            value_at = _search(line, begin, path[depth + 1 :], ends)
                            if value_at is not None:
                                yield index, _value(line, value_at, ends)
                at = skip_space(line, at)
                at += line[at : at + 1] == "]"
            case '"':
                return
            case string:
                colon = skip_space(line, at)
                if line[colon : colon + 1] != ":":
                    continue
                at = colon + 1
                if depth < 1:
                    yield -1, JsonSyntaxError(MALFORMED)
                    return
                if depth > len(keys):
                    continue
                try:
                    keys[depth - 1] = unescape(string[1:-1])
                except JsonSyntaxError:
                    return
                here = keys[:depth]
                for index in [index for index, path in pending.items() if list(path) == here]:
                    del pending[index]
                    yield index, _value(line, at, ends)


def _value(line: str, at: int, ends: dict[int, int]) -> str | JsonSyntaxError:
    at = skip_space(line, at)
    try:
        end = value_end(line, at, ends)
    except JsonSyntaxError as error:
        return error
    return "" if line[at:end] == "null" else scalar(line, at, end)


def _search(line: str, at: int, path: Path, ends: dict[int, int]) -> int | None:
    """Where the value at a path inside the value at `at` begins."""
    for step in path:
        found: int | None = None
        if isinstance(step, int):
            if line[at] == "[":
                found = next((b for position, (b, _) in enumerate(elements(line, at, ends)) if position == step), None)
        elif line[at] == "{":
            try:
                found = next((begin for key, begin, _ in members(line, at, ends) if key == step), None)
            except JsonSyntaxError:
                return None
        if found is None:
            return None
        at = found
    return at
