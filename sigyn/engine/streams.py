"""The streams that a query reads, numbered by the query."""

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.model.labels import Labels


class QueryStreams:
    """Streams by the query's own ordinals 0, 1, 2, ...; columns of their labels for any entries.

    `names` are those of all labels that some stream has, `common_names` those that every stream has.
    """

    def __init__(self, labels: Sequence[Labels]) -> None:
        self.labels = list(labels)
        names = [frozenset(name for name, _ in stream) for stream in self.labels]
        self.names = frozenset().union(*names)
        self.common_names = frozenset.intersection(*names) if names else frozenset()
        self._columns: dict[str, pa.DictionaryArray] = {}
        self._groups: dict[frozenset[str], tuple[npt.NDArray[np.int32], list[Labels]]] = {}

    def label_column(self, name: str, ordinals: npt.NDArray[np.int32]) -> pa.DictionaryArray:
        """Values of a label (null where a stream does not have it) for entries of these streams."""
        if name not in self._columns:
            values = [dict(stream).get(name) for stream in self.labels]
            self._columns[name] = pa.array(values, pa.string()).dictionary_encode()
        column = self._columns[name]
        return pa.DictionaryArray.from_arrays(column.indices.take(pa.array(ordinals)), column.dictionary)

    def groups(self, names: Iterable[str]) -> tuple[npt.NDArray[np.int32], list[Labels]]:
        """For each stream the group that its values of these labels put it into, and the groups' labels."""
        wanted = frozenset(names)
        if wanted not in self._groups:
            self._groups[wanted] = self._grouped(wanted)
        return self._groups[wanted]

    def _grouped(self, wanted: frozenset[str]) -> tuple[npt.NDArray[np.int32], list[Labels]]:
        group_of: dict[Labels, int] = {}
        numbers = np.empty(len(self.labels), np.int32)
        for ordinal, stream in enumerate(self.labels):
            part = tuple(pair for pair in stream if pair[0] in wanted)
            numbers[ordinal] = group_of.setdefault(part, len(group_of))
        return numbers, list(group_of)
