"""Which lines an automaton finds something in, from their shapes and columns.

Rows are told apart only as far as their states differ: what stands in all lines of a shape moves the few states that
there are, and no row is looked at.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.automata.automaton import FIRST, UNKNOWN, Automaton
from sigyn.engine.kernels.automaton import move_groups, number_states, run_automaton
from sigyn.engine.kernels.rows_by_shape import count_shapes, flag_rows, part_by_shape
from sigyn.store.layout import Layout
from sigyn.store.portion import Portion
from sigyn.store.shapes.values import Slices, slices_of, stored_integers, string_buffers

_MOST_BEHIND = 1024
"""States behind templates that are looked up one by one; for more it is quicker to go over the texts."""

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
States = npt.NDArray[np.int16]
Codes = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Findings:
    """For each line whether something was found in it, and whether RE2 has to look at it instead."""

    found: Mask
    unknown: Mask


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows in groups: row i is in the state states[group_of[i]]; `group_of` None: there is one group.

    There may be groups without a row, and several of one state.
    """

    states: tuple[int, ...]
    group_of: States | None

    def moving(self, automaton: Automaton) -> set[int]:
        """The states that may still change."""
        return {state for state in self.states if automaton.may_change(state)}

    def of_each(self, count: int) -> States:
        """The states of so many rows, which may be written to."""
        states = np.array(self.states, np.int16)
        return np.full(count, states[0], np.int16) if self.group_of is None else states[self.group_of]


def find_in_lines(portion: Portion, rows: Rows, automaton: Automaton) -> Findings:
    """What the automaton finds in the lines of these entries (rising)."""
    found, unknown = np.zeros((2, len(rows)), np.bool_)
    for shape, places in _by_shape(portion, rows):
        own = rows if places is None else places if len(rows) == portion.rows else rows.take(places)
        if shape < 0:
            behind = _over_text(automaton, portion.text(), own)
        else:
            behind = _over_shape(portion, shape, own, automaton)
        states = np.array(behind.states, np.int16)
        for flags, of_group in ((found, automaton.at_end[states]), (unknown, states == UNKNOWN)):
            if not of_group.any():
                continue
            if behind.group_of is None:
                flags[... if places is None else places] = of_group[0]
            elif places is None:
                flags[:] = of_group.take(behind.group_of)
            else:
                flag_rows(places, behind.group_of, of_group, flags)
    return Findings(found, unknown)


def _by_shape(portion: Portion, rows: Rows) -> Iterator[tuple[int, Rows | None]]:
    """The shapes of the lines of these entries, -1 for text, each with the places in `rows` that have it; None: all."""
    shapes = portion.shapes(rows)
    counts = np.zeros(len(portion.layout.literals) + 1 if portion.layout is not None else 1, np.int64)
    count_shapes(shapes, counts)
    present = np.flatnonzero(counts).tolist()
    if len(present) == 1:
        yield present[0] - 1, None
        return
    ends = np.cumsum(counts)
    places = np.empty(len(shapes), np.int64)
    part_by_shape(shapes, ends - counts, places)
    for place in present:
        yield place - 1, places[ends[place] - counts[place] : ends[place]]


def _over_text(automaton: Automaton, lines: pa.StringArray, rows: Rows) -> _Rows:
    """Rows whose lines are held as text."""
    data, offsets = string_buffers(lines)
    starts = offsets[rows].astype(np.int64)
    states = np.full(len(rows), FIRST, np.int16)
    _run(automaton, Slices(data, starts, offsets[rows + 1] - starts.astype(np.int32)), states)
    return _grouped(automaton, states)


def _over_shape(portion: Portion, shape: int, rows: Rows, automaton: Automaton) -> _Rows:
    """Rows whose lines are of one shape."""
    layout = portion.layout
    assert layout is not None  # it has shapes
    literals, columns = layout.literals[shape], layout.table.shapes[shape].columns
    at = _Rows((automaton.after(FIRST, literals[0]),), None)
    for literal, column in zip(literals[1:], columns, strict=True):
        if not at.moving(automaton):
            break
        behind = _behind_whichever(automaton, at, layout, column, literal)
        if behind is None:
            at = _over_column(automaton, at, portion, layout, column, rows)
            behind = _Rows(tuple(automaton.after(state, literal) for state in at.states), at.group_of)
        at = behind
    return at


def _behind_whichever(automaton: Automaton, at: _Rows, layout: Layout, column: str, literal: bytes) -> _Rows | None:
    """The rows behind any text that a column may hold and a literal; None when it matters which text it is.

    A number or a time can't hold a word, nor an id a longer one, and the literal begins anew.
    """
    texts, alphabet, longest = layout.few[column], layout.alphabets[column], layout.longest[column]
    states = []
    for state in at.states:
        if texts:
            behind = automaton.common_after(state, texts, literal)
        elif alphabet is not None and longest is not None:
            behind = automaton.after_any(state, alphabet, longest, literal)
        else:
            return None
        if behind is None:
            return None
        states.append(behind)
    return _Rows(tuple(states), at.group_of)


def _over_column(automaton: Automaton, at: _Rows, portion: Portion, layout: Layout, column: str, rows: Rows) -> _Rows:
    """The rows behind their texts in a column; every line of a shape has one."""
    alphabet = layout.alphabets[column]
    if alphabet is not None and all(automaton.ignores(state, alphabet) for state in at.moving(automaton)):
        return at
    behind = _behind_places(automaton, at, layout, column)
    if behind is not None:
        if (behind == behind[:, :1]).all():
            return _Rows(tuple(behind[:, 0].tolist()), at.group_of)
        return _moved(automaton, at, behind, _of_rows(_codes(portion.places(column)), rows))
    coded = portion.coded(column)
    if coded is not None:
        codes = [_codes(each.indices) for each in coded]
        begins = np.cumsum([0, *(len(each.dictionary) for each in coded[:-1])])
        for own, begin in zip(codes[1:], begins[1:].tolist(), strict=True):
            own += begin
        distinct = [slices_of(each.dictionary) for each in coded]
        return _over_dictionaries(automaton, at, _of_rows(np.concatenate(codes), rows), distinct)
    texts = portion.texts(column)
    if isinstance(texts, pa.DictionaryArray):
        return _over_dictionaries(automaton, at, _of_rows(_codes(texts.indices), rows), [slices_of(texts.dictionary)])
    own = texts if len(rows) == portion.rows else texts.take(pa.array(rows))
    states = at.of_each(len(rows))
    _run(automaton, slices_of(own), states)
    return _grouped(automaton, states)


def _behind_places(automaton: Automaton, at: _Rows, layout: Layout, column: str) -> States | None:
    """behind[group, place]: the state behind what a column holds the places of; None: it holds none, or they don't say.

    There are few, and what is behind each is known from the last segment with such texts.
    """
    templates, texts = layout.templates(column), layout.coded_texts(column)
    if len(at.states) * len(templates) > _MOST_BEHIND:
        return None
    behind: list[list[int | None]] = [
        [
            *(automaton.behind_template(state, template) for template in templates),
            *(automaton.after(state, text) for text in texts),
        ]
        for state in at.states
    ]
    if not behind[0] or any(None in of_state for of_state in behind):
        return None
    return np.array(behind, np.int16)


def _codes(indices: pa.Array) -> Codes:
    """A copy; of rows without one, of which nobody asks, it has whatever stands there."""
    return stored_integers(indices).astype(np.int32)


def _of_rows(codes: Codes, rows: Rows) -> Codes:
    return codes if len(rows) == len(codes) else codes.take(rows)


def _over_dictionaries(automaton: Automaton, at: _Rows, codes: Codes, distinct: Sequence[Slices]) -> _Rows:
    """The rows behind the texts that codes stand for, in dictionaries side by side: each moves each state once."""
    count = sum(len(texts.lengths) for texts in distinct)
    moved = np.repeat(np.array(at.states, np.int16)[:, np.newaxis], count, axis=1)
    for state in at.moving(automaton):
        behind = np.full(count, state, np.int16)
        begin = 0
        for texts in distinct:
            _run(automaton, texts, behind[begin : begin + len(texts.lengths)])
            begin += len(texts.lengths)
        moved[np.array(at.states) == state] = behind
    return _moved(automaton, at, moved, codes)


def _moved(automaton: Automaton, at: _Rows, moved: States, codes: Codes) -> _Rows:
    """The rows behind what codes stand for; moved[group, code] is the state behind it."""
    numbers, states = _numbered(automaton, moved.ravel())
    if len(states) <= 1:
        return _Rows(states or at.states, None)
    group_of = np.empty(len(codes), np.int16)
    move_groups(numbers, moved.shape[1], at.group_of if at.group_of is not None else _NO_GROUPS, codes, group_of)
    return _Rows(states, group_of)


_NO_GROUPS: States = np.zeros(0, np.int16)


def _grouped(automaton: Automaton, states: States) -> _Rows:
    """Rows in these states."""
    numbers, present = _numbered(automaton, states)
    return _Rows(present, None) if len(present) == 1 else _Rows(present, numbers)


def _numbered(automaton: Automaton, states: States) -> tuple[States, tuple[int, ...]]:
    """The states by their number among those that there are, and which these are."""
    numbers = np.empty(len(states), np.int16)
    present = np.full(len(automaton.table), -1, np.int16)
    number_states(states, present, numbers)
    known = np.flatnonzero(present >= 0)
    return numbers, tuple(known[np.argsort(present[known])].tolist())


def _run(automaton: Automaton, texts: Slices, states: States) -> None:
    run_automaton(
        automaton.table,
        automaton.home,
        automaton.lost,
        np.frombuffer(automaton.begins.text, np.uint8),
        np.frombuffer(automaton.begins.folds, np.uint8),
        texts.data,
        texts.starts,
        texts.lengths,
        states,
    )
