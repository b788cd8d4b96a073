"""One shape: the text around the holes, and the field that each hole belongs to."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

from sigyn.model.labels import label_name

Syntax: TypeAlias = Literal["json", "logfmt"]

TEXT, BARE, ESCAPED, ARRAY = 0, 1, 2, 3  # as sigyn.store.shapes.skim_loops has them

FIELD, RAW = "field.", "raw."
PREFIX = {TEXT: FIELD, BARE: FIELD, ESCAPED: RAW, ARRAY: "array."}
"""How the name of a hole's column begins."""

_PLACEHOLDER = {TEXT: "x", BARE: "0", ESCAPED: "x", ARRAY: "[]"}
_PAIR = re.compile(r'([^\x00-\x20=]+)(?:=("?))?')
_REPLACED = "\ufffd"
"""What stands in the place of bytes that are no UTF-8. Parsers give a blank for it."""


class Shape(msgspec.Struct, frozen=True):
    """The text of lines without the values of their fields.

    literals  the text before, between and behind the holes: one more than there are holes
    columns   for each hole the column that holds its value: `field.<name>` for the text that the
              parser gives for the label, `raw.<name>` for text in which it would undo escapes,
              `array.<name>` for an array of JSON, which is no label
    """

    syntax: Syntax
    literals: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def weight(self) -> int:
        """Bytes of its text."""
        return sum(map(len, self.literals)) + sum(map(len, self.columns))


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What a line has around its holes, and the kind of each hole."""

    literals: tuple[str, ...]
    kinds: tuple[int, ...]


def shape_of(skeleton: Skeleton) -> Shape | None:
    """The shape of lines with this skeleton; None when a parser would not give each value a name of its own.

    That is: a key that is empty, escaped or not UTF-8, or two keys with the same name once flattened.
    """
    is_json = skeleton.literals[0].startswith("{")
    names = _json_names(skeleton) if is_json else _logfmt_names(skeleton)
    if names is None or len(names) != len(skeleton.kinds):
        return None
    columns = tuple(f"{PREFIX[kind]}{name}" for name, kind in zip(names, skeleton.kinds, strict=True))
    return Shape("json" if is_json else "logfmt", skeleton.literals, columns)


def flattened(path: Sequence[str]) -> str:
    """The name that LogQL gives the value at a path of keys."""
    return "_".join(label_name(key, is_first=not place) for place, key in enumerate(path))


def _json_names(skeleton: Skeleton) -> list[str] | None:
    if any("\\" in literal for literal in skeleton.literals):
        return None
    filled = [_PLACEHOLDER[kind] for kind in skeleton.kinds]
    text = "".join(part for pair in zip(skeleton.literals, [*filled, ""], strict=True) for part in pair)
    try:
        tree = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError:
        return None
    names: list[str] = []
    taken: set[str] = set()
    return names if _collect(tree, "", names, taken) else None


class _Pairs(list[tuple[str, Any]]):
    """An object of JSON with its keys in order."""


def _collect(pairs: _Pairs, prefix: str, names: list[str], taken: set[str]) -> bool:
    """Adds the flattened names of all values but null; False when one is no name or comes twice."""
    for key, value in pairs:
        own = label_name(key, is_first=not prefix)
        if not own or _REPLACED in key:
            return False
        name = prefix + own
        if isinstance(value, _Pairs):
            if not _collect(value, f"{name}_", names, taken):
                return False
            continue
        if name in taken:
            return False
        taken.add(name)
        if value is not None:
            names.append(name)
    return True


def _logfmt_names(skeleton: Skeleton) -> list[str] | None:
    names: list[str] = []
    taken: set[str] = set()
    for place, literal in enumerate(skeleton.literals):
        if place and literal.startswith('"'):
            literal = literal[1:]  # closes the value before
        found = list(_PAIR.finditer(literal))
        for match in found:
            name = label_name(match[1])
            if not name or name in taken or _REPLACED in match[1]:
                return None
            taken.add(name)
        if place < len(skeleton.kinds):
            if not found or found[-1].end() != len(literal) or "=" not in found[-1][0]:
                return None
            names.append(label_name(found[-1][1]))
    return names


def columns_of(shapes: Sequence[Shape]) -> list[str]:
    """All columns of some shapes, in order of appearance."""
    return list(dict.fromkeys(column for shape in shapes for column in shape.columns))
