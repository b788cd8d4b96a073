"""The limits of one tenant as text: what a file of overrides would say of it."""

import json
from typing import Any

import yaml

from sigyn.config.declaration import Declaration
from sigyn.config.retention_values import STREAM_RETENTIONS
from sigyn.config.settings import DECLARATIONS, Settings, value_of
from sigyn.config.tenant_overrides import OF_A_TENANT, name_in_limits
from sigyn.config.values import show_duration


def show_limits(settings: Settings) -> str:
    """What these settings say of all that a tenant may have of its own, by its names in `limits_config`, as YAML.

    Secrets are hidden; anything else reads back as the overrides of a tenant.
    """
    limits = {name_in_limits(path): _plain(DECLARATIONS[path], value_of(settings, path)) for path in OF_A_TENANT}
    return yaml.safe_dump(limits, sort_keys=True, allow_unicode=True, width=1000)


def _plain(declaration: Declaration, value: Any) -> Any:
    """A value as YAML has it: numbers, flags and lists as they are, sizes and times as they are written."""
    kind = declaration.kind
    if kind is STREAM_RETENTIONS:
        return [
            {"selector": each.selector, "priority": each.priority, "period": show_duration(each.period)}
            for each in value
        ]
    shown = kind.show(value)
    if kind.structured:
        return json.loads(shown or ("{}" if kind.unit.startswith("{") else "[]"))
    if isinstance(value, tuple):
        return list(value)
    return value if isinstance(value, bool | int | float) and shown.lower() == str(value).lower() else shown
