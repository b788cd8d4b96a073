"""What each tenant may do: the settings of all, or those that a tenant has of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from sigyn.api.settings import ApiSettings
from sigyn.services.joined_tenants import tenants_in
from sigyn.services.push_limits import PushLimits
from sigyn.services.query_limits import QueryLimits

Limits = TypeVar("Limits", ApiSettings, QueryLimits)

_LEAST = (
    "max_entries_limit_per_query",
    "max_query_length",
    "max_query_lookback",
    "max_query_range",
    "max_query_bytes_read",
    "max_query_series",
    "query_timeout",
)
"""Limits of which the smallest counts in a query over several tenants; 0 is none."""


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What the pushes, queries and requests of one tenant may ask for."""

    push: PushLimits
    query: QueryLimits
    api: ApiSettings


class SettingsByTenant:
    """The settings of every tenant, as they are now."""

    def __init__(self, default: TenantSettings, own: Callable[[], Mapping[str, TenantSettings]] | None = None) -> None:
        """`own` gives those of tenants that differ; it is asked with every request."""
        self._default = default
        self._own = own

    def push(self, tenant: str) -> PushLimits:
        """Limits of a tenant's pushes."""
        return self._of(tenant).push

    def query(self, tenant: str) -> QueryLimits:
        """Limits of queries of a tenant, or of several."""
        return _strictest([self._of(each).query for each in tenants_in(tenant)])

    def api(self, tenant: str) -> ApiSettings:
        """Limits of requests of a tenant, or of several."""
        return _strictest([self._of(each).api for each in tenants_in(tenant)])

    def _of(self, tenant: str) -> TenantSettings:
        return self._default if self._own is None else self._own().get(tenant, self._default)


def _strictest(limits: Sequence[Limits]) -> Limits:
    if len(limits) == 1:
        return limits[0]
    names = {field.name for field in fields(limits[0])}
    least: dict[str, Any] = {
        name: min(filter(None, (getattr(each, name) for each in limits)), default=0) for name in _LEAST if name in names
    }
    return replace(limits[0], **least)
