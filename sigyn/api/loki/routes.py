"""Loki's routes but those of pushes, and those of `/api/prom`, where its API was before 1.0."""

from starlette.routing import BaseRoute, Route, WebSocketRoute

from sigyn.api.loki import deletes, detected, index, labels, legacy, query
from sigyn.api.loki.drilldown import drilldown_limits
from sigyn.api.loki.format import format_query
from sigyn.api.loki.patterns import patterns
from sigyn.api.loki.rules import RULE_ROUTES
from sigyn.api.loki.tail import legacy_tail, tail, tail_without_websocket

_V1 = "/loki/api/v1"
_BOTH = ["GET", "POST"]

LOKI_ROUTES: list[BaseRoute] = [
    Route(f"{_V1}/query_range", query.query_range, methods=_BOTH),
    Route(f"{_V1}/query", query.query_instant, methods=_BOTH),
    Route(f"{_V1}/labels", labels.labels, methods=_BOTH),
    Route(f"{_V1}/label", labels.labels, methods=_BOTH),
    Route(f"{_V1}/label/{{name}}/values", labels.values, methods=_BOTH),
    Route(f"{_V1}/series", labels.series, methods=_BOTH),
    Route(f"{_V1}/index/stats", index.stats, methods=_BOTH),
    Route(f"{_V1}/index/shards", index.shards, methods=_BOTH),
    Route(f"{_V1}/index/volume", index.volume, methods=_BOTH),
    Route(f"{_V1}/index/volume_range", index.volume_range, methods=_BOTH),
    Route(f"{_V1}/detected_fields", detected.fields, methods=_BOTH),
    Route(f"{_V1}/detected_field/{{name}}/values", detected.field_values, methods=_BOTH),
    Route(f"{_V1}/detected_labels", detected.labels, methods=_BOTH),
    Route(f"{_V1}/patterns", patterns, methods=_BOTH),
    Route(f"{_V1}/format_query", format_query, methods=_BOTH),
    Route(f"{_V1}/drilldown-limits", drilldown_limits, methods=_BOTH),
    Route(f"{_V1}/delete", deletes.delete, methods=["GET", "POST", "PUT", "DELETE"]),
    WebSocketRoute(f"{_V1}/tail", tail),
    Route(f"{_V1}/tail", tail_without_websocket, include_in_schema=False),
    Route("/api/prom/query", legacy.query, methods=_BOTH),
    Route("/api/prom/label", legacy.labels, methods=_BOTH),
    Route("/api/prom/label/{name}/values", legacy.values, methods=_BOTH),
    Route("/api/prom/series", labels.series, methods=_BOTH),
    WebSocketRoute("/api/prom/tail", legacy_tail),
    *RULE_ROUTES,
]
