"""Which lines an automaton finds something in, from their shapes and columns."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.automata.automaton import FIRST, UNKNOWN, Automaton
from sigyn.engine.kernels.automaton import run_automaton
from sigyn.store.portion import Portion
from sigyn.store.shapes.values import Slices, integers_of, slices_of

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
States = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Findings:
    """For each line whether something was found in it, and whether RE2 has to look at it instead."""

    found: Mask
    unknown: Mask


def find_in_lines(portion: Portion, rows: Rows, automaton: Automaton) -> Findings:
    """What the automaton finds in the lines of these entries."""
    shapes = portion.shapes(rows)
    states = np.full(len(rows), FIRST, np.int16)
    for shape in (np.flatnonzero(np.bincount(shapes + 1)) - 1).tolist():
        places = np.flatnonzero(shapes == shape)
        if shape < 0:
            states[places] = _over_text(automaton, portion.text(), rows[places])
        else:
            states[places] = _states(portion, shape, rows[places], automaton)
    return Findings(automaton.at_end[states], states == UNKNOWN)


def _over_text(automaton: Automaton, lines: pa.StringArray, rows: Rows) -> States:
    """The states behind lines that are held as text."""
    states = np.full(len(rows), FIRST, np.int16)
    texts = slices_of(lines)
    _run(automaton, Slices(texts.data, texts.starts[rows], texts.lengths[rows]), states)
    return states


def _states(portion: Portion, shape: int, rows: Rows, automaton: Automaton) -> States | int:
    """The states behind lines of one shape: one for all as long as they are equal."""
    literals, columns = portion.pieces(shape)
    states = _over_literal(automaton, FIRST, literals[0])
    for literal, column in zip(literals[1:], columns, strict=True):
        if _is_settled(states):
            break
        behind = _whichever_text(automaton, states, portion.few_texts(column), literal)
        if behind is None:
            behind = _over_literal(automaton, _over_column(automaton, states, portion, column, rows), literal)
        states = behind
    return states


def _whichever_text(
    automaton: Automaton, states: States | int, texts: tuple[bytes, ...], literal: bytes
) -> States | int | None:
    """The states behind any of these texts and a literal; None when it matters which text it is."""
    if not texts:
        return None
    if isinstance(states, int):
        return automaton.common_after(states, texts, literal)
    moved = np.zeros(int(states.max()) + 1, np.int16)
    for state in _present(states):
        behind = automaton.common_after(state, texts, literal)
        if behind is None:
            return None
        moved[state] = behind
    return _collapsed(moved[states])


def _present(states: States) -> list[int]:
    return [int(state) for state in np.flatnonzero(np.bincount(states.astype(np.intp)))]


def _is_settled(states: States | int) -> bool:
    return states < FIRST if isinstance(states, int) else bool((states < FIRST).all())


def _over_literal(automaton: Automaton, states: States | int, text: bytes) -> States | int:
    if isinstance(states, int):
        return automaton.after(states, text)
    present = _present(states)
    behind = np.zeros(present[-1] + 1, np.int16)
    behind[present] = [automaton.after(state, text) for state in present]
    return _collapsed(behind[states])


def _collapsed(states: States) -> States | int:
    """One state, where all are equal."""
    first = int(states[0])
    return first if (states == first).all() else states


def _over_column(automaton: Automaton, states: States | int, portion: Portion, column: str, rows: Rows) -> States | int:
    alphabet = portion.alphabet(column)
    present = [states] if isinstance(states, int) else _present(states)
    moving = [state for state in present if state >= FIRST]
    if alphabet is not None and all(automaton.ignores(state, alphabet) for state in moving):
        return states
    coded = portion.coded(column)
    if coded is not None:
        codes = integers_of(coded[0]).astype(np.int32, copy=False)[rows]  # a line of this shape has a text
        return _over_dictionary(automaton, states, codes, slices_of(coded[1]), moving)
    texts = portion.texts(column)
    if isinstance(texts, pa.DictionaryArray):
        codes = integers_of(texts.indices).astype(np.int32, copy=False)[rows]
        return _over_dictionary(automaton, states, codes, slices_of(texts.dictionary), moving)
    own = texts if len(rows) == portion.rows else texts.take(pa.array(rows))
    behind = np.full(len(rows), states, np.int16) if isinstance(states, int) else states.copy()
    _run(automaton, slices_of(own), behind)
    return _collapsed(behind)


def _over_dictionary(
    automaton: Automaton, states: States | int, codes: npt.NDArray[np.int32], distinct: Slices, moving: list[int]
) -> States | int:
    """Each distinct text moves each state once."""
    if isinstance(states, int):
        behind = np.full(len(distinct.lengths), states, np.int16)
        _run(automaton, distinct, behind)
        return _collapsed(behind[codes])
    if len(moving) == 1:
        behind = np.full(len(distinct.lengths), moving[0], np.int16)
        _run(automaton, distinct, behind)
        return _collapsed(np.where(states == moving[0], behind[codes], states))
    moved = np.tile(np.arange(int(states.max()) + 1, dtype=np.int16), (len(distinct.lengths), 1))
    for state in moving:
        behind = np.full(len(distinct.lengths), state, np.int16)
        _run(automaton, distinct, behind)
        moved[:, state] = behind
    return _collapsed(moved[codes, states])


def _run(automaton: Automaton, texts: Slices, states: States) -> None:
    run_automaton(
        automaton.table, automaton.home, automaton.reach, automaton.skips,
        texts.data, texts.starts, texts.lengths, states,
    )  # fmt: skip
