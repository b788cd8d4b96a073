"""Routes below `/prometheus`."""

from starlette.routing import BaseRoute, Route

from sigyn.api.ops.status import buildinfo_of_prometheus
from sigyn.api.prometheus import query, rules

_V1 = "/prometheus/api/v1"
_BOTH = ["GET", "POST"]

PROMETHEUS_ROUTES: list[BaseRoute] = [
    Route(f"{_V1}/rules", rules.rule_states),
    Route(f"{_V1}/alerts", rules.alerts),
    Route(f"{_V1}/query", query.query_instant, methods=_BOTH),
    Route(f"{_V1}/query_range", query.query_range, methods=_BOTH),
    Route(f"{_V1}/query_exemplars", query.exemplars, methods=_BOTH),
    Route(f"{_V1}/series", query.series, methods=_BOTH),
    Route(f"{_V1}/labels", query.labels, methods=_BOTH),
    Route(f"{_V1}/label/{{name}}/values", query.label_values),
    Route(f"{_V1}/metadata", query.metadata),
    Route(f"{_V1}/status/buildinfo", buildinfo_of_prometheus),
]
