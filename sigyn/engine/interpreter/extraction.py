"""From entries to samples: what a range aggregation counts, measures or unwraps, series by series."""

from collections.abc import Iterable
from typing import TypeAlias

from sigyn.engine.interpreter.entry import ERROR, Processed
from sigyn.engine.interpreter.errors import Skipped, keeps_errors, pipeline_error
from sigyn.engine.interpreter.labelless import needs_no_labels, without_parsers
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.vectors.grid import StepGrid
from sigyn.engine.vectors.samples import Samples
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels, labels_of

Entry: TypeAlias = tuple[Labels, int, str, Labels]
"""Stream, timestamp, line and structured metadata."""

_BYTES = frozenset({"bytes_over_time", "bytes_rate"})


class SampleExtractor:
    """Collects the samples of one range aggregation. Entries may come in any order."""

    def __init__(
        self, query: ast.RangeAggregation, grouping: ast.Grouping | None = None, *, strict: bool = False
    ) -> None:
        """Compile the aggregation's pipeline.

        `grouping` is that of the vector aggregation above, where samples may be counted together by
        it. With `strict`, the first entry with an `__error__` fails the query, as in Loki; else such
        entries are left out and counted in `skipped`. Raises BadRequest for broken stages.
        """
        stages, unwrap = query.log_range.query.stages, query.log_range.unwrap
        self._labelless = needs_no_labels(query, grouping)
        self._pipeline = Pipeline(without_parsers(stages) if self._labelless else stages, unwrap)
        self._strict = strict
        self._keeps_errors = self._labelless or keeps_errors(query, grouping)
        self._grouping = query.grouping or grouping
        self._unwrapped = unwrap.label if unwrap else None
        self._measures_bytes = query.operator in _BYTES
        self.series: dict[Labels, Samples] = {}
        self.skipped = Skipped()

    def add(self, stream: Labels, timestamp: int, line: str, metadata: Labels = ()) -> None:
        """Take in an entry. Raises QueryError in strict mode when it has an `__error__`."""
        entry = self._pipeline.process(stream, timestamp, line, metadata)
        if entry is None:
            return
        if not self._keeps_errors and ERROR in entry.parsed:
            labels = labels_of(entry.labels())
            if self._strict:
                raise QueryError(pipeline_error(labels))
            self.skipped.add(labels)
            return
        if self._unwrapped is not None:
            value = entry.value
        elif self._measures_bytes:
            value = float(len(entry.line.encode()))
        else:
            value = 1.0
        key = self._series_labels(entry)
        samples = self.series.get(key)
        if samples is None:
            samples = self.series[key] = Samples()
        samples.timestamps.append(timestamp)
        samples.values.append(value)

    def _series_labels(self, entry: Processed) -> Labels:
        grouping = self._grouping
        if grouping is not None and not grouping.without:
            values = ((name, entry.get(name)) for name in grouping.labels)
            return tuple(sorted({(name, value) for name, value in values if value}))
        labels = entry.labels()
        if self._unwrapped is not None and ERROR not in labels:
            labels.pop(self._unwrapped, None)
        if grouping is not None:
            for name in grouping.labels:
                labels.pop(name, None)
        return labels_of(labels)


def extract_samples(
    query: ast.RangeAggregation,
    grouping: ast.Grouping | None,
    grid: StepGrid,
    entries: Iterable[Entry],
    *,
    strict: bool = False,
) -> SampleExtractor:
    """The samples of the entries that lie in a window of the grid; the selector is the caller's."""
    extractor = SampleExtractor(query, grouping, strict=strict)
    log_range = query.log_range
    after, until = grid.start - log_range.offset - log_range.interval, grid.end - log_range.offset
    for stream, timestamp, line, metadata in entries:
        if after < timestamp <= until:
            extractor.add(stream, timestamp, line, metadata)
    return extractor
