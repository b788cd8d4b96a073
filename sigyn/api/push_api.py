"""What takes in pushes: the part of the API that a process can serve without queries."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.access.door import Access, Door
from sigyn.api.compression import Compress
from sigyn.api.loki.push import legacy_push, push
from sigyn.api.observe import Observe
from sigyn.api.otlp.http import OTLP_ROUTES
from sigyn.api.push_memory import PushMemory
from sigyn.api.responses import ErrorAnswers, on_defect, on_http_exception, plain
from sigyn.api.settings import ApiSettings
from sigyn.model.errors import SigynError
from sigyn.model.time import Clock, system_clock

if TYPE_CHECKING:
    from sigyn.api.services import Ingest

_ALREADY_COMPRESSED = ("application/vnd.apache.arrow.stream", "application/vnd.apache.parquet", "font/woff2")

PUSH_ROUTES: list[BaseRoute] = [
    Route("/loki/api/v1/push", push, methods=["POST"]),
    Route("/api/prom/push", legacy_push, methods=["POST"]),
    *OTLP_ROUTES,
]


class RequestMetrics(Protocol):
    """Where requests are counted."""

    def request_began(self) -> None:
        """A request is being served."""

    def request_ended(self, method: str, route: str, status: str, seconds: float) -> None:
        """It is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PushApi:
    """What every handler of a push works with, at `request.app.state.api`."""

    ingest: "Ingest"
    settings: ApiSettings
    metrics: RequestMetrics
    decoders: ThreadPoolExecutor
    clock: Clock = system_clock
    access: Access = field(default_factory=Access)
    own_settings: Callable[[str], ApiSettings] | None = None
    push_memory: PushMemory = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "push_memory", PushMemory(self.settings.push_memory_bytes))

    def settings_of(self, tenant: str) -> ApiSettings:
        """The settings for requests of a tenant, or of several."""
        return self.own_settings(tenant) if self.own_settings else self.settings


def build_push_app(api: PushApi, other_routes: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application that takes in pushes, behind the door, and serves other routes beside them."""
    app = Starlette(
        routes=[*PUSH_ROUTES, *other_routes],
        middleware=[
            Middleware(Observe, metrics=api.metrics, slow_query=api.settings.slow_query),
            Middleware(Door, access=api.access, clock=api.clock),
            Middleware(
                Compress,
                minimum_size=api.settings.gzip_bytes,
                compresslevel=1,  # level 6 takes three times as long for a fifth less
                exclude_content_types=_ALREADY_COMPRESSED,
            ),
        ],
        exception_handlers={
            SigynError: ErrorAnswers(api.clock).on_sigyn_error,
            HTTPException: on_http_exception,
            ClientDisconnect: _on_disconnect,
            Exception: on_defect,
        },
    )
    # A redirect would be absolute, and lose the https and the prefix of a proxy in front: 404, as Loki answers.
    app.router.redirect_slashes = False
    app.state.api = api
    return app


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return plain("the client closed the connection before its request was complete", 499)
