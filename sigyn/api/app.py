"""The application: routes over services."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.routing import BaseRoute

from sigyn.api.access.login import LOGIN_ROUTES
from sigyn.api.agents import AGENT_ROUTES
from sigyn.api.alerting import ALERTING_ROUTES
from sigyn.api.cardinality import CARDINALITY_ROUTES
from sigyn.api.explain import EXPLAIN_ROUTES
from sigyn.api.export.route import EXPORT_ROUTES
from sigyn.api.loki.routes import LOKI_ROUTES
from sigyn.api.openapi.document import OPENAPI_ROUTES
from sigyn.api.ops.metrics import Metrics
from sigyn.api.ops.routes import OPS_ROUTES
from sigyn.api.prometheus.routes import PROMETHEUS_ROUTES
from sigyn.api.push_api import PushApi, build_push_app
from sigyn.api.redaction import REDACTION_ROUTES
from sigyn.api.services import Deletes, Operations, Queries
from sigyn.ruler.ruler import Ruler
from sigyn.services.agents import AgentRegistry
from sigyn.services.tail import TailHub


@dataclass(frozen=True, slots=True, kw_only=True)
class Api(PushApi):
    """What every handler works with, at `request.app.state.api`."""

    queries: Queries
    operations: Operations
    deletes: Deletes
    tails: TailHub
    metrics: Metrics
    ruler: Ruler
    agents: AgentRegistry = field(default_factory=AgentRegistry)


def build_app(api: Api, attached: Sequence[BaseRoute] = ()) -> Starlette:
    """The ASGI application that serves these services, with the routes of what is attached to them."""
    app = build_push_app(
        api,
        [
            *LOKI_ROUTES,
            *PROMETHEUS_ROUTES,
            *ALERTING_ROUTES,
            *AGENT_ROUTES,
            *EXPORT_ROUTES,
            *EXPLAIN_ROUTES,
            *CARDINALITY_ROUTES,
            *OPS_ROUTES,
            *REDACTION_ROUTES,
            *LOGIN_ROUTES,
            *OPENAPI_ROUTES,
            *attached,
        ],
    )
    api.metrics.tails.set_function(lambda: api.tails.count)
    return app
