"""Answers on stdout: for a person, as bare lines, as JSON lines, as an Arrow stream."""

import re
import sys
from collections.abc import Iterable, Iterator
from math import isfinite
from typing import Protocol

import click
import msgspec
import pyarrow as pa
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from sigyn.cli.levels import style_of
from sigyn.client.table import to_table
from sigyn.client.times import rfc_3339
from sigyn.model.labels import Labels, format_labels
from sigyn.model.results import (
    LogEntry,
    LogResult,
    MatrixResult,
    QueryResult,
    ScalarResult,
    TableResult,
    VectorResult,
)
from sigyn.model.tables import json_values

_BATCH = 1024
_UNPRINTED = re.compile(r"[\t\r\n]+")


class Output(Protocol):
    """Writes an answer."""

    def entries(self, entries: Iterable[LogEntry]) -> None:
        """Writes log entries as they come."""

    def samples(self, result: MatrixResult | VectorResult | ScalarResult) -> None:
        """Writes the answer to a metric query."""

    def table(self, result: TableResult) -> None:
        """Writes rows."""


def write(output: Output, result: QueryResult) -> None:
    """Writes any answer."""
    match result:
        case LogResult(entries):
            output.entries(entries)
        case TableResult():
            output.table(result)
        case _:
            output.samples(result)


class Default:
    """For a person: time, the labels in which streams differ, the line in the colour of its level.

    `times` is off for lines of files, which say their time themselves.
    """

    def __init__(self, common: Labels = (), *, times: bool = True) -> None:
        self._common = frozenset(common)
        self._times = times
        self._console = Console(highlight=False, soft_wrap=True, markup=False)
        self._plain = not self._console.is_terminal

    def entries(self, entries: Iterable[LogEntry]) -> None:
        """As in Output."""
        for entry in entries:
            shown = tuple(pair for pair in entry.stream if pair not in self._common)
            shown += tuple(pair for pair in entry.parsed if pair[0].startswith("__"))
            head = f"{rfc_3339(entry.timestamp, 3)} " if self._times else ""
            head += f"{format_labels(shown)} " if shown else ""
            if self._plain:
                click.echo(head + entry.line)
            else:
                self._console.print(Text.assemble((head, "dim"), (entry.line, style_of(entry))))

    def samples(self, result: MatrixResult | VectorResult | ScalarResult) -> None:
        """As in Output: a block of times and values per series, or a line per series."""
        match result:
            case MatrixResult(series):
                for number, each in enumerate(series):
                    self._show(("\n" if number else "") + format_labels(each.labels), "bold")
                    for timestamp, value in zip(each.timestamps.tolist(), each.values.tolist(), strict=True):
                        self._show(f"  {rfc_3339(timestamp, 0)}  {_number(value)}")
            case VectorResult(samples=samples):
                values = [_number(sample.value) for sample in samples]
                width = max(map(len, values), default=0)
                for sample, value in zip(samples, values, strict=True):
                    self._show(f"{value:>{width}}  {format_labels(sample.labels)}")
            case ScalarResult(value=value):
                self._show(_number(value))

    def table(self, result: TableResult) -> None:
        """As in Output: columns under their names, numbers to the right."""
        shown = Table(box=None if self._plain else box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for name, kind in result.types.items():
            shown.add_column(Text(name), justify="right" if kind == "number" else "left", overflow="fold")
        for row in texts_of_rows(result):
            shown.add_row(*map(Text, row))
        # A pipe has no width: a column is then as wide as its longest value.
        width = None if not self._plain else 1 + max(map(len, ("", *shown_lines(result))))
        Console(highlight=False, markup=False, width=width).print(shown)

    def _show(self, text: str, style: str = "") -> None:
        if self._plain:
            click.echo(text)
        else:
            self._console.print(Text(text, style))


class Raw:
    """Nothing but the lines; of a metric query, labels, time and value with tabs between."""

    def entries(self, entries: Iterable[LogEntry]) -> None:
        """As in Output."""
        for entry in entries:
            click.echo(entry.line)

    def samples(self, result: MatrixResult | VectorResult | ScalarResult) -> None:
        """As in Output."""
        for labels, timestamp, value in _samples(result):
            click.echo(f"{format_labels(labels)}\t{rfc_3339(timestamp)}\t{_number(value)}")

    def table(self, result: TableResult) -> None:
        """As in Output: tabs between the columns, tabs and line ends inside of a value as spaces."""
        click.echo("\t".join(result.table.column_names))
        for row in texts_of_rows(result):
            click.echo("\t".join(_UNPRINTED.sub(" ", text) for text in row))


class JsonLines:
    """A JSON object per entry or sample."""

    def entries(self, entries: Iterable[LogEntry]) -> None:
        """As in Output."""
        for entry in entries:
            labels = dict(entry.stream + entry.metadata + entry.parsed)
            self._write({"timestamp": rfc_3339(entry.timestamp), "labels": labels, "line": entry.line})

    def samples(self, result: MatrixResult | VectorResult | ScalarResult) -> None:
        """As in Output. Values that JSON has no number for are texts: `NaN`, `+Inf`, `-Inf`."""
        for labels, timestamp, value in _samples(result):
            number = value if isfinite(value) else _number(value)
            self._write({"timestamp": rfc_3339(timestamp), "labels": dict(labels), "value": number})

    def table(self, result: TableResult) -> None:
        """As in Output: an object per row."""
        names = result.table.column_names
        columns = [json_values(result.table.column(name)) for name in names]
        for row in zip(*columns, strict=True):
            self._write(dict(zip(names, row, strict=True)))

    def _write(self, row: dict[str, object]) -> None:
        click.echo(msgspec.json.encode(row))


class Arrow:
    """An Arrow IPC stream, for a file or another program. Its columns are those of the Python API."""

    def entries(self, entries: Iterable[LogEntry]) -> None:
        """As in Output."""
        self._write(to_table(LogResult(list(entries), "forward")))

    def samples(self, result: MatrixResult | VectorResult | ScalarResult) -> None:
        """As in Output."""
        self._write(to_table(result))

    def table(self, result: TableResult) -> None:
        """As in Output."""
        self._write(result.table)

    def _write(self, table: pa.Table) -> None:
        with pa.ipc.new_stream(sys.stdout.buffer, table.schema) as writer:
            writer.write_table(table, max_chunksize=_BATCH)
        sys.stdout.buffer.flush()


FORMATS = ("default", "raw", "jsonl", "arrow")


def output_of(name: str, common: Labels = (), *, times: bool = True) -> Output:
    """The output of a name; the default one leaves out `common` labels, and times when it is told so."""
    match name:
        case "raw":
            return Raw()
        case "jsonl":
            return JsonLines()
        case "arrow":
            if sys.stdout.isatty():
                raise click.UsageError("an Arrow stream is not for a terminal: write it to a file with > answer.arrow")
            return Arrow()
    return Default(common, times=times)


def common_labels(entries: Iterable[LogEntry]) -> Labels:
    """The stream labels that all entries share."""
    streams = {entry.stream for entry in entries}
    if not streams:
        return ()
    shared = set.intersection(*(set(stream) for stream in streams))
    return tuple(sorted(shared))


def texts_of_rows(result: TableResult) -> Iterator[list[str]]:
    """The cells of each row as text; empty where there is nothing."""
    columns = [[_cell(value) for value in json_values(result.table.column(name))] for name in result.table.column_names]
    return map(list, zip(*columns, strict=True))


def shown_lines(result: TableResult) -> Iterator[str]:
    """The rows as lines that are wide enough."""
    widths = [len(name) for name in result.table.column_names]
    for row in texts_of_rows(result):
        widths = [max(width, len(text)) for width, text in zip(widths, row, strict=True)]
    yield "  ".join("x" * width for width in widths)


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case str():
            return value
        case int() | float():
            return _number(value)
        case _:
            return msgspec.json.encode(value).decode()


def _samples(result: MatrixResult | VectorResult | ScalarResult) -> Iterator[tuple[Labels, int, float]]:
    match result:
        case MatrixResult(series):
            for each in series:
                for timestamp, value in zip(each.timestamps.tolist(), each.values.tolist(), strict=True):
                    yield each.labels, timestamp, value
        case VectorResult(timestamp, samples):
            for sample in samples:
                yield sample.labels, timestamp, sample.value
        case ScalarResult(timestamp, value):
            yield (), timestamp, value


def _number(value: float) -> str:
    """Whole numbers without a point, and Loki's words for what is none."""
    if value != value:
        return "NaN"
    if not isfinite(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
