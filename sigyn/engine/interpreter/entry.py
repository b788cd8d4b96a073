"""An entry on its way through a pipeline, with its labels by origin."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from math import nan
from typing import TypeAlias

from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry

ERROR = "__error__"
ERROR_DETAILS = "__error_details__"
DUPLICATE_SUFFIX = "_extracted"
RESERVED = frozenset({ERROR, ERROR_DETAILS})
"""Names of labels that stages set; a field of a line that bears one is no error."""


@dataclass(slots=True)
class Processed:
    """An entry and its labels: `stream`, `metadata` and `parsed` share no name.

    `parsed` holds what stages made: extracted and formatted labels, `__error__` and
    `__error_details__`. `stream` and `original` may be shared between entries: stages replace
    `stream`, they never change it. `value` is set when the query unwraps a label.
    """

    timestamp: int
    line: str
    stream: Mapping[str, str]
    metadata: dict[str, str]
    parsed: dict[str, str]
    original: Mapping[str, str] = field(repr=False)
    value: float = nan

    def get(self, name: str) -> str | None:
        """The value of a label of any origin; None when there is no such label."""
        value = self.parsed.get(name)
        if value is None:
            value = self.stream.get(name)
            if value is None:
                value = self.metadata.get(name)
        return value

    def extracted_name(self, name: str) -> str:
        """The name that a parser gives a field: with a suffix where the name is the entry's already, or reserved.

        A stream label counts even after it was dropped or renamed, structured metadata only while
        it is there. A label that bears the name with the suffix gives way.
        """
        if name not in self.original and name not in self.metadata and name not in RESERVED:
            return name
        name += DUPLICATE_SUFFIX
        if name in self.stream or name in self.metadata:
            self.discard((name,))
        return name

    def fail(self, error: str, details: str = "") -> None:
        """Note an error; a later one replaces it."""
        self.parsed[ERROR] = error
        if details:
            self.parsed[ERROR_DETAILS] = details
        else:
            self.parsed.pop(ERROR_DETAILS, None)

    def labels(self) -> dict[str, str]:
        """All labels, whatever their origin."""
        return {**self.stream, **self.metadata, **self.parsed}

    def discard(self, names: Iterable[str]) -> None:
        """Remove labels, whatever their origin."""
        for name in names:
            if name in self.stream:
                self.stream = {other: value for other, value in self.stream.items() if other != name}
            self.metadata.pop(name, None)
            self.parsed.pop(name, None)

    def as_log_entry(self) -> LogEntry:
        """The entry as answers hold it. Unlike stream labels, extracted labels may be empty texts."""
        return LogEntry(self.timestamp, self.line, _sorted(self.stream), _sorted(self.metadata), _sorted(self.parsed))


def _sorted(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted(labels.items()))


Run: TypeAlias = Callable[[Processed], bool]
"""A compiled stage: works on the entry and says whether it stays."""
