"""Which columns of portions that are read over a network are fetched together.

A query asks for columns one after the other, and for each of every portion in turn: with a request for each of them
it would wait for nothing but requests.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Lock

import pyarrow.parquet as pq

from sigyn.store.footer import Footer, chunk_range


class UsualColumns:
    """What the portions of a query are asked for. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._groups = 0
        self._asked: Counter[str] = Counter()

    def of_next(self) -> list[str]:
        """The columns that most groups of portions so far were asked for. Counts one more group."""
        with self._lock:
            usual = [name for name, count in self._asked.items() if 2 * count > self._groups]
            self._groups += 1
            return usual

    def add(self, names: Iterable[str]) -> None:
        """Counts columns that a group is asked for, each once."""
        with self._lock:
            self._asked.update(names)


@dataclass(frozen=True, slots=True, eq=False)
class FarPortion:
    """Row groups of an object, by their numbers, and which of their columns were fetched."""

    key: str
    footer: Footer
    metadata: pq.FileMetaData
    numbers: Sequence[int]
    fetched: set[str] = field(default_factory=set)

    def ranges(self, names: Iterable[str]) -> list[tuple[int, int]]:
        """Where columns are in the object."""
        return [
            chunk_range(self.metadata.row_group(self.numbers[place]).column(self.footer.stored[name].place))
            for name in names
            for place in self.footer.places_to_read(name, self.numbers)
        ]


class FarPortions:
    """Portions that one thread reads side by side: what is asked of one, the others are asked for next."""

    def __init__(self, usual: UsualColumns | None = None) -> None:
        """`usual` are the columns of the query."""
        self._usual = usual or UsualColumns()
        self._portions: list[FarPortion] = []
        self._asked: set[str] = set()

    def add(self, portion: FarPortion) -> None:
        """One more of them."""
        self._portions.append(portion)

    def ranges(self, names: Collection[str]) -> dict[str, list[tuple[int, int]]]:
        """What to fetch of each object when these columns are asked for: at first, the usual ones with them."""
        foreseen = set(names) if self._asked else {*names, *self._usual.of_next()}
        self._usual.add(set(names) - self._asked)
        self._asked |= set(names)
        wanted: dict[str, list[tuple[int, int]]] = {}
        for portion in self._portions:
            new = [name for name in foreseen if name in portion.footer.stored and name not in portion.fetched]
            portion.fetched.update(new)
            wanted.setdefault(portion.key, []).extend(portion.ranges(new))
        return {key: ranges for key, ranges in wanted.items() if ranges}
