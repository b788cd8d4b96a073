"""The application: routes over services."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from sigyn.api.access.door import Access, Door
from sigyn.api.access.login import LOGIN_ROUTES
from sigyn.api.agents import AGENT_ROUTES
from sigyn.api.alerting import ALERTING_ROUTES
from sigyn.api.cardinality import CARDINALITY_ROUTES
from sigyn.api.explain import EXPLAIN_ROUTES
from sigyn.api.export.route import EXPORT_ROUTES
from sigyn.api.loki.routes import LOKI_ROUTES
from sigyn.api.observe import Observe
from sigyn.api.openapi.document import OPENAPI_ROUTES
from sigyn.api.ops.metrics import Metrics
from sigyn.api.ops.routes import OPS_ROUTES
from sigyn.api.otlp.http import OTLP_ROUTES
from sigyn.api.prometheus.routes import PROMETHEUS_ROUTES
from sigyn.api.push_memory import PushMemory
from sigyn.api.redaction import REDACTION_ROUTES
from sigyn.api.responses import on_defect, on_http_exception, on_sigyn_error, plain
from sigyn.api.services import Deletes, Ingest, Operations, Queries
from sigyn.api.settings import ApiSettings
from sigyn.model.errors import SigynError
from sigyn.model.time import Clock, system_clock
from sigyn.ruler.ruler import Ruler
from sigyn.services.agents import AgentRegistry
from sigyn.services.tail import TailHub

_ALREADY_COMPRESSED = ("application/vnd.apache.arrow.stream", "application/vnd.apache.parquet", "font/woff2")


@dataclass(frozen=True, slots=True)
class Api:
    """What every handler works with, at `request.app.state.api`."""

    queries: Queries
    ingest: Ingest
    operations: Operations
    deletes: Deletes
    tails: TailHub
    settings: ApiSettings
    metrics: Metrics
    decoders: ThreadPoolExecutor
    ruler: Ruler
    clock: Clock = system_clock
    access: Access = field(default_factory=Access)
    agents: AgentRegistry = field(default_factory=AgentRegistry)
    own_settings: Callable[[str], ApiSettings] | None = None
    push_memory: PushMemory = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "push_memory", PushMemory(self.settings.push_memory_bytes))

    def settings_of(self, tenant: str) -> ApiSettings:
        """The settings for requests of a tenant, or of several."""
        return self.own_settings(tenant) if self.own_settings else self.settings


def build_app(api: Api, attached: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application that serves these services, with the routes of what is attached to them."""
    app = Starlette(
        routes=[
            *LOKI_ROUTES,
            *PROMETHEUS_ROUTES,
            *ALERTING_ROUTES,
            *AGENT_ROUTES,
            *OTLP_ROUTES,
            *EXPORT_ROUTES,
            *EXPLAIN_ROUTES,
            *CARDINALITY_ROUTES,
            *OPS_ROUTES,
            *REDACTION_ROUTES,
            *LOGIN_ROUTES,
            *OPENAPI_ROUTES,
            *attached,
        ],
        middleware=[
            Middleware(Observe, metrics=api.metrics, slow_query=api.settings.slow_query),
            Middleware(Door, access=api.access, clock=api.clock),
            Middleware(
                GZipMiddleware,
                minimum_size=api.settings.gzip_bytes,
                compresslevel=1,  # level 6 takes three times as long for a fifth less
                exclude_content_types=_ALREADY_COMPRESSED,
            ),
        ],
        exception_handlers={
            SigynError: on_sigyn_error,
            HTTPException: on_http_exception,
            ClientDisconnect: _on_disconnect,
            Exception: on_defect,
        },
    )
    app.state.api = api
    api.metrics.tails.set_function(lambda: api.tails.count)
    return app


async def _on_disconnect(_request: Request, _error: Exception) -> Response:
    return plain("the client closed the connection before its request was complete", 499)
