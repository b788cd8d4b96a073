"""`ready`, `services`, `config`, `flush`, `log_level`, `buildinfo`: is it up, and what is it."""

import logging
import platform
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from sigyn.api.requests import api_of, arguments_of, tenant_of
from sigyn.api.responses import json_response, plain
from sigyn.model.errors import BadRequest

LOKI_VERSION = "3.6.0"
"""The version of Loki whose API is served; clients such as Logs Drilldown choose features by it."""

PROMETHEUS_VERSION = "2.42.0"
"""The version of Prometheus whose API recorded series are asked through."""

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warn": logging.WARNING, "error": logging.ERROR}


async def ready(request: Request) -> Response:
    """`/ready`: 200 when pushes can be stored and found; else 503 and, a line each, which part is not well and why."""
    reason = await api_of(request).operations.not_ready()
    return plain("ready") if reason is None else plain(reason, 503)


async def services(request: Request) -> Response:
    """`/services`: a line per part and its state."""
    parts = api_of(request).operations.parts()
    return PlainTextResponse("".join(f"{part.name} => {part.state}\n" for part in parts))


async def config(request: Request) -> Response:
    """`/config`: the configuration in force, as YAML."""
    return Response(api_of(request).operations.configuration(), media_type="text/yaml; charset=utf-8")


async def limits(request: Request) -> Response:
    """`/config/tenant/v1/limits`: the limits of the tenant that asks, as YAML."""
    shown = api_of(request).operations.limits(tenant_of(request))
    return Response(shown, media_type="text/yaml; charset=utf-8")


async def flush(request: Request) -> Response:
    """`/flush`, and `/ingester/shutdown` of stop hooks: 204 when everything pushed is in segments.

    What was acknowledged is durable already, so that nothing has to be handed over before a stop.
    """
    await api_of(request).operations.flush()
    return Response(status_code=204)


async def log_level(request: Request) -> Response:
    """`/log_level`: GET tells the level, POST with `log_level` sets it."""
    logger = logging.getLogger("sigyn")
    if request.method == "POST":
        asked = (await arguments_of(request)).first("log_level")
        if asked not in _LEVELS:
            raise BadRequest(f"unrecognized log level `{asked}`: write one of {', '.join(_LEVELS)}")
        logger.setLevel(_LEVELS[asked])
        return json_response({"status": "success", "message": f"Log level set to {asked}"})
    effective = logger.getEffectiveLevel()
    name = next((name for name, level in _LEVELS.items() if level >= effective), "error")
    return json_response({"message": f"Current log level is {name}"})


async def buildinfo(_request: Request) -> Response:
    """`/loki/api/v1/status/buildinfo`: the version of Loki that is spoken, and what speaks it."""
    return json_response(
        {
            "version": LOKI_VERSION,
            "revision": f"sigyn-{version('sigyn')}",
            "branch": "sigyn",
            "buildUser": "",
            "buildDate": "",
            "goVersion": "",
            "sigynVersion": version("sigyn"),
            "pythonVersion": platform.python_version(),
        }
    )


async def buildinfo_of_prometheus(_request: Request) -> Response:
    """`/prometheus/api/v1/status/buildinfo`, by which Grafana tells what its Prometheus data source talks to."""
    return json_response(
        {
            "status": "success",
            "data": {"version": PROMETHEUS_VERSION, "revision": f"sigyn-{version('sigyn')}", "branch": "sigyn"},
        }
    )
