"""`/sigyn/api/v1/cardinality`: which labels make how many streams, and which of them are demoted."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.parameters import limit_parameter
from sigyn.api.requests import api_of, arguments_of, tenant_of
from sigyn.api.responses import success
from sigyn.api.waiting import while_client_waits
from sigyn.model.errors import BadRequest
from sigyn.model.time import DAY
from sigyn.store.demoted import DemotedLabel

TOP = 10
"""Values of a label, and streams, that are shown when the request doesn't say how many."""


async def cardinality(request: Request) -> Response:
    """The labels of streams with entries in the range, the last day unless the request says otherwise."""
    api = api_of(request)
    arguments = await arguments_of(request)
    asked = arguments.range(api.clock(), DAY)
    limit = limit_parameter(arguments.first("limit"), TOP)
    work = api.queries.cardinality(tenant_of(request), asked.start, asked.end, limit)
    return success(asdict(await while_client_waits(request, work)))


async def promote(request: Request) -> Response:
    """Makes a demoted label one of the streams again: `label` names it."""
    return await _change(request, api_of(request).operations.promote_label)


async def demote(request: Request) -> Response:
    """Demotes a label: `label` names it."""
    return await _change(request, api_of(request).operations.demote_label)


async def _change(request: Request, change: Callable[[str, str], Awaitable[DemotedLabel]]) -> Response:
    name = (await arguments_of(request)).first("label")
    if not name:
        raise BadRequest("name the label: label=trace_id")
    return success(asdict(await change(tenant_of(request), name)))


CARDINALITY_ROUTES: list[BaseRoute] = [
    Route("/sigyn/api/v1/cardinality", cardinality),
    Route("/sigyn/api/v1/cardinality/promote", promote, methods=["POST"]),
    Route("/sigyn/api/v1/cardinality/demote", demote, methods=["POST"]),
]
