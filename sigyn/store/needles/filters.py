"""The filters of a segment, one for each row group, as they are stored and asked."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

BLOCK_WORDS = 8
PROBES = 6
BITS_PER_HASH = 10  # one row group in about 80 says yes to a hash in vain; a needle has several

Words = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]


def filter_of(table: Words, hashes: int) -> Words:
    """The filter of a table of hashes (0: free), `hashes` of them."""
    from sigyn.store.needles.loops import fill

    words = np.zeros(max(1, -(-hashes * BITS_PER_HASH // 512)) * BLOCK_WORDS, np.uint64)
    fill(table, words)
    return words


@dataclass(frozen=True, slots=True, eq=False)
class NeedleFilters:
    """Filters one after the other; that of row group g is words[first[g] * 8 : first[g + 1] * 8]."""

    words: Words
    first: npt.NDArray[np.int64]

    @classmethod
    def of(cls, words: Words, blocks: Sequence[int]) -> "NeedleFilters":
        """Filters of so many blocks each."""
        return cls(words, np.concatenate([[0], np.cumsum(blocks)]).astype(np.int64))

    def may_hold(self, hashes: Sequence[int], groups: npt.NDArray[np.int64]) -> Flags:
        """Which of these row groups may hold all of the hashes."""
        possible = np.ones(len(groups), np.bool_)
        first, counts = self.first[groups], self.first[groups + 1] - self.first[groups]
        for hashed in hashes:
            hashed = hashed or 1  # as tables have it, where 0 is a free place
            block = first + (((hashed >> 32) * counts) >> 32)
            bits = hashed & 0xFFFFFFFF
            for _ in range(PROBES):
                bit = bits & 511
                word = self.words[block * BLOCK_WORDS + (bit >> 6)]
                possible &= (word >> np.uint64(bit & 63)) & np.uint64(1) != 0
                bits = (bits * 0x9E3779B1 + 0x7F4A7C15) & 0xFFFFFFFF
                bits ^= bits >> 15
            if not possible.any():
                break
        return possible
