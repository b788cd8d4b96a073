"""What the API needs of the services: the boundary that it is programmed and tested against."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sigyn.model.labels import Labels
from sigyn.model.results import Direction, QueryAnswer
from sigyn.wire.push import DecodedPush


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """A query with its range in ns; an instant query is evaluated at `end`."""

    tenant: str
    query: str
    start: int
    end: int
    step: int | None
    limit: int = 100
    direction: Direction = "backward"
    interval: int = 0
    timeout: int | None = None


@dataclass(frozen=True, slots=True)
class StreamTotal:
    """Entries and text bytes of a stream in the bucket that starts at `bucket` (ns)."""

    labels: Labels
    bucket: int
    entries: int
    bytes: int


class Queries(Protocol):
    """Reads of one tenant's data. Times are ns, ranges half-open; raises QueryError and its kin."""

    async def query_range(self, request: QueryRequest) -> QueryAnswer: ...

    async def query_instant(self, request: QueryRequest) -> QueryAnswer: ...

    async def labels(self, tenant: str, start: int, end: int, selector: str | None) -> list[str]: ...

    async def label_values(self, tenant: str, name: str, start: int, end: int, selector: str | None) -> list[str]: ...

    async def series(self, tenant: str, start: int, end: int, selectors: list[str]) -> list[Labels]: ...

    async def stream_totals(
        self, tenant: str, start: int, end: int, selector: str, step: int | None
    ) -> Sequence[StreamTotal]: ...


class Ingest(Protocol):
    """Writes."""

    async def push(self, tenant: str, push: DecodedPush) -> object:
        """Returns when the entries are durable; raises BadRequest, TooManyRequests, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A part of the server as `/services` shows it, for example `store` `Running`."""

    name: str
    state: str


class Operations(Protocol):
    """The server as its operators see it."""

    def not_ready(self) -> str | None:
        """Why the server can't serve yet; None when it can."""
        ...

    def parts(self) -> Sequence[PartStatus]: ...

    def configuration(self) -> str:
        """The configuration in force, as YAML, secrets blanked."""
        ...

    def counters(self) -> Mapping[str, float]:
        """Counters of the store and the other parts, names without the prefix `sigyn_`."""
        ...

    async def flush(self) -> None:
        """Returns when everything acknowledged is in segments."""
        ...
