"""`| stats ...` over rows and entries, one by one.

What a group costs in memory: a few numbers per measure; `quantile`, `median`, `count_uniq`, `values`
and `uniq_values` keep what they have seen. Both are bounded, and a query that goes beyond fails.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan, nan
from typing import Any, Protocol

import pyarrow as pa

from sigyn.engine.interpreter.reference import quantile
from sigyn.engine.interpreter.unwrap import CONVERSIONS
from sigyn.engine.pipes.rows import TIMESTAMP, Rows, TableRows
from sigyn.engine.pipes.values import texts_of
from sigyn.languages.logql.pipes import Stats
from sigyn.languages.logql.pipes.stats import NUMERIC, Key, Measure
from sigyn.model.errors import BadRequest, QueryError

MAX_GROUPS = 200_000
"""Groups of one `stats`; about 100 MB."""

MAX_KEPT = 5_000_000
"""Values that one `stats` keeps for quantiles, distinct counts and lists; a few hundred MB at most."""

Get = Callable[[str], str | None]
"""The text of a field of one row; None or empty when it has none."""


class Accumulator(Protocol):
    """One measure of one group."""

    def add(self, text: str, time: int, /) -> int:
        """Take in a value that is there; how many values are kept more than before. Raises BadRequest."""
        ...

    def result(self) -> Any:
        """The value of the measure; None when there is none."""
        ...


@dataclass(slots=True)
class _Count:
    count: int = 0

    def add(self, _text: str, _time: int, /) -> int:
        self.count += 1
        return 0

    def result(self) -> int:
        return self.count


@dataclass(slots=True)
class _Numeric:
    """Sum, mean, variance and extremes, by Welford's method."""

    function: str
    convert: Callable[[str], float]
    count: int = 0
    total: float = 0.0
    mean: float = 0.0
    squares: float = 0.0
    least: float = nan
    most: float = nan

    def add(self, text: str, _time: int, /) -> int:
        value = self.convert(text)
        self.count += 1
        self.total += value
        off = value - self.mean
        self.mean += off / self.count
        self.squares += off * (value - self.mean)
        # NaN counts only where there is nothing else.
        if value < self.least or isnan(self.least):
            self.least = value
        if value > self.most or isnan(self.most):
            self.most = value
        return 0

    def result(self) -> float | None:
        if not self.count:
            return None
        match self.function:
            case "sum":
                return self.total
            case "avg":
                return self.total / self.count
            case "min":
                return self.least
            case "max":
                return self.most
            case "stdvar":
                return self.squares / self.count
            case _:
                return float((self.squares / self.count) ** 0.5)


@dataclass(slots=True)
class _Quantile:
    q: float
    convert: Callable[[str], float]
    values: list[float] = field(default_factory=list)

    def add(self, text: str, _time: int, /) -> int:
        self.values.append(self.convert(text))
        return 1

    def result(self) -> float | None:
        return quantile(self.values, self.q) if self.values else None


@dataclass(slots=True)
class _Distinct:
    function: str
    values: dict[str, None] = field(default_factory=dict)

    def add(self, text: str, _time: int, /) -> int:
        before = len(self.values)
        self.values[text] = None
        return len(self.values) - before

    def result(self) -> int | list[str]:
        return len(self.values) if self.function == "count_uniq" else sorted(self.values)


@dataclass(slots=True)
class _All:
    values: list[tuple[int, str]] = field(default_factory=list)

    def add(self, text: str, time: int, /) -> int:
        self.values.append((time, text))
        return 1

    def result(self) -> list[str]:
        return [text for _, text in sorted(self.values, key=lambda value: value[0])]


@dataclass(slots=True)
class _Edge:
    """The first or last value in time; of several at that time the one that came first."""

    last: bool
    time: int | None = None
    text: str = ""

    def add(self, text: str, time: int, /) -> int:
        if self.time is None or (time > self.time if self.last else time < self.time):
            self.time, self.text = time, text
        return 0

    def result(self) -> str:
        return self.text


def _accumulator(measure: Measure) -> Accumulator:
    convert = CONVERSIONS[measure.conversion]
    match measure.function:
        case "count":
            return _Count()
        case "count_uniq" | "uniq_values":
            return _Distinct(measure.function)
        case "values":
            return _All()
        case "first" | "last":
            return _Edge(last=measure.function == "last")
        case "quantile" | "median":
            return _Quantile(0.5 if measure.parameter is None else measure.parameter, convert)
        case _:
            return _Numeric(measure.function, convert)


class StatsGroups:
    """The groups of a `stats` as rows come in; `unreadable` counts values that are no numbers."""

    def __init__(self, pipe: Stats) -> None:
        self._pipe = pipe
        self._groups: dict[tuple[str | int, ...], list[Accumulator]] = {}
        self._kept = 0
        self.unreadable = 0
        self.first_unreadable = ""
        if not pipe.by:
            self._group(())

    def add(self, get: Get, time: int) -> None:
        """Take in a row. Raises QueryError when there are too many groups or values."""
        key = tuple(time // own.bucket * own.bucket if own.bucket else get(own.name) or "" for own in self._pipe.by)
        accumulators = self._groups.get(key)
        if accumulators is None:
            accumulators = self._group(key)
        for measure, accumulator in zip(self._pipe.measures, accumulators, strict=True):
            text = get(measure.field) if measure.field else "*"
            if not text:
                continue
            try:
                self._kept += accumulator.add(text, time)
            except BadRequest as error:
                self.unreadable += 1
                self.first_unreadable = self.first_unreadable or f"`{measure.field}`: {error}"
        if self._kept > MAX_KEPT:
            raise QueryError(
                f"`stats` keeps more than {MAX_KEPT} values for quantiles, distinct counts or lists; "
                "filter more, or ask for a shorter time range"
            )

    def table(self) -> pa.Table:
        """The rows, in the order of their keys; groups in which no measure has a value are left out."""
        keys = sorted(key for key, group in self._groups.items() if not key or any(_has_value(one) for one in group))
        columns = [stats_column(own, [key[index] for key in keys]) for index, own in enumerate(self._pipe.by)]
        for index, measure in enumerate(self._pipe.measures):
            columns.append(measure_column(measure, [self._groups[key][index].result() for key in keys]))
        return pa.table(dict(zip(self._pipe.columns, columns, strict=True)))

    def _group(self, key: tuple[str | int, ...]) -> list[Accumulator]:
        if len(self._groups) >= MAX_GROUPS:
            names = ", ".join(own.name for own in self._pipe.by)
            raise QueryError(
                f"`stats by ({names})` has more than {MAX_GROUPS} groups; group by fewer fields, filter more, "
                "or ask for a shorter time range"
            )
        self._groups[key] = accumulators = [_accumulator(measure) for measure in self._pipe.measures]
        return accumulators


def _has_value(accumulator: Accumulator) -> bool:
    value = accumulator.result()
    return value is not None and value not in ("", []) and not (isinstance(value, int) and value == 0)


def stats_column(key: Key, values: Sequence[str | int]) -> pa.Array:
    """The column of a key."""
    return pa.array(values, TIMESTAMP if key.bucket else pa.string())


def measure_column(measure: Measure, values: Sequence[Any]) -> pa.Array:
    """The column of a measure."""
    if measure.function in NUMERIC:
        return pa.array(values, pa.float64())
    match measure.function:
        case "count" | "count_uniq":
            return pa.array(values, pa.int64())
        case "values" | "uniq_values":
            return pa.array(values, pa.list_(pa.string()))
        case _:
            return pa.array(values, pa.string())


def run_stats(pipe: Stats, rows: Rows) -> Rows:
    """A row per group of rows; their order stands for time where they have none."""
    names = [name for name in (*(key.name for key in pipe.by), *(one.field for one in pipe.measures)) if name]
    columns = {name: texts_of(rows.column(name)) for name in names}
    timed = any(key.bucket for key in pipe.by)
    times = rows.column("_time").cast(pa.int64()).to_pylist() if timed else range(len(rows))
    groups = StatsGroups(pipe)
    for position, time in enumerate(times):
        groups.add(_getter(columns, position), time)
    return TableRows(groups.table())


def _getter(columns: Mapping[str, Sequence[str]], position: int) -> Get:
    return lambda name: columns[name][position]
