"""What the API needs of the services: the boundary that it is programmed and tested against."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from sigyn.engine.explain import Explanation
from sigyn.engine.totals import StreamTotals
from sigyn.model.labels import Labels
from sigyn.model.results import LineSample, QueryAnswer
from sigyn.services.cardinality import Cardinality
from sigyn.services.ingest import PushOutcome
from sigyn.services.push_counters import PushCounters
from sigyn.services.query import QueryRequest
from sigyn.store.deletions import DeleteProgress
from sigyn.store.demoted import DemotedLabel
from sigyn.wire.push import DecodedPush


class Queries(Protocol):
    """Reads of one tenant's data. Times are ns, ranges half-open; raises QueryError and its kin."""

    async def query_range(self, request: QueryRequest) -> QueryAnswer: ...

    async def query_instant(self, request: QueryRequest) -> QueryAnswer: ...

    async def explain(self, request: QueryRequest, *, instant: bool = False) -> Explanation: ...

    async def labels(self, tenant: str, start: int, end: int, selector: str | None) -> list[str]: ...

    async def label_values(self, tenant: str, name: str, start: int, end: int, selector: str | None) -> list[str]: ...

    async def series(self, tenant: str, start: int, end: int, selectors: list[str]) -> list[Labels]: ...

    async def cardinality(self, tenant: str, start: int, end: int, limit: int) -> Cardinality: ...

    async def stream_totals(
        self, tenant: str, start: int, end: int, selector: str, step: int | None
    ) -> StreamTotals: ...

    async def newest_lines(self, tenant: str, selector: str, edges: npt.NDArray[np.int64], most: int) -> LineSample: ...


class Ingest(Protocol):
    """Writes."""

    counters: PushCounters

    async def push(self, tenant: str, decoded: DecodedPush) -> PushOutcome:
        """Returns when the entries are durable.

        Raises PushRefused when some or all were refused and the rest is stored, and BadRequest,
        TooManyRequests and Unavailable with nothing stored.
        """
        ...


class Deletes(Protocol):
    """Delete requests of one tenant; raises BadRequest, NotFound, TooManyRequests and Unavailable."""

    async def add(self, tenant: str, query: str, start: int, end: int) -> str:
        """Makes a request for start <= t <= end (ns), in force when this returns; its id."""
        ...

    async def requests(self, tenant: str) -> list[DeleteProgress]: ...

    async def cancel(self, tenant: str, id: str, *, force: bool) -> None: ...


@dataclass(frozen=True, slots=True)
class PartStatus:
    """A part of the server as `/services` shows it, for example `store` `Running`."""

    name: str
    state: str


class Operations(Protocol):
    """The server as its operators see it."""

    async def not_ready(self) -> str | None:
        """Why the server can't serve, a line for each part of it; None when it can."""
        ...

    def parts(self) -> Sequence[PartStatus]: ...

    def configuration(self) -> str:
        """The configuration in force, as YAML, secrets blanked."""
        ...

    def limits(self, tenant: str) -> str:
        """The limits of a tenant as they are now, as YAML, secrets blanked."""
        ...

    async def promote_label(self, tenant: str, name: str) -> DemotedLabel:
        """Makes a demoted label one of the streams again; raises NotFound."""
        ...

    async def demote_label(self, tenant: str, name: str) -> DemotedLabel:
        """Makes a label of streams one of the entries; raises BadRequest."""
        ...

    async def flush(self) -> None:
        """Returns when everything acknowledged is in segments."""
        ...
