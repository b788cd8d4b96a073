"""Which scope each route needs: a route that is missing here is one that nobody thought about."""

import pytest
from starlette.routing import BaseRoute, Route

from sigyn.api.access.login import LOGIN_ROUTES
from sigyn.api.access.scopes import needed_scope
from sigyn.api.agents import AGENT_ROUTES
from sigyn.api.alerting import ALERTING_ROUTES
from sigyn.api.cardinality import CARDINALITY_ROUTES
from sigyn.api.explain import EXPLAIN_ROUTES
from sigyn.api.export.route import EXPORT_ROUTES
from sigyn.api.loki.routes import LOKI_ROUTES
from sigyn.api.ops.routes import OPS_ROUTES
from sigyn.api.prometheus.routes import PROMETHEUS_ROUTES
from sigyn.api.push_api import PUSH_ROUTES
from sigyn.api.redaction import REDACTION_ROUTES

ROUTES: list[BaseRoute] = [
    *LOKI_ROUTES, *PROMETHEUS_ROUTES, *PUSH_ROUTES, *OPS_ROUTES, *EXPORT_ROUTES, *EXPLAIN_ROUTES,
    *CARDINALITY_ROUTES, *REDACTION_ROUTES, *LOGIN_ROUTES, *ALERTING_ROUTES, *AGENT_ROUTES,
]  # fmt: skip
PUSHES = {"/loki/api/v1/push", "/api/prom/push", "/otlp/v1/logs", "/v1/logs"}
DELETES = {"/loki/api/v1/delete"}
OPEN_TO_PEOPLE = {"/logout", "/sigyn/api/v1/login"}
ADMIN = {
    "/config", "/services", "/flush", "/ingester/shutdown", "/log_level", "/memberlist",
    "/sigyn/api/v1/cardinality/promote", "/sigyn/api/v1/cardinality/demote",
}  # fmt: skip


def expected(path: str, method: str) -> str:
    if path in PUSHES:
        return "push"
    if path == "/sigyn/api/v1/agents":
        return "push" if method == "PUT" else "read"
    if path in DELETES:
        return "delete"
    if path in ADMIN or path.endswith("/ring"):
        return "admin"
    return "rules" if ("/rules" in path or "/silence" in path) and method in ("POST", "DELETE") else "read"


@pytest.mark.parametrize(
    ("method", "path"),
    sorted(
        (method, route.path)
        for route in ROUTES
        if isinstance(route, Route) and route.path not in OPEN_TO_PEOPLE
        for method in route.methods or ()
    ),
)
def test_every_route_has_its_scope(method: str, path: str) -> None:
    assert needed_scope(method, path.replace("{", "").replace("}", "")) == expected(path, method)


@pytest.mark.parametrize(
    ("method", "path", "scope"),
    [
        ("GET", "/loki/api/v1/tail", "read"),
        ("POST", "/loki/api/v1/rules/a\nb", "rules"),
        ("POST", "/sigyn/api/v1/dashboards", "rules"),
        ("DELETE", "/sigyn/api/v1/dashboards/x", "rules"),
        ("GET", "/sigyn/api/v1/dashboards/x", "read"),
        ("POST", "/sigyn/api/v1/nobody_thought_of_this", "admin"),
        ("PATCH", "/", "admin"),
        ("GET", "/", "read"),
    ],
)
def test_what_no_rule_names(method: str, path: str, scope: str) -> None:
    assert needed_scope(method, path) == scope
