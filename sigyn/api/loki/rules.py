"""Rules as Loki's API reads and changes them, in YAML; Grafana's alerting pages and lokitool use it."""

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope

from sigyn.api.requests import api_of, bounded_body, tenant_of
from sigyn.api.responses import json_response
from sigyn.model.errors import BadRequest
from sigyn.ruler.rule_text import group_text, namespaces_text

_PREFIXES = ("/loki/api/v1/rules", "/api/prom/rules")
_YAML = "application/yaml; charset=utf-8"


async def all_rules(request: Request) -> Response:
    """`/loki/api/v1/rules`: every group of the tenant, by namespace."""
    return Response(namespaces_text(api_of(request).ruler.rules(tenant_of(request))), media_type=_YAML)


async def namespace(request: Request) -> Response:
    """`/loki/api/v1/rules/<namespace>`: GET shows its groups, POST adds or changes one, DELETE deletes all."""
    ruler, tenant = api_of(request).ruler, tenant_of(request)
    name = unquote(request.path_params["namespace"])
    if request.method == "POST":
        body = await bounded_body(request, api_of(request).settings.max_form_bytes)
        try:
            text = body.decode()
        except UnicodeDecodeError as error:
            raise BadRequest(f"the group is not UTF-8: byte {error.start}") from None
        await ruler.put_group(tenant, name, text)
        return _accepted()
    if request.method == "DELETE":
        await ruler.delete(tenant, name)
        return _accepted()
    return Response(namespaces_text(ruler.rules(tenant, name)), media_type=_YAML)


async def group(request: Request) -> Response:
    """`/loki/api/v1/rules/<namespace>/<group>`: GET shows it, DELETE deletes it."""
    ruler, tenant = api_of(request).ruler, tenant_of(request)
    space, name = (unquote(request.path_params[part]) for part in ("namespace", "group"))
    if request.method == "DELETE":
        await ruler.delete(tenant, space, name)
        return _accepted()
    return Response(group_text(ruler.rule_group(tenant, space, name)), media_type=_YAML)


def _accepted() -> Response:
    return json_response({"status": "success", "data": None, "errorType": "", "error": ""}, 202)


class EncodedRoute(Route):
    """A route whose parameters are as they were sent: in `team%2Fshop` the slash is part of the name."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """As in Route, by the path before it was decoded."""
        raw = scope.get("raw_path")
        return super().matches({**scope, "path": raw.decode("ascii", "replace")} if raw else scope)


RULE_ROUTES: list[BaseRoute] = [
    *(Route(prefix, all_rules) for prefix in _PREFIXES),
    *(EncodedRoute(prefix + "/{namespace}", namespace, methods=["GET", "POST", "DELETE"]) for prefix in _PREFIXES),
    *(EncodedRoute(prefix + "/{namespace}/{group}", group, methods=["GET", "DELETE"]) for prefix in _PREFIXES),
]
