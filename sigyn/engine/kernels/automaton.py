"""Automata over the bytes of many texts."""

import numpy as np
import numpy.typing as npt
from numba import njit


@njit(nogil=True, cache=True)
def run_automaton(
    table: npt.NDArray[np.int16],
    data: npt.NDArray[np.uint8],
    starts: npt.NDArray[np.int64],
    lengths: npt.NDArray[np.int32],
    states: npt.NDArray[np.int16],
) -> None:
    """Moves states[i] over the text data[starts[i] : starts[i] + lengths[i]]; states 0 and 1 never change."""
    for i in range(len(states)):
        state = states[i]
        for k in range(starts[i], starts[i] + lengths[i]):
            if state < 2:
                break
            state = table[state, data[k]]
        states[i] = state
