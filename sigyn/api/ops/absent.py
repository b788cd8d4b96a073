"""Pages of Loki that Sigyn has no use for: each says in a line why."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sigyn.api.responses import plain

_RINGLESS = "there is no ring: every process serves every request from the object store and the catalog"
_REASONS = {
    "/ring": _RINGLESS,
    "/distributor/ring": _RINGLESS,
    "/ingester/ring": _RINGLESS,
    "/indexgateway/ring": "there is no index gateway: the catalog is a SQL database that every process reads",
    "/ruler/ring": "there is no ruler ring: rule evaluation is not spread over processes",
    "/compactor/ring": "there is no compactor ring: compactions are claimed in the catalog",
    "/memberlist": "there is no gossip: processes share the catalog and nothing else",
}


def _page(reason: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(_request: Request) -> Response:
        return plain(reason)

    return page


ABSENT_ROUTES = [Route(path, _page(reason), methods=["GET", "POST"]) for path, reason in _REASONS.items()]
