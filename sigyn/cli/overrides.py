"""The files of what tenants have of their own, read again when one changes."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sigyn.api.tenant_settings import TenantSettings
from sigyn.cli.limits import tenant_settings
from sigyn.config.settings import RetentionSettings, Settings, settings_of
from sigyn.config.tenant_overrides import parse_tenant_overrides
from sigyn.services.retention import SelectedPeriod, TenantRetention
from sigyn.services.watched_file import LiveMapping, WatchedFiles


@dataclass(frozen=True, slots=True)
class _Overrides:
    settings: Mapping[str, Settings]
    limits: Mapping[str, TenantSettings]
    periods: Mapping[str, TenantRetention]
    sizes: Mapping[str, int]
    deletable: Mapping[str, bool]
    filter_only: Mapping[str, bool]


class OverridesFiles:
    """What the files say now, by tenant: all `settings`, `limits` and periods of retention, sizes in bytes that may be
    kept, whether delete requests are taken (`deletable`), and whether what they name stays in the store
    (`filter_only`)."""

    def __init__(self, paths: Sequence[Path], settings: Settings) -> None:
        """`settings` are those of tenants that they do not name. Raises Unavailable and ConfigError."""
        self._paths = paths
        self._settings = settings
        file = WatchedFiles(paths, self._read)
        self.settings: Mapping[str, Settings] = LiveMapping(lambda: file.get().settings)
        self.limits: Mapping[str, TenantSettings] = LiveMapping(lambda: file.get().limits)
        self.periods: Mapping[str, TenantRetention] = LiveMapping(lambda: file.get().periods)
        self.sizes: Mapping[str, int] = LiveMapping(lambda: file.get().sizes)
        self.deletable: Mapping[str, bool] = LiveMapping(lambda: file.get().deletable)
        self.filter_only: Mapping[str, bool] = LiveMapping(lambda: file.get().filter_only)

    def _read(self, texts: Sequence[str]) -> _Overrides:
        read = parse_tenant_overrides(list(zip(map(str, self._paths), texts, strict=True)), os.environ)
        changed = replace(self._settings, tenants=read.tenants)
        own = {tenant: settings_of(changed, tenant) for tenant in read.tenants}
        periods = {tenant: tenant_retention(settings.retention) for tenant, settings in own.items()}
        return _Overrides(
            own,
            {tenant: tenant_settings(settings) for tenant, settings in own.items()},
            periods,
            {tenant: settings.retention.max_tenant_bytes for tenant, settings in own.items()},
            {tenant: settings.deletes.takes_requests for tenant, settings in own.items()},
            {tenant: settings.deletes.filters_only for tenant, settings in own.items()},
        )


def tenant_retention(retention: RetentionSettings) -> TenantRetention:
    """How long entries of a tenant with these settings are kept: for ever, unless retention is on."""
    selected = tuple(SelectedPeriod(each.selector, each.period, each.priority) for each in retention.streams)
    return TenantRetention(retention.period, selected) if retention.enabled else TenantRetention()
