"""Entries as the answer to a log query has them: what the interpreter makes of each, and how much text that is."""

from collections.abc import Callable
from functools import lru_cache
from typing import TypeAlias

from sigyn.engine.interpreter.entry import RESERVED
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.languages.logql import ast
from sigyn.model.errors import QueryError
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

MakeEntry: TypeAlias = Callable[[Labels, int, str, Labels], LogEntry | None]
"""Of a stream, a time (ns), a line and structured metadata the entry behind the pipeline; None: it does not pass."""


def entry_maker(query: ast.LogQuery) -> MakeEntry:
    """Makes the entries of the answer to a query. Raises BadRequest for broken stages."""
    pipeline = Pipeline(query.stages)
    plain = not query.stages

    def make(stream: Labels, timestamp: int, line: str, metadata: Labels) -> LogEntry | None:
        if plain and _taken(stream).isdisjoint(name for name, _ in metadata):
            return LogEntry(timestamp, line, stream, metadata, ())
        processed = pipeline.process(stream, timestamp, line, metadata)
        return processed.as_log_entry() if processed is not None else None

    return make


@lru_cache(maxsize=4096)
def _taken(stream: Labels) -> frozenset[str]:
    """Names that structured metadata can't bear in an answer."""
    return RESERVED.union(name for name, _ in stream)


def text_bytes(entry: LogEntry) -> int:
    """Bytes of a line and of the labels that it alone has."""
    line = entry.line
    size = len(line) if line.isascii() else len(line.encode())
    if len(entry.metadata) > 1:  # a lone one is detected_level, which entries share
        size += sum([len(name) + len(value) for name, value in entry.metadata])
    if entry.parsed:
        size += sum([len(name) + len(value) for name, value in entry.parsed])
    return size


def refuse_much_text(entries: int, size: int, most: int) -> None:
    """Raises QueryError when the first entries of an answer have more than `most` bytes of text; 0: any are welcome."""
    if most and size > most:
        raise QueryError(
            f"the first {entries} lines of the answer have {size} bytes of text (limit: {most} bytes, set by "
            "query.max_answer_bytes); ask for fewer lines with `limit` or for a shorter time range, or export them: "
            "/sigyn/api/v1/export has no such limit"
        )
