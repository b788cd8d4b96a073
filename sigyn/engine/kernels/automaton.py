"""Automata over the bytes of many texts."""

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import compiled
from sigyn.store.shapes.bytes_at import byte_at
from sigyn.store.shapes.plain_bytes import WIDTH, before_byte, before_pair

Numbers = npt.NDArray[np.int16]


@compiled
def run_automaton(
    table: npt.NDArray[np.int16],
    home: int,
    lost: int,
    begins: npt.NDArray[np.uint8],
    folds: npt.NDArray[np.uint8],
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int32],
    states: npt.NDArray[np.int16],
) -> None:
    """Moves states[i] over the text data[starts[i] : starts[i] + lengths[i]]; states 0, 1 and `lost` never change.

    In the state `home` only where the bytes `begins` stand, or some of them at the end of the text, something changes;
    without any, each byte is looked at. A byte is one of them if it is after its bits in `folds` were set. Their first
    and last are looked for together, at 16 places at once.
    """
    reach = len(begins)
    first = begins[0] if reach else np.uint8(0)
    first_fold = folds[0] if reach else np.uint8(0)
    last = begins[reach - 1] if reach else np.uint8(0)
    last_fold = folds[reach - 1] if reach else np.uint8(0)
    room = len(data) - WIDTH
    for i in range(len(states)):
        state = states[i]
        k = starts[i]
        end = k + lengths[i]
        whole = end - reach  # the last place where all of `begins` can be
        while k < end and state > 1 and state != lost:
            if state == home and reach:
                begin = k
                while k <= whole and k + reach - 1 <= room:
                    others = before_pair(data, k, first, first_fold, last, last_fold, reach - 1)
                    k += others
                    if others < WIDTH:
                        break
                if k > whole:  # some of them may stand at the end
                    k = max(begin, whole + 1)
                while k < end and byte_at(data, k) | first_fold != first:
                    k += before_byte(data, k, first, first_fold) if k <= room else 1
                if k >= end:
                    break
            state = table[np.uint16(state), byte_at(data, k)]
            k += 1
        states[i] = state


@compiled
def number_states(states: Numbers, present: Numbers, numbers: Numbers) -> None:
    """Numbers states in the order in which they come; `present` is to hold -1 for each, and will hold its number."""
    count = 0
    for i in range(len(states)):
        number = present[states[i]]
        if number < 0:
            number = present[states[i]] = count
            count += 1
        numbers[i] = number


@compiled
def move_groups(behind: Numbers, texts: int, group_of: Numbers, codes: npt.NDArray[np.int32], moved: Numbers) -> None:
    """Moves each row to the group behind[group * texts + code]; without `group_of` all are in group 0."""
    if len(group_of):
        for i in range(len(codes)):
            moved[i] = behind[group_of[i] * texts + codes[i]]
    else:
        for i in range(len(codes)):
            moved[i] = behind[codes[i]]
