"""The ruler as Grafana probes it, while there are no rules: empty lists, and the ruler's own 404."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.requests import tenant_of
from sigyn.api.responses import json_response, plain

_PREFIXES = ("/loki/api/v1/rules", "/api/prom/rules")


async def rule_groups(request: Request) -> Response:
    """`/loki/api/v1/rules` and `/api/prom/rules`: no group in any namespace."""
    tenant_of(request)
    return plain("no rule groups found", 404)


async def rule_group(request: Request) -> Response:
    """A group by its name. Grafana takes this very 404 as the sign that there is a ruler."""
    tenant_of(request)
    return plain("group does not exist", 404)


async def rule_states(request: Request) -> Response:
    """`/prometheus/api/v1/rules`."""
    tenant_of(request)
    return json_response({"status": "success", "data": {"groups": []}, "errorType": "", "error": ""})


async def alerts(request: Request) -> Response:
    """`/prometheus/api/v1/alerts`."""
    tenant_of(request)
    return json_response({"status": "success", "data": {"alerts": []}, "errorType": "", "error": ""})


RULE_ROUTES: list[BaseRoute] = [
    *(Route(prefix, rule_groups) for prefix in _PREFIXES),
    *(Route(prefix + "/{namespace}", rule_groups) for prefix in _PREFIXES),
    *(Route(prefix + "/{namespace}/{group}", rule_group) for prefix in _PREFIXES),
    Route("/prometheus/api/v1/rules", rule_states),
    Route("/prometheus/api/v1/alerts", alerts),
]
