"""Every request measured and logged."""

import time
from typing import TYPE_CHECKING

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sigyn.model.time import SECOND

if TYPE_CHECKING:
    from sigyn.api.push_api import RequestMetrics

_log = structlog.get_logger("sigyn.api")
_QUERY_ROUTES = frozenset({"loki_api_v1_query", "loki_api_v1_query_range", "api_prom_query"})


class Observe:
    """ASGI middleware: request durations and counts, access logs at debug, slow queries at info."""

    def __init__(self, app: ASGIApp, metrics: "RequestMetrics", slow_query: int) -> None:
        self._app = app
        self._metrics = metrics
        self._slow_seconds = slow_query / SECOND

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        self._metrics.request_began()
        try:
            await self._app(scope, receive, noting_status)
        finally:
            seconds = time.perf_counter() - began
            route = route_name(scope)
            self._metrics.request_ended(scope["method"], route, str(status), seconds)
            self._note(scope, route, status, seconds)

    def _note(self, scope: Scope, route: str, status: int, seconds: float) -> None:
        fields = {
            "method": scope["method"],
            "path": scope["path"],
            "status": status,
            "seconds": round(seconds, 4),
        }
        if route in _QUERY_ROUTES and seconds >= self._slow_seconds:
            tags = Headers(scope=scope).get("x-query-tags", "")
            _log.info("slow query", parameters=scope["query_string"].decode("latin-1"), tags=tags, **fields)
        else:
            _log.debug("request", **fields)


def route_name(scope: Scope) -> str:
    """The route's path as Loki names routes in metrics: `loki_api_v1_label_name_values`."""
    path: str = getattr(scope.get("route"), "path", "")
    return "_".join(part.strip("{}") for part in path.split("/") if part) or ("root" if path == "/" else "other")
