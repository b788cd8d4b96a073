"""`drilldown-limits`: what Logs Drilldown may ask for."""

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.ops.status import LOKI_VERSION
from sigyn.api.requests import api_of, tenants_of
from sigyn.api.responses import json_response
from sigyn.api.settings import ApiSettings
from sigyn.languages.durations import format_go_duration
from sigyn.services.discovery import LEVEL_FIELDS, SERVICE_LABELS


async def drilldown_limits(request: Request) -> Response:
    """`/loki/api/v1/drilldown-limits`."""
    tenants_of(request)
    return json_response(
        {"limits": _limits(api_of(request).settings), "pattern_ingester_enabled": True, "version": LOKI_VERSION}
    )


def _limits(settings: ApiSettings) -> dict[str, object]:
    return {
        "discover_log_levels": True,
        "discover_service_name": SERVICE_LABELS,
        "log_level_fields": LEVEL_FIELDS,
        "max_entries_limit_per_query": settings.max_entries_limit_per_query,
        "max_line_size_truncate": False,
        "max_query_bytes_read": "0B",
        "max_query_length": format_go_duration(settings.max_query_length),
        "max_query_lookback": format_go_duration(settings.max_query_lookback),
        "max_query_range": "0s",
        "max_query_series": settings.max_query_series,
        "metric_aggregation_enabled": False,
        "otlp_config": {},
        "pattern_persistence_enabled": False,
        "query_timeout": format_go_duration(settings.query_timeout),
        "retention_period": format_go_duration(settings.retention_period),
        "volume_enabled": True,
        "volume_max_series": 1_000,
    }
