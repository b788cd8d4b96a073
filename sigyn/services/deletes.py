"""Delete requests of a tenant: made, listed, taken back."""

import asyncio
from dataclasses import dataclass

from sigyn.engine.subqueries import has_subqueries
from sigyn.languages.logql import ast, parse
from sigyn.languages.logql.checks import require_non_empty_matcher
from sigyn.languages.logql.diagnostics import meaning_error
from sigyn.model.delete_modes import DeleteModes
from sigyn.model.errors import BadRequest, QueryError
from sigyn.model.time import Clock, system_clock
from sigyn.store.deletions import DeleteProgress
from sigyn.store.store import Store


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteRules:
    """modes          of tenants: in one that heeds no requests they are refused
    cancel_period  ns during which a request can be taken back
    """

    modes: DeleteModes = DeleteModes()
    cancel_period: int = 0


class DeleteService:
    """Delete requests over a store. Works in threads of the event loop's own."""

    def __init__(self, store: Store, rules: DeleteRules, clock: Clock = system_clock) -> None:
        self._store = store
        self._rules = rules
        self._clock = clock

    async def add(self, tenant: str, query: str, start: int, end: int) -> str:
        """Makes a request for start <= t <= end (ns), in force when this returns; its id.

        Raises BadRequest, ParseError, TooManyRequests and Unavailable; nothing is deleted then.
        """
        if not self._rules.modes.heeds(tenant):
            raise BadRequest("deletion is not available: `deletes.mode` is `disabled` (limits_config.deletion_mode)")
        if end < start:
            raise BadRequest("start time can't be greater than end time")
        if end > self._clock():
            raise BadRequest("deletes in the future are not allowed")
        check_delete_query(query)
        request = await asyncio.to_thread(self._store.deletions.add, tenant, query, start, end)
        return request.id

    async def requests(self, tenant: str) -> list[DeleteProgress]:
        """All requests that were not taken back, oldest first. Raises Unavailable."""
        return await asyncio.to_thread(self._store.delete_requests, tenant)

    async def cancel(self, tenant: str, id: str, *, force: bool) -> None:
        """Takes a request back: what is still there is seen again.

        With `force` also after the time for it, when some may be gone. Raises NotFound, Unavailable, and BadRequest
        when it is too late, or all is gone.
        """
        requests = await asyncio.to_thread(self._store.deletions.all, tenant)
        late = [
            request
            for request in requests
            if request.id == id
            and not request.is_processed
            and request.created + self._rules.cancel_period <= self._clock()
        ]
        if late and not force:
            raise BadRequest(
                f"the time to cancel delete request `{id}` is over (`deletes.cancel_period`); with `force=true` what "
                "has not been removed yet stays"
            )
        await asyncio.to_thread(self._store.deletions.cancel, tenant, id)


def check_delete_query(text: str) -> None:
    """Raises ParseError or QueryError unless the text is a log query that names streams, and nothing but filters."""
    query = parse(text)
    if not isinstance(query, ast.LogQuery):
        raise QueryError('a delete request needs a log query: a selector with filters, such as {app="shop"} |= "x"')
    for stage in query.stages:
        if isinstance(stage, ast.NumberStage):
            raise meaning_error(
                text,
                stage.span,
                "a delete request can't hold `unwrap`, which would take all entries that have a number there",
                'a label filter says which are to go, such as | took > 10s, or | took != "" for all',
            )
    if has_subqueries(query):
        raise QueryError("a delete request can't hold a subquery: its answer changes from one moment to the next")
    require_non_empty_matcher(query, text)
