"""Automata over the bytes of many texts."""

import numpy as np
import numpy.typing as npt
from numba import njit


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
                while ahead < end and skips[data[ahead]]:
                    ahead += skips[data[ahead]]
                k = ahead - reach + 1
                if k == end:
                    break
            state = table[state, data[k]]
            k += 1
        states[i] = state
