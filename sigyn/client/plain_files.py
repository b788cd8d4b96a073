"""Log files as entries, so that LogQL runs over them without a server.

Each file is a stream `{filename="..."}` (`{filename="-"}` for standard input), each line an entry
with the `detected_level` that a server would find.
Its time is the one that the line names; a line that names none, such as one of a stack trace, has
the time of the line before it. In a file without any times, lines are a nanosecond apart from when
the file was last written.
"""

import gzip
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import BinaryIO

from sigyn.client.line_times import LineTimes
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import ast
from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels, labels_of
from sigyn.model.results import LogEntry
from sigyn.model.time import TimeRange, system_clock
from sigyn.services.discovery import DETECTED_LEVEL, LevelRules, level_from_line

STANDARD_INPUT = "-"
_PROBE_LINES = 200
"""Lines read before a file is taken to name no times."""

Watch = Callable[[int], None]
"""Told how many bytes more were read."""


@dataclass(frozen=True, slots=True)
class PlainEntry:
    """A line of a file, with its time in ns."""

    timestamp: int
    line: str


@dataclass(slots=True)
class PlainFile:
    """A file, or standard input, to read entries from."""

    path: str
    labels: Labels = field(init=False)

    def __post_init__(self) -> None:
        self.labels = labels_of({"filename": self.path})

    def entries(self, watch: Watch | None = None) -> Iterator[PlainEntry]:
        """The lines with their times, in the order of the file; raises BadRequest when it can't be read."""
        with _opened(self.path) as file:
            if self.path == STANDARD_INPUT:
                yield from _timed(_lines(file, self.path, watch), system_clock(), 0)
            else:
                yield from _timed(_lines(file, self.path, watch), os.fstat(file.fileno()).st_mtime_ns, _PROBE_LINES)


def run_over_files(
    query: ast.LogQuery, files: Sequence[PlainFile], within: TimeRange | None = None, watch: Watch | None = None
) -> Iterator[LogEntry]:
    """The entries that pass the query, in the order of the files, while they are read."""
    for file in files:
        if not selector_matches(query.selector, file.labels):
            continue
        pipeline = Pipeline(query.stages)
        rules = LevelRules()
        for entry in file.entries(watch):
            if within is not None and not within.start <= entry.timestamp < within.end:
                continue
            metadata = ((DETECTED_LEVEL, level_from_line(entry.line, rules)),)
            processed = pipeline.process(file.labels, entry.timestamp, entry.line, metadata)
            if processed is not None:
                yield processed.as_log_entry()


def _opened(path: str) -> AbstractContextManager[BinaryIO]:
    if path == STANDARD_INPUT:
        return nullcontext(sys.stdin.buffer)
    try:
        return Path(path).open("rb")
    except OSError as error:
        raise BadRequest(f"{path} can't be read: {error.strerror}") from None


def _lines(file: BinaryIO, path: str, watch: Watch | None) -> Iterator[str]:
    """The lines as text; `watch` hears of the bytes of the file, compressed or not."""
    position = 0
    with gzip.open(file) if path.endswith(".gz") else nullcontext(file) as lines:
        try:
            for line in lines:
                if watch is not None:
                    read_to = file.tell() if path.endswith(".gz") else position + len(line)
                    watch(read_to - position)
                    position = read_to
                yield line.rstrip(b"\r\n").decode("utf-8", "replace")
        except (OSError, EOFError) as error:
            raise BadRequest(f"{path} can't be read: {error}") from None


def _timed(lines: Iterator[str], written: int, probe: int) -> Iterator[PlainEntry]:
    """Lines with the times they name, or with the times of the lines before them.

    Lines before the first time get that one, when it comes within `probe` lines.
    """
    times = LineTimes(written)
    last: int | None = None
    waiting: list[str] = []
    untimed = count(written)
    for line in lines:
        last = times.find(line) or last
        waiting.append(line)
        if last is not None:
            yield from (PlainEntry(last, each) for each in waiting)
            waiting.clear()
        elif len(waiting) > probe:
            yield from (PlainEntry(next(untimed), each) for each in waiting)
            waiting.clear()
    yield from (PlainEntry(next(untimed), each) for each in waiting)
