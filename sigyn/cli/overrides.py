"""The files of what tenants have of their own, read again when one changes."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from sigyn.api.tenant_settings import TenantSettings
from sigyn.cli.limits import tenant_settings
from sigyn.cli.notices import log_notices
from sigyn.cli.retention import tenant_retention
from sigyn.config.errors import ConfigError
from sigyn.config.settings import Settings, settings_of
from sigyn.config.tenant_overrides import parse_tenant_overrides
from sigyn.model.delete_modes import DeleteMode
from sigyn.services.retention import TenantRetention
from sigyn.services.watched_file import LiveMapping, WatchedFiles


@dataclass(frozen=True, slots=True)
class _Overrides:
    settings: Mapping[str, Settings]
    limits: Mapping[str, TenantSettings]
    periods: Mapping[str, TenantRetention]
    sizes: Mapping[str, int]
    delete_modes: Mapping[str, DeleteMode]


class OverridesFiles:
    """What the files say now, by tenant: all `settings`, `limits` and periods of retention, sizes in bytes that may be
    kept, and what delete requests do (`delete_modes`). `are_in_force` tells whether they could be read as they are."""

    def __init__(self, paths: Sequence[Path], settings: Settings) -> None:
        """`settings` are those of tenants that they do not name. Raises Unavailable and ConfigError.

        What there is to say about the files as they are now is not told here, but what a change brings is.
        """
        self._told: frozenset[tuple[str, str]] | None = None
        self._paths = paths
        self._settings = settings
        file = WatchedFiles(paths, self._read)
        self.are_in_force = file.is_in_force
        self.settings: Mapping[str, Settings] = LiveMapping(lambda: file.get().settings)
        self.limits: Mapping[str, TenantSettings] = LiveMapping(lambda: file.get().limits)
        self.periods: Mapping[str, TenantRetention] = LiveMapping(lambda: file.get().periods)
        self.sizes: Mapping[str, int] = LiveMapping(lambda: file.get().sizes)
        self.delete_modes: Mapping[str, DeleteMode] = LiveMapping(lambda: file.get().delete_modes)

    def _read(self, texts: Sequence[str]) -> _Overrides:
        if self._told is not None:
            self._refuse_emptied(texts)
        read = parse_tenant_overrides(list(zip(map(str, self._paths), texts, strict=True)), os.environ)
        changed = replace(self._settings, tenants=read.tenants)
        own = {tenant: settings_of(changed, tenant) for tenant in read.tenants}
        known, self._told = self._told, frozenset((notice.key, notice.text) for notice in read.notices)
        if known is not None:
            log_notices(notice for notice in read.notices if (notice.key, notice.text) not in known)
        periods = {tenant: tenant_retention(settings.retention) for tenant, settings in own.items()}
        return _Overrides(
            own,
            {tenant: tenant_settings(settings) for tenant, settings in own.items()},
            periods,
            {tenant: settings.retention.max_tenant_bytes for tenant, settings in own.items()},
            {tenant: settings.deletes.mode for tenant, settings in own.items()},
        )

    def _refuse_emptied(self, texts: Sequence[str]) -> None:
        """Raises ConfigError for a changed file in which nothing stands, as there is none in while it is written.

        Without the period of a tenant that keeps its entries longer than others, they would be deleted for good.
        """
        for path, text in zip(self._paths, texts, strict=True):
            if not text.strip():
                raise ConfigError(f"{path}: nothing stands there; `overrides: {{}}` leaves every tenant without")
