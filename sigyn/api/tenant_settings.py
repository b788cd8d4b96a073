"""What each tenant may do: the settings of all, or those that a tenant has of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, TypeVar

from sigyn.api.settings import ApiSettings
from sigyn.ruler.limits import RuleLimits
from sigyn.services.joined_tenants import tenants_in
from sigyn.services.push_limits import PushLimits
from sigyn.services.query_checks import strictest_checks
from sigyn.services.query_limits import QueryLimits

Limits = TypeVar("Limits", ApiSettings, QueryLimits)

_LEAST = (
    "max_entries_limit_per_query",
    "max_query_length",
    "max_window",
    "max_query_lookback",
    "max_query_range",
    "max_query_bytes_read",
    "max_answer_bytes",
    "max_query_series",
    "query_timeout",
    "max_query_parallelism",
    "max_query_capacity",
    "max_outstanding",
    "volume_max_series",
)
"""Limits of which the smallest counts in a query over several tenants; 0 is none."""


@dataclass(frozen=True, slots=True)
class TenantSettings:
    """What the pushes, queries, requests and rules of one tenant may ask for."""

    push: PushLimits
    query: QueryLimits
    api: ApiSettings
    rules: RuleLimits = RuleLimits()


class SettingsByTenant:
    """The settings of every tenant, as they are now."""

    def __init__(self, default: TenantSettings, own: Mapping[str, TenantSettings] | None = None) -> None:
        """`own` has those of tenants that differ; it is looked at with every request, and may change."""
        self._default = default
        self._own = {} if own is None else own

    def push(self, tenant: str) -> PushLimits:
        """Limits of a tenant's pushes."""
        return self._of(tenant).push

    def query(self, tenant: str) -> QueryLimits:
        """Limits of queries of a tenant, or of several."""
        return _strictest([self._of(each).query for each in tenants_in(tenant)])

    def api(self, tenant: str) -> ApiSettings:
        """Limits of requests of a tenant, or of several."""
        return _strictest([self._of(each).api for each in tenants_in(tenant)])

    def rules(self, tenant: str) -> RuleLimits:
        """Limits of a tenant's rules."""
        return self._of(tenant).rules

    def _of(self, tenant: str) -> TenantSettings:
        return self._own.get(tenant, self._default)


def _strictest(limits: Sequence[Limits]) -> Limits:
    if len(limits) == 1:
        return limits[0]
    names = {field.name for field in fields(limits[0])}
    least: dict[str, Any] = {
        name: min(filter(None, (getattr(each, name) for each in limits)), default=0) for name in _LEAST if name in names
    }
    if isinstance(limits[0], QueryLimits):
        queries = [each for each in limits if isinstance(each, QueryLimits)]
        least["checks"] = strictest_checks([each.checks for each in queries])
        least["max_cache_freshness_per_query"] = max(each.max_cache_freshness_per_query for each in queries)
        for name in ("strict_errors", "require_non_empty_matcher"):
            least[name] = any(getattr(each, name) for each in queries)
        least["extensions"] = all(each.extensions for each in queries)
    else:
        least["volume_enabled"] = all(each.volume_enabled for each in limits if isinstance(each, ApiSettings))
    return replace(limits[0], **least)
