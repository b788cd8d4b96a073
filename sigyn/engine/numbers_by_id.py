"""Small numbers for streams by their ids, which only ever rise: most ids up to the highest are of streams long gone."""

import numpy as np
import numpy.typing as npt

_BITS = 10
_PAGE = 1 << _BITS  # ids that have a page of numbers in common

Ids = npt.NDArray[np.int64]
Numbers = npt.NDArray[np.int32]


class NumbersById:
    """A number for each id, -1 until it is set: memory for the neighbourhood of those that have one.

    Not safe for several threads.
    """

    def __init__(self) -> None:
        self._page_of = np.zeros(1, np.int32)
        self._pages = np.full((1, _PAGE), -1, np.int32)  # the first is that of all ids without a number
        self._count = 1

    def get(self, ids: Ids) -> Numbers:
        """The numbers of these ids, which are not negative."""
        places = ids >> _BITS
        self._reach(int(places.max(initial=0)))
        return np.asarray(self._pages[self._page_of[places], ids & (_PAGE - 1)])

    def set(self, id: int, number: int) -> None:
        """Gives an id a number."""
        place = id >> _BITS
        self._reach(place)
        if not self._page_of[place]:
            if self._count == len(self._pages):
                pages = np.full((2 * self._count, _PAGE), -1, np.int32)
                pages[: self._count] = self._pages
                self._pages = pages
            self._page_of[place] = self._count
            self._count += 1
        self._pages[self._page_of[place], id & (_PAGE - 1)] = number

    def _reach(self, place: int) -> None:
        if place >= len(self._page_of):
            page_of = np.zeros(2 * place + 1, np.int32)
            page_of[: len(self._page_of)] = self._page_of
            self._page_of = page_of
