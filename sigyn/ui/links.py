"""Addresses of Grafana and Jaeger that alerts and other tools hold, led to the same thing on the page.

The page keeps its state behind the `#`, so that queries reach no log of a proxy; these redirects are
relative, so that they work behind a path prefix.
"""

from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sigyn.api.requests import url_arguments, url_pairs
from sigyn.model.errors import BadRequest


class _Search(msgspec.Struct):
    traceID: str = ""  # noqa: N815 (Grafana's name)


class _Source(msgspec.Struct):
    type: str = ""


class _Query(msgspec.Struct):
    expr: str = ""
    datasource: _Source | str | None = None
    query: _Search | str = ""


class _Range(msgspec.Struct):
    start: str = msgspec.field(name="from", default="")
    end: str = msgspec.field(name="to", default="")


class _Pane(msgspec.Struct):
    queries: list[_Query] = []
    range: _Range = msgspec.field(default_factory=_Range)


async def explore(request: Request) -> Response:
    """`/explore?left={"queries":[{"expr":"..."}]}`, as in links of alerts; `panes` of newer Grafanas too."""
    arguments = url_arguments(request)
    try:
        if text := arguments.first("left"):
            pane = msgspec.json.decode(text, type=_Pane)
        else:
            panes = msgspec.json.decode(arguments.first("panes") or "{}", type=dict[str, _Pane])
            pane = next(iter(panes.values()), _Pane())
    except msgspec.DecodeError as error:
        raise BadRequest(f"the link's pane is not what Grafana writes: {error}") from None
    first = pane.queries[0] if pane.queries else _Query()
    if isinstance(first.query, _Search) and first.query.traceID:
        return _to(f"traces?{urlencode({'id': first.query.traceID})}")
    state = {"q": first.expr, "from": pane.range.start, "to": pane.range.end}
    view = "metrics" if isinstance(first.datasource, _Source) and first.datasource.type == "prometheus" else "logs"
    return _to(f"{view}?{urlencode({name: value for name, value in state.items() if value})}")


async def dashboard(request: Request) -> Response:
    """`/d/{uid}` and `/d/{uid}/{slug}`, with `var-...`, `from` and `to`."""
    up = "../" * (2 if "slug" in request.path_params else 1)
    pairs = [("uid", request.path_params["uid"]), *url_pairs(request)]
    return _to(f"dashboards?{urlencode(pairs)}", up)


async def trace(request: Request) -> Response:
    """`/trace/{id}`, as Jaeger's page has it."""
    return _to(f"traces?{urlencode({'id': request.path_params['id']})}", "../")


def _to(place: str, up: str = "./") -> Response:
    return RedirectResponse(f"{up}#/{place}", 302)


LINK_ROUTES: list[BaseRoute] = [
    Route("/explore", explore, include_in_schema=False),
    Route("/d/{uid}", dashboard, include_in_schema=False),
    Route("/d/{uid}/{slug}", dashboard, include_in_schema=False),
    Route("/trace/{id}", trace, include_in_schema=False),
]
