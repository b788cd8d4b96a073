"""`/sigyn/api/v1/alerts/history` and `/sigyn/api/v1/alertmanager`: what alerts did, and silences."""

from collections.abc import Iterable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.access.asking import ASKING
from sigyn.api.encoding.numbers import format_exponent
from sigyn.api.parameters import limit_parameter
from sigyn.api.requests import api_of, bounded_body, tenant_of, url_arguments
from sigyn.api.responses import success
from sigyn.model.errors import BadRequest
from sigyn.model.rfc3339 import format_rfc3339_nano
from sigyn.model.time import DAY
from sigyn.ruler.history import Change
from sigyn.ruler.notify.silencing import Silence, Silencing
from sigyn.services.access.identity import EVERY_TENANT, Forbidden

_CHANGES = 1000
_MOST_CHANGES = 5000
_LARGEST_SILENCE = 64 << 10
_ALERTMANAGER = "/sigyn/api/v1/alertmanager"


async def history(request: Request) -> Response:
    """`/sigyn/api/v1/alerts/history`: changes between `start` and `end`, newest first, up to `limit`."""
    api, arguments = api_of(request), url_arguments(request)
    span = arguments.range(api.clock(), DAY)
    limit = min(limit_parameter(arguments.first("limit"), _CHANGES), _MOST_CHANGES)
    past = await api.ruler.history(tenant_of(request), span.start, span.end, limit)
    return success(
        {"changes": _changes(past.changes), "at_start": _changes(past.at_start), "cut_short": past.cut_short}
    )


def _changes(found: Iterable[Change]) -> list[dict[str, Any]]:
    return [
        {
            "file": each.group.namespace,
            "group": each.group.group,
            "rule": each.rule,
            "labels": dict(each.labels),
            "state": each.state,
            "at": format_rfc3339_nano(each.at),
            "value": format_exponent(each.value),
        }
        for each in found
    ]


async def alertmanager(request: Request) -> Response:
    """Which Alertmanagers there are."""
    return success({"alertmanagers": api_of(request).ruler.silencing.names})


async def alerts(request: Request) -> Response:
    """What Alertmanager knows of alerts, with the silences that hold them back."""
    return success(await _silencing(request).alerts())


async def silences(request: Request) -> Response:
    """All silences."""
    return success(await _silencing(request).silences())


async def silence(request: Request) -> Response:
    """Creates a silence, in the name of who asks."""
    silencing = _silencing(request)
    # Only this type makes browsers ask first whether another site's page may send it.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise BadRequest("send the silence with `Content-Type: application/json`")
    try:
        asked = msgspec.json.decode(await bounded_body(request, _LARGEST_SILENCE), type=Silence)
    except msgspec.DecodeError as error:
        raise BadRequest(f"this is no silence: {error}") from None
    if not asked.matchers:
        raise BadRequest("a silence needs a matcher: without one it would hold back every alert")
    identity = ASKING.get()
    if identity.method != "none" or not asked.created_by:
        asked = msgspec.structs.replace(asked, created_by=identity.name)
    return success({"id": await silencing.add(asked)})


async def expire(request: Request) -> Response:
    """Ends a silence."""
    await _silencing(request).expire(request.path_params["id"])
    return Response(status_code=204)


def _silencing(request: Request) -> Silencing:
    """Raises Forbidden for those who have some tenants only: an Alertmanager holds the alerts of all."""
    identity = ASKING.get()
    if api_of(request).settings.auth_enabled and EVERY_TENANT not in identity.grant.tenants:
        raise Forbidden(f"`{identity.name}` may not look into Alertmanager: it holds the alerts of every tenant")
    return api_of(request).ruler.silencing


ALERTING_ROUTES: list[BaseRoute] = [
    Route("/sigyn/api/v1/alerts/history", history),
    Route(_ALERTMANAGER, alertmanager),
    Route(f"{_ALERTMANAGER}/alerts", alerts),
    Route(f"{_ALERTMANAGER}/silences", silences, methods=["GET"]),
    Route(f"{_ALERTMANAGER}/silences", silence, methods=["POST"]),
    Route(f"{_ALERTMANAGER}/silence/{{id}}", expire, methods=["DELETE"]),
]
