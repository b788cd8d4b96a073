"""`/loki/api/v1/delete`: requests to delete log entries, as Loki's compactor takes them."""

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.parameters import time_parameter
from sigyn.api.requests import api_of, arguments_of, tenant_of
from sigyn.api.responses import json_response
from sigyn.languages.durations import DurationError, parse_go_duration
from sigyn.model.errors import BadRequest
from sigyn.model.labels import quote
from sigyn.model.time import SECOND
from sigyn.store.deletions import DeleteProgress

ID_HEADER = "X-Delete-Request-Id"
"""Names the request that was made; Loki leaves its clients to find it in the list."""


async def delete(request: Request) -> Response:
    """POST and PUT make a request, GET lists all, DELETE takes one back."""
    match request.method:
        case "GET" | "HEAD":
            return await _list(request)
        case "DELETE":
            return await _cancel(request)
        case _:
            return await _add(request)


async def _add(request: Request) -> Response:
    api, tenant = api_of(request), tenant_of(request)
    arguments = await arguments_of(request)
    query = arguments.first("query")
    if not query:
        raise BadRequest('query not set: write query={app="shop"} |= "what is to go"')
    if not arguments.first("start"):
        raise BadRequest("start time not set: write start=0 for everything")
    start = time_parameter("start", arguments.first("start"), 0)
    end = time_parameter("end", arguments.first("end"), api.clock())
    _check_max_interval(arguments.first("max_interval"))
    id = await api.deletes.add(tenant, query, start, end)
    return Response(status_code=204, headers={ID_HEADER: id})


def _check_max_interval(text: str) -> None:
    """Raises BadRequest for what Loki takes for no interval. Nothing uses it: requests are not split."""
    if not text:
        return
    try:
        is_long_enough = parse_go_duration(text) >= SECOND
    except DurationError:
        is_long_enough = False
    if not is_long_enough:
        raise BadRequest(
            f"invalid max_interval: valid time units are 's', 'm', 'h'; {quote(text)} is no duration of a second or "
            "more, such as 24h"
        )


async def _list(request: Request) -> Response:
    found = await api_of(request).deletes.requests(tenant_of(request))
    return json_response([_shown(progress) for progress in found])


async def _cancel(request: Request) -> Response:
    arguments = await arguments_of(request)
    id = arguments.first("request_id")
    if not id:
        raise BadRequest("request_id not set: GET /loki/api/v1/delete lists the ids")
    force = arguments.first("force").lower() in ("1", "t", "true")
    await api_of(request).deletes.cancel(tenant_of(request), id, force=force)
    return Response(status_code=204)


def _shown(progress: DeleteProgress) -> dict[str, object]:
    request, percent = progress.request, int(progress.done * 100)
    status = "processed" if request.is_processed else f"{percent}% Complete" if request.checked else "received"
    shown: dict[str, object] = {
        "request_id": request.id,
        "start_time": request.first / SECOND,
        "end_time": request.last / SECOND,
        "query": request.query,
        "status": status,
        "progress": percent,
        "created_at": request.created / SECOND,
    }
    if progress.archived:
        objects = "1 object" if progress.archived == 1 else f"{progress.archived} objects"
        shown["waits_for"] = f"{objects} to be restored from an archive (sigyn store restore)"
    return shown
