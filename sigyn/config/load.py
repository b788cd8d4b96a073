"""Settings from all the places that they come from, in their order."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from sigyn.config.environment import with_environment
from sigyn.config.errors import ConfigError
from sigyn.config.loki_yaml import LokiConfiguration, read_loki_file
from sigyn.config.notices import Notice
from sigyn.config.settings import DECLARATIONS, Settings, with_values
from sigyn.config.storage_checks import check_storage
from sigyn.config.tenant_overrides import read_tenant_overrides


def load(config_file: Path | None, variables: Mapping[str, str], flags: Mapping[str, str]) -> LokiConfiguration:
    """Settings of the flags, else of SIGYN_* variables, else of the file, else the defaults.

    `flags` has the texts of flags by the paths of what they set, such as `server.http`. Raises ConfigError.
    """
    read = read_loki_file(config_file, variables) if config_file else LokiConfiguration(Settings(), ())
    settings = with_values(with_environment(read.settings, variables), dict(_read(flags)))
    check_storage(settings.storage, variables)
    notices = read.notices
    if settings.limits.per_tenant_override_config:
        paths = [Path(name) for name in settings.limits.per_tenant_override_config]
        overrides = read_tenant_overrides(paths, variables)
        settings = replace(settings, tenants=overrides.tenants)
        notices += overrides.notices + tuple(_without_retention(settings))
    return LokiConfiguration(settings, notices)


def _without_retention(settings: Settings) -> Iterator[Notice]:
    """Notices of periods that tenants have and that nothing is deleted by."""
    for tenant, values in settings.tenants.items():
        if not settings.retention.enabled and not values.keys().isdisjoint(("retention.period", "retention.streams")):
            key = f"overrides.{tenant}.retention_{'period' if 'retention.period' in values else 'stream'}"
            text = "deletes nothing without compactor.retention_enabled, as in Loki"
            yield Notice(",".join(settings.limits.per_tenant_override_config), 0, key, text)


def _read(flags: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    for path, text in flags.items():
        declaration = DECLARATIONS[path]
        try:
            yield path, declaration.kind.read(text)
        except ValueError as error:
            flag = declaration.name.replace("_", "-")
            raise ConfigError(f"--{flag} is `{text}`: {error}") from None
