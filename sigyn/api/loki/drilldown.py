"""`drilldown-limits`: what Logs Drilldown may ask for."""

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.ops.status import LOKI_VERSION
from sigyn.api.requests import api_of, tenants_of
from sigyn.api.responses import json_response
from sigyn.api.settings import ApiSettings
from sigyn.languages.durations import format_go_duration


async def drilldown_limits(request: Request) -> Response:
    """`/loki/api/v1/drilldown-limits`."""
    limits = _limits(api_of(request).settings_of(tenants_of(request)))
    return json_response({"limits": limits, "pattern_ingester_enabled": True, "version": LOKI_VERSION})


def _limits(settings: ApiSettings) -> dict[str, object]:
    told = settings.told
    return {
        "discover_log_levels": told.discover_log_levels,
        "discover_service_name": told.discover_service_name,
        "log_level_fields": told.log_level_fields,
        "max_entries_limit_per_query": settings.max_entries_limit_per_query,
        "max_line_size_truncate": told.max_line_size_truncate,
        "max_query_bytes_read": f"{told.max_query_bytes_read}B",
        "max_query_length": format_go_duration(settings.max_query_length),
        "max_query_lookback": format_go_duration(settings.max_query_lookback),
        "max_query_range": format_go_duration(told.max_query_range),
        "max_query_series": told.max_query_series,
        "metric_aggregation_enabled": False,
        "otlp_config": told.otlp_config,
        "pattern_persistence_enabled": False,
        "query_timeout": format_go_duration(settings.query_timeout),
        "retention_period": format_go_duration(told.retention_period),
        "volume_enabled": settings.volume_enabled,
        "volume_max_series": settings.volume_max_series,
    }
