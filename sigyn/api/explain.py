"""`/sigyn/api/v1/explain`: how a query would run."""

from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sigyn.api.loki.query import instant_request, range_request
from sigyn.api.requests import api_of, arguments_of, tenants_of
from sigyn.api.responses import success
from sigyn.engine.explain_text import explanation_text
from sigyn.model.errors import BadRequest

FORMATS = ("", "json", "text")


async def explain(request: Request) -> Response:
    """The plan of the query as JSON, or as text with `format=text`.

    Parameters are those of query_range; with `instant=true` those of query.
    """
    api = api_of(request)
    arguments = await arguments_of(request)
    form = arguments.first("format")
    if form not in FORMATS:
        raise BadRequest(f"format={form} is none: choose json or text")
    instant = arguments.first("instant").lower() in ("1", "true")
    make = instant_request if instant else range_request
    tenant = tenants_of(request)
    query, _ = make(tenant, arguments, api.clock(), api.settings_of(tenant))
    explanation = await api.queries.explain(query, instant=instant)
    if form == "text":
        return PlainTextResponse(explanation_text(explanation) + "\n")
    return success(asdict(explanation))


EXPLAIN_ROUTES: list[BaseRoute] = [Route("/sigyn/api/v1/explain", explain, methods=["GET", "POST"])]
