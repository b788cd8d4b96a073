"""`/sigyn/api/v1/dashboards`: list, read, save, delete."""

import msgspec
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.requests import bounded_body, tenant_of
from sigyn.api.responses import success
from sigyn.model.errors import BadRequest
from sigyn.ui.dashboards.library import DashboardLibrary
from sigyn.ui.dashboards.model import Dashboard, checked_uid, dashboard_from

_LARGEST = 2 << 20
_PATH = "/sigyn/api/v1/dashboards"


def dashboard_routes(library: DashboardLibrary) -> list[BaseRoute]:
    """Routes over a library."""

    async def listed(request: Request) -> Response:
        return success(await run_in_threadpool(library.summaries, tenant_of(request)))

    async def read(request: Request) -> Response:
        uid = checked_uid(request.path_params["uid"])
        return success(await run_in_threadpool(library.read, tenant_of(request), uid))

    async def imported(request: Request) -> Response:
        return await saved(request, dashboard_from(await _json_of(request)))

    async def replaced(request: Request) -> Response:
        uid = checked_uid(request.path_params["uid"])
        return await saved(request, {**dashboard_from(await _json_of(request)), "uid": uid})

    async def saved(request: Request, dashboard: Dashboard) -> Response:
        await run_in_threadpool(library.write, tenant_of(request), dashboard)
        return success({"uid": dashboard["uid"]})

    async def deleted(request: Request) -> Response:
        uid = checked_uid(request.path_params["uid"])
        await run_in_threadpool(library.delete, tenant_of(request), uid)
        return Response(status_code=204)

    return [
        Route(_PATH, listed, methods=["GET"]),
        Route(_PATH, imported, methods=["POST"]),
        Route(_PATH + "/{uid}", read, methods=["GET"]),
        Route(_PATH + "/{uid}", replaced, methods=["PUT"]),
        Route(_PATH + "/{uid}", deleted, methods=["DELETE"]),
    ]


async def _json_of(request: Request) -> object:
    # Only this type makes browsers ask first whether another site's page may send it.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadRequest("send the dashboard with `Content-Type: application/json`")
    try:
        value: object = msgspec.json.decode(await bounded_body(request, _LARGEST))
    except msgspec.DecodeError as error:
        raise BadRequest(f"the dashboard is no JSON: {error}") from None
    return value
