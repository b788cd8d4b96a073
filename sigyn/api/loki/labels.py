"""`labels`, `label/<name>/values` and `series`: what streams there are."""

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.encoding.json import encode
from sigyn.api.requests import api_of, arguments_of, tenants_of
from sigyn.api.responses import json_response, streamed_json, success
from sigyn.api.waiting import while_client_waits
from sigyn.model.time import HOUR

LABELS_LENGTH = 6 * HOUR
"""How far back labels and series are looked for when the request doesn't say: Loki's documented default."""


async def labels(request: Request) -> Response:
    """`/loki/api/v1/labels` and `/loki/api/v1/label`."""
    return _names(await label_names(request))


async def values(request: Request) -> Response:
    """`/loki/api/v1/label/<name>/values`."""
    return _names(await label_values(request))


async def series(request: Request) -> Response:
    """`/loki/api/v1/series`; no `match[]` or `{}` means all."""
    api = api_of(request)
    arguments = await arguments_of(request)
    asked = arguments.range(api.clock(), LABELS_LENGTH)
    selectors = arguments.all("match[]") + arguments.all("match")
    if any(selector.replace(" ", "") == "{}" for selector in selectors):
        selectors = []
    work = api.queries.series(tenants_of(request), asked.start, asked.end, selectors)
    found = await while_client_waits(request, work)
    return streamed_json(
        iter((b'{"status":"success","data":', encode([dict(one) for one in found]), b"}")),
    )


async def label_names(request: Request) -> list[str]:
    """The label names that the request asks for."""
    api = api_of(request)
    arguments = await arguments_of(request)
    asked = arguments.range(api.clock(), LABELS_LENGTH)
    selector = arguments.first("query") or None
    return await while_client_waits(request, api.queries.labels(tenants_of(request), asked.start, asked.end, selector))


async def label_values(request: Request) -> list[str]:
    """The values of a label that the request asks for."""
    api = api_of(request)
    arguments = await arguments_of(request)
    asked = arguments.range(api.clock(), LABELS_LENGTH)
    selector = arguments.first("query") or None
    name = request.path_params["name"]
    work = api.queries.label_values(tenants_of(request), name, asked.start, asked.end, selector)
    return await while_client_waits(request, work)


def _names(names: list[str]) -> Response:
    # Loki leaves `data` out when there is nothing, and its clients expect either.
    return success(names) if names else json_response({"status": "success"})
