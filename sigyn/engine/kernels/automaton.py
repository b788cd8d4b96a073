"""Automata over the bytes of many texts."""

import numpy as np
import numpy.typing as npt
from numba import njit

from sigyn.store.shapes.bytes_at import byte_at

Numbers = npt.NDArray[np.int16]


@njit(nogil=True, cache=True)
def run_automaton(
    table: npt.NDArray[np.int16],
    home: int,
    reach: int,
    skips: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int32],
    states: npt.NDArray[np.int16],
) -> None:
    """Moves states[i] over the text data[starts[i] : starts[i] + lengths[i]]; states 0 and 1 never change.

    In the state `home` the byte b that is `reach` - 1 bytes further on tells that skips[b] bytes don't
    matter; `reach` 0: no byte does.
    """
    for i in range(len(states)):
        state = states[i]
        k = starts[i]
        end = k + lengths[i]
        while k < end and state > 1:
            if state == home and reach:
                ahead = k + reach - 1
                while ahead < end:
                    skip = skips[byte_at(data, ahead)]
                    if skip == 0:
                        break
                    ahead += skip
                k = ahead - reach + 1
                while k < end and table[home, byte_at(data, k)] == home:
                    k += 1
                if k >= end:
                    break
            state = table[np.uint16(state), byte_at(data, k)]
            k += 1
        states[i] = state


@njit(nogil=True, cache=True)
def number_states(states: Numbers, present: Numbers, numbers: Numbers) -> None:
    """Numbers states in the order in which they come; `present` is to hold -1 for each, and will hold its number."""
    count = 0
    for i in range(len(states)):
        number = present[states[i]]
        if number < 0:
            number = present[states[i]] = count
            count += 1
        numbers[i] = number


@njit(nogil=True, cache=True)
def move_groups(behind: Numbers, texts: int, group_of: Numbers, codes: npt.NDArray[np.int32], moved: Numbers) -> None:
    """Moves each row to the group behind[group * texts + code]; without `group_of` all are in group 0."""
    if len(group_of):
        for i in range(len(codes)):
            moved[i] = behind[group_of[i] * texts + codes[i]]
    else:
        for i in range(len(codes)):
            moved[i] = behind[codes[i]]
