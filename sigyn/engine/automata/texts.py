"""How far a text is matched, byte by byte."""

import numpy as np
import numpy.typing as npt


def matched_behind(text: bytes) -> npt.NDArray[np.int16]:
    """behind[matched, byte]: how many bytes of the beginning of a text stand at the end of what was read.

    `matched` is how many did before the byte came, less than all of them. Knuth, Morris and Pratt 1977.
    """
    behind = np.zeros((len(text), 256), np.int16)
    shorter = 0  # how many would match had the text begun a byte later
    for matched, byte in enumerate(text):
        if matched:
            behind[matched] = behind[shorter]
            shorter = int(behind[shorter, byte])
        behind[matched, byte] = matched + 1
    return behind
