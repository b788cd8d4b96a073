"""What is different for some tenants, from a file as Loki reads it: `overrides: {tenant: {limit: value}}`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigyn.config.errors import ConfigError, Problems, neighbours
from sigyn.config.loki_known import known_keys
from sigyn.config.loki_reasons import reason
from sigyn.config.loki_retention import stream_retentions
from sigyn.config.loki_values import value_at
from sigyn.config.notices import Notice
from sigyn.config.settings import DECLARATIONS
from sigyn.config.yaml_tree import Branch, Reading, Tree, expand_variables, find, read_yaml

_OF_ALL = ("limits.per_tenant_override_config",)

OF_A_TENANT = (
    *(path for path in DECLARATIONS if path.startswith("limits.") and path not in _OF_ALL),
    "query.max_entries_limit_per_query",
    "query.max_query_length",
    "query.max_query_lookback",
    "query.max_query_range",
    "query.max_query_bytes_read",
    "query.max_answer_bytes",
    "query.max_query_series",
    "query.query_timeout",
    "query.strict_errors",
    "query.extensions",
    "query.require_non_empty_matcher",
    "query.required_labels",
    "query.minimum_labels_number",
    "query.max_streams_matchers_per_query",
    "query.blocked_queries",
    "query.volume_enabled",
    "query.volume_max_series",
    "query.max_concurrent_tail_requests",
    "query.max_cache_freshness_per_query",
    "query.max_query_parallelism",
    "query.max_outstanding_per_tenant",
    "retention.period",
    "retention.streams",
    "retention.max_tenant_bytes",
    "ruler.evaluation_delay",
    "ruler.max_rules_per_rule_group",
    "ruler.max_rule_groups_per_tenant",
    "redaction.rules",
    "redaction.patterns",
    "redaction.hash_key",
)
"""Settings that a tenant may have of its own."""

_LIMITS = "limits_config."


@dataclass(frozen=True, slots=True)
class TenantOverrides:
    """Values by tenant and path of the setting, and what there is to say about the rest."""

    tenants: Mapping[str, Mapping[str, Any]]
    notices: tuple[Notice, ...]


def read_tenant_overrides(path: Path, variables: Mapping[str, str]) -> TenantOverrides:
    """Reads the file; `variables` fill in what it leaves to them. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"the file of overrides {path} can't be read: {error}") from None
    return parse_tenant_overrides(text, str(path), variables)


def parse_tenant_overrides(text: str, source: str, variables: Mapping[str, str]) -> TenantOverrides:
    """Reads the text of a file; `source` names it in errors and notices. Raises ConfigError for all that is wrong."""
    reading = Reading()
    tree = read_yaml(expand_variables(text, variables, reading), source, reading)
    overrides = find(tree, "overrides")
    if not isinstance(overrides, Branch):
        raise ConfigError(f"{source}:1: `overrides` is missing: write a map of tenants, each with its limits")
    tenants: dict[str, Mapping[str, Any]] = {}
    notices: list[Notice] = []
    problems = Problems()
    for tenant, limits in overrides.values.items():
        with problems.gathered():
            if not isinstance(limits, Branch):
                raise ConfigError(f"{source}:{overrides.lines[tenant]}: `overrides.{tenant}` holds a map of limits")
            tenants[tenant] = _values(tenant, limits, source, notices, problems)
    problems.tell()
    return TenantOverrides(tenants, tuple(notices))


def _values(tenant: str, limits: Branch, source: str, notices: list[Notice], problems: Problems) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    for name, found in limits.values.items():
        where = f"overrides.{tenant}.{name}"
        path = _paths().get(name)
        with problems.gathered():
            if path in OF_A_TENANT:
                values[path] = _value(path, found, limits, where, source)
                continue
            if path is None and name not in known_keys()["limits_config"]:
                known = [*known_keys()["limits_config"], *_paths()]
                raise ConfigError(f"{source}:{limits.lines[name]}: unknown key `{where}`{neighbours(name, known)}")
            why = "NOT APPLIED: this is the same for every tenant" if path else reason(_LIMITS + name)[1]
            notices.append(Notice(source, limits.lines[name], where, why))
    return values


def _value(path: str, found: Tree, limits: Branch, where: str, source: str) -> Any:
    if path == "retention.streams":
        return stream_retentions(limits, where.rpartition(".")[0], source)
    return value_at(found, DECLARATIONS[path].kind, where, source)


def _paths() -> dict[str, str]:
    """Paths of settings by their names in `limits_config`, and by their own where a tenant may have them."""
    paths = {_own_name(path): path for path in OF_A_TENANT if not _limits_keys(path)}
    for path in DECLARATIONS:
        paths |= dict.fromkeys(_limits_keys(path), path)
    return paths


def _limits_keys(path: str) -> list[str]:
    return [key.removeprefix(_LIMITS) for key in DECLARATIONS[path].loki if key.startswith(_LIMITS)]


def _own_name(path: str) -> str:
    """`demote_labels` for limits and queries, `redaction_rules` for a section that Loki has not."""
    section, _, name = path.partition(".")
    return name if section in ("limits", "query", "retention") else f"{section}_{name}"
