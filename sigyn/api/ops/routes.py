"""Routes for operators and orchestrators."""

from starlette.routing import BaseRoute, Route

from sigyn.api.ops.absent import ABSENT_ROUTES
from sigyn.api.ops.metrics import metrics
from sigyn.api.ops.status import buildinfo, config, flush, limits, log_level, ready, services

OPS_ROUTES: list[BaseRoute] = [
    Route("/ready", ready),
    Route("/metrics", metrics),
    Route("/config", config),
    Route("/config/tenant/v1/limits", limits),
    Route("/services", services),
    Route("/flush", flush, methods=["GET", "POST"]),
    Route("/ingester/shutdown", flush, methods=["GET", "POST"]),
    Route("/log_level", log_level, methods=["GET", "POST"]),
    Route("/loki/api/v1/status/buildinfo", buildinfo),
    *ABSENT_ROUTES,
]
