"""The series of entries that SQL aggregates: what to group by, and back from groups to labels."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sigyn.engine.frame import Frame
from sigyn.engine.grouping import SeriesNames
from sigyn.engine.interpreter.entry import RESERVED
from sigyn.engine.label_columns import LabelColumns, joined
from sigyn.engine.numbering import distinct_rows
from sigyn.engine.scan import entry_metadata
from sigyn.engine.sql.scope import EXTRACTED, Scope
from sigyn.engine.sql.text import NULL, Sql, column, identifier
from sigyn.model.labels import Labels, labels_of
from sigyn.store.shapes.values import whole

LEVEL = "detected_level"

GROUP = "group"
"""Column with the number of the labels that the stream alone decides."""


def series_keys(names: SeriesNames, scope: Scope, frame: Frame) -> "SeriesKeys":
    """What to group the entries of a frame by."""
    if names.metadata:
        of_stream = [name for name in names.names if name != LEVEL]
    else:
        of_stream = [name for name in names.names if scope.is_stream_only(name)]
    groups, group_labels = frame.streams.groups(of_stream)
    expressions = {name: scope.label(name) for name in names.names if name not in of_stream}
    expressions = {name: value for name, value in expressions.items() if value is not NULL}
    if names.metadata:
        expressions[""] = column("metadata")
    return SeriesKeys(groups, group_labels, expressions)


@dataclass(frozen=True, slots=True)
class SeriesKeys:
    """What SQL groups by: a number for the labels that the stream decides, an expression for each other.

    The expression under the empty name is structured metadata as a whole.
    """

    group_of_stream: npt.NDArray[np.int32]
    group_labels: list[Labels]
    expressions: dict[str, Sql]

    @property
    def columns(self) -> frozenset[str]:
        found = frozenset().union(*(value.columns for value in self.expressions.values()))
        return found | {GROUP} if len(self.group_labels) > 1 else found

    @property
    def selected(self) -> list[str]:
        keys = [f"{value} AS {identifier(f'key{index}')}" for index, value in enumerate(self.expressions.values())]
        return [identifier(GROUP), *keys] if len(self.group_labels) > 1 else keys

    def series_of(self, answer: pa.Table) -> tuple[Sequence[Labels], npt.NDArray[np.int64]]:
        """The distinct label sets of the rows of an SQL answer, and each row's place among them."""
        groups = np.zeros(answer.num_rows, np.int64)
        if GROUP in answer.column_names:
            groups = answer.column(GROUP).to_numpy().astype(np.int64)
        keys = [whole(answer.column(f"key{index}")).dictionary_encode() for index in range(len(self.expressions))]
        return self.series(groups, keys)

    def series(
        self, groups: npt.NDArray[np.integer], keys: Sequence[pa.DictionaryArray]
    ) -> tuple[Sequence[Labels], npt.NDArray[np.int64]]:
        """The same for rows with these groups of streams and, in the order of `expressions`, these texts."""
        codes = [(key.indices.fill_null(len(key.dictionary)).to_numpy(), len(key.dictionary) + 1) for key in keys]
        first, series = distinct_rows([(groups, len(self.group_labels)), *codes])
        texts = {name: key.take(first) for name, key in zip(self.expressions, keys, strict=True)}
        if "" not in texts:
            return LabelColumns(self.group_labels, groups[first].astype(np.int64), texts), series
        of_stream = [self.group_labels[group] for group in groups[first].tolist()]
        listed = {name: column.cast(pa.large_string()).to_pylist() for name, column in texts.items()}
        metadata = listed.pop("")
        with_metadata = [_with_metadata(own, text) for own, text in zip(of_stream, metadata, strict=True)]
        return joined(with_metadata, listed), series


def _with_metadata(of_stream: Labels, metadata: str | None) -> Labels:
    """The labels of a stream and those of structured metadata, given as text."""
    if metadata is None:
        return of_stream
    labels = dict(of_stream)
    named = RESERVED.union(labels)
    for name, value in entry_metadata(None, metadata):
        labels[name + EXTRACTED if name in named else name] = value
    return labels_of(labels)
