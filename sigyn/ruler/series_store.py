"""Series that rules recorded: written sample by sample, read by selector and range."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import ast
from sigyn.languages.promql import NAME
from sigyn.model.labels import Labels
from sigyn.ruler.database import RulerDatabase
from sigyn.store.streams import labels_from_text, labels_to_text

_STALE = "stale"
"""In the place of a value: the series ends here. NaN is NULL, which is what SQLite makes of it."""


@dataclass(frozen=True, slots=True)
class SeriesSamples:
    """Samples of a series: times in ns, rising; where `stale` is true the series ended."""

    labels: Labels
    timestamps: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    stale: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StoredSample:
    """A sample in the order of its writing: `id` rises, `value` None marks the end of the series."""

    id: int
    tenant: str
    labels: Labels
    timestamp: int
    value: float | None


class SeriesStore:
    """Recorded series of all tenants. Calls block."""

    def __init__(self, database: RulerDatabase) -> None:
        self._database = database
        self._ids: dict[tuple[str, Labels], int] = {}
        self._rolled_back = 0

    def append(self, tenant: str, timestamp: int, samples: Mapping[Labels, float], ended: Iterable[Labels]) -> None:
        """Writes a sample of each series, and the end of those in `ended`. What a time has already stays."""
        rows: list[tuple[object, ...]] = []
        with self._database.transaction() as connection:
            if self._rolled_back != self._database.rolled_back:  # ids of then may be those of other series now
                self._ids.clear()
                self._rolled_back = self._database.rolled_back
            for labels, value in samples.items():
                rows.append((self._id(tenant, labels), timestamp, None if math.isnan(value) else value))
            rows += [(self._id(tenant, labels), timestamp, _STALE) for labels in ended]
            connection.executemany(
                "INSERT INTO sample (series, timestamp, value) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", rows
            )

    def select(self, tenant: str, selector: ast.Selector, start: int, end: int) -> list[SeriesSamples]:
        """Series that a selector matches, with their samples at start < t <= end (ns)."""
        found = []
        for id, labels in self._matching(tenant, selector):
            rows = self._database.read(
                "SELECT timestamp, value FROM sample WHERE series = ? AND timestamp > ? AND timestamp <= ? "
                "ORDER BY timestamp",
                id, start, end,
            )  # fmt: skip
            if rows:
                times, values = zip(*rows, strict=True)
                numbers = [math.nan if value is None or value == _STALE else value for value in values]
                stale = np.array([value == _STALE for value in values])
                found.append(SeriesSamples(labels, np.array(times, np.int64), np.array(numbers, np.float64), stale))
        return found

    def series(self, tenant: str, selectors: Sequence[ast.Selector], start: int, end: int) -> list[Labels]:
        """Series that one of the selectors matches (all, when there are none), with samples at start <= t <= end."""
        rows = self._database.read(
            "SELECT labels FROM series WHERE tenant = ? AND EXISTS "
            "(SELECT 1 FROM sample WHERE series = series.id AND timestamp BETWEEN ? AND ?) ORDER BY labels",
            tenant, start, end,
        )  # fmt: skip
        found = [labels_from_text(text) for (text,) in rows]
        return [labels for labels in found if not selectors or any(selector_matches(one, labels) for one in selectors)]

    def has_any(self, tenant: str, names: Iterable[str]) -> bool:
        """Whether a series of one of these names was ever recorded."""
        return any(
            self._database.read("SELECT 1 FROM series WHERE tenant = ? AND name = ? LIMIT 1", tenant, name)
            for name in names
        )

    def after(self, last: int, most: int) -> list[StoredSample]:
        """Up to `most` samples that were written after the one with the id `last`, in the order of their writing."""
        rows = self._database.read(
            "SELECT sample.id, tenant, labels, timestamp, value FROM sample JOIN series ON series.id = sample.series "
            "WHERE sample.id > ? ORDER BY sample.id LIMIT ?",
            last, most,
        )  # fmt: skip
        return [
            StoredSample(id, tenant, labels_from_text(text), timestamp, _value(value))
            for id, tenant, text, timestamp, value in rows
        ]

    def newest(self) -> int:
        """The id of the sample that was written last; 0 when there is none."""
        return int(self._database.read("SELECT COALESCE(MAX(id), 0) FROM sample")[0][0])

    def forget_before(self, timestamp: int) -> None:
        """Deletes older samples, and series that have none left."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM sample WHERE timestamp < ?", (timestamp,))
            connection.execute("DELETE FROM series WHERE id NOT IN (SELECT series FROM sample)")
            self._ids.clear()

    def _id(self, tenant: str, labels: Labels) -> int:
        key = (tenant, labels)
        if key not in self._ids:
            text, name = labels_to_text(labels), dict(labels).get(NAME, "")
            self._database.write(
                "INSERT INTO series (tenant, name, labels) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", tenant, name, text
            )
            rows = self._database.read("SELECT id FROM series WHERE tenant = ? AND labels = ?", tenant, text)
            self._ids[key] = int(rows[0][0])
        return self._ids[key]

    def _matching(self, tenant: str, selector: ast.Selector) -> Iterator[tuple[int, Labels]]:
        name = next((one.value for one in selector.matchers if (one.name, one.operator) == (NAME, "=")), None)
        statement, values = "SELECT id, labels FROM series WHERE tenant = ?", [tenant]
        if name is not None:
            statement, values = statement + " AND name = ?", [tenant, name]
        for id, text in self._database.read(statement + " ORDER BY labels", *values):
            labels = labels_from_text(text)
            if selector_matches(selector, labels):
                yield id, labels


def _value(stored: float | str | None) -> float | None:
    """The number of a row; None for the mark of an end."""
    if isinstance(stored, str):
        return None
    return math.nan if stored is None else stored


def by_tenant(samples: Sequence[StoredSample]) -> Iterator[tuple[str, list[StoredSample]]]:
    """Runs of samples that belong to one tenant."""
    for tenant, run in groupby(samples, lambda sample: sample.tenant):
        yield tenant, list(run)
