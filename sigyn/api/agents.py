"""`/sigyn/api/v1/agents`: agents tell of themselves, and people look at what they told."""

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.requests import api_of, bounded_body, tenant_of
from sigyn.api.responses import success
from sigyn.model.errors import BadRequest
from sigyn.model.rfc3339 import format_rfc3339_nano
from sigyn.services.agents import AgentReport

_LARGEST = 4 << 20


async def told(request: Request) -> Response:
    """Takes what an agent tells of itself."""
    tenant = tenant_of(request)
    try:
        report = msgspec.json.decode(await bounded_body(request, _LARGEST), type=AgentReport)
    except msgspec.DecodeError as error:
        raise BadRequest(f"this is not what an agent tells of itself: {error}") from None
    api = api_of(request)
    api.agents.put(tenant, report, api.clock())
    return Response(status_code=204)


async def listed(request: Request) -> Response:
    """The agents of the tenant, each with when it was last heard of."""
    api = api_of(request)
    known = api.agents.of(tenant_of(request), api.clock())
    return success(
        [
            {
                **msgspec.to_builtins(agent.report),
                "started": format_rfc3339_nano(agent.report.started),
                "heard": format_rfc3339_nano(agent.heard),
            }
            for agent in known
        ]
    )


AGENT_ROUTES: list[BaseRoute] = [
    Route("/sigyn/api/v1/agents", listed, methods=["GET"]),
    Route("/sigyn/api/v1/agents", told, methods=["PUT"]),
]
