"""What a query looks for, and which row groups may hold it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from sigyn.store.index_section import SOME_ESCAPED, SOME_TEXT, SegmentIndex
from sigyn.store.layout import Layout
from sigyn.store.needles.filters import Flags
from sigyn.store.needles.hashing import NEEDLE_BYTES, field_hashes, minimizers
from sigyn.store.needles.source import is_hashed
from sigyn.store.shapes.pairs import PAIR, RAW_PAIR
from sigyn.store.shapes.shape import FIELD, RAW, Syntax

Groups = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LineHolds:
    """The line holds one of these texts."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldIs:
    """An entry's structured metadata, or a field that the parsers of JSON and logfmt find in its line, has this value.

    The value is not empty and, where it stands in a line as text, stands there as it is or with escapes.

    parsers  those that look at the line: what the columns hold of a line is what its own syntax' parser finds; where
             none does, only structured metadata can have it
    """

    name: str
    value: str
    parsers: frozenset[Syntax]


Sought: TypeAlias = LineHolds | FieldIs


@dataclass(frozen=True, slots=True)
class HeldMetadata:
    """How a segment holds structured metadata: its layout (None: as text), and which row groups have some as text."""

    layout: Layout | None
    as_text: Flags


def possible_groups(
    index: SegmentIndex,
    layout: Layout | None,
    metadata: HeldMetadata,
    sought: Sequence[Sought],
    groups: Sequence[int],
) -> list[int]:
    """Those of these row groups that may hold an entry with all that is sought; `layout` is that of lines."""
    left = np.array(groups, np.int64)
    for each in sought:
        if not len(left):
            break
        if isinstance(each, LineHolds):
            found = _lines(index, each, left)
        else:
            found = _pairs(index, metadata, each, left)
            if each.parsers:
                found |= _fields(index, layout, each, left)
        left = left[found]
    return [int(group) for group in left]


def _lines(index: SegmentIndex, sought: LineHolds, groups: Groups) -> Flags:
    found = np.zeros(len(groups), np.bool_)
    for text in sought.texts:
        found |= _holds(index, text, groups)
    return found


def _holds(index: SegmentIndex, text: str, groups: Groups) -> Flags:
    return index.needles.may_hold(minimizers(text.encode()), groups)


def _pairs(index: SegmentIndex, metadata: HeldMetadata, sought: FieldIs, groups: Groups) -> Flags:
    """Where structured metadata may have a value."""
    name, value = sought.name, sought.value
    if not index.has_metadata:
        return np.zeros(len(groups), np.bool_)
    forms = metadata.layout.forms if metadata.layout is not None else {}
    form = forms.get(PAIR + name)
    if RAW_PAIR + name in forms or (form is not None and not is_hashed(form, PAIR + name)):
        return np.ones(len(groups), np.bool_)
    pair = json.dumps({name: value}, ensure_ascii=False, separators=(",", ":"))[1:-1]
    found = metadata.as_text[groups]
    found[found] = _holds(index, pair, groups[found])
    if form is not None:
        found |= index.needles.may_hold(field_hashes(PAIR + name, value), groups)
    return found


def _fields(index: SegmentIndex, layout: Layout | None, sought: FieldIs, groups: Groups) -> Flags:
    """Where lines may have a field with a value."""
    name, value = sought.name, sought.value
    found = np.zeros(len(groups), np.bool_)
    form = layout.forms.get(FIELD + name) if layout is not None else None
    if layout is not None and RAW + name in layout.forms:
        return np.ones(len(groups), np.bool_)
    texts = index.texts[groups]
    if len(value.encode()) >= NEEDLE_BYTES:
        return np.asarray(found | _holds(index, value, groups) | (texts == SOME_ESCAPED))
    if form is not None:
        found |= index.needles.may_hold(field_hashes(name, value), groups) if form.is_indexed else True
    if layout is not None and not layout.is_known_to(sought.parsers):
        found |= np.array([any(index.syntax(group) != each for each in sought.parsers) for group in groups.tolist()])
    return np.asarray(found | (texts >= SOME_TEXT))
