"""What is different for some tenants, from files as Loki reads them: `overrides: {tenant: {limit: value}}`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from sigyn.config.errors import ConfigError, Problems, neighbours
from sigyn.config.loki_known import known_keys
from sigyn.config.loki_reasons import reason
from sigyn.config.loki_retention import stream_retentions
from sigyn.config.loki_values import value_at
from sigyn.config.notices import Notice, reading_notices
from sigyn.config.settings import DECLARATIONS
from sigyn.config.yaml_tree import Branch, Reading, Scalar, Tree, expand_variables, find, find_key, overlaid, read_yaml
from sigyn.model.errors import BadRequest
from sigyn.model.tenants import check_tenant

_OF_ALL = ("limits.per_tenant_override_config",)

OF_A_TENANT = (
    *(path for path in DECLARATIONS if path.startswith("limits.") and path not in _OF_ALL),
    "query.max_entries_limit_per_query",
    "query.max_query_length",
    "query.max_query_lookback",
    "query.max_query_range",
    "query.max_query_bytes_read",
    "query.max_answer_bytes",
    "query.max_restored_objects",
    "query.max_restored_bytes",
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
    "query.max_query_capacity",
    "query.max_outstanding_per_tenant",
    "retention.period",
    "retention.streams",
    "retention.max_tenant_bytes",
    "deletes.mode",
    "ruler.evaluation_delay",
    "ruler.remote_write_disabled",
    "ruler.max_rules_per_rule_group",
    "ruler.max_rule_groups_per_tenant",
    "redaction.rules",
    "redaction.patterns",
    "redaction.hash_key",
)
"""Settings that a tenant may have of its own."""

_LIMITS = "limits_config."

_OTHERS = {
    "configs": "the log says who asked for what at level debug",
    "multi_kv_config": "one process does everything, there is no ring to join and nothing to find",
}
"""What else such a file may hold, and why nothing is done with it."""


@dataclass(frozen=True, slots=True)
class TenantOverrides:
    """Values by tenant and path of the setting, and what there is to say about the rest."""

    tenants: Mapping[str, Mapping[str, Any]]
    notices: tuple[Notice, ...]


def read_tenant_overrides(paths: Sequence[Path], variables: Mapping[str, str]) -> TenantOverrides:
    """Reads the files; `variables` fill in what they leave to them. Raises ConfigError."""
    files = []
    for path in paths:
        try:
            files.append((str(path), path.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"the file of overrides {path} can't be read: {error}") from None
    return parse_tenant_overrides(files, variables)


def parse_tenant_overrides(files: Sequence[tuple[str, str]], variables: Mapping[str, str]) -> TenantOverrides:
    """Reads files, each a name (for errors and notices) with its text; where they differ a later one counts.

    Raises ConfigError for all that is wrong.
    """
    problems = Problems()
    notices: list[Notice] = []
    merged: Tree = Branch({}, {}, 1)
    tenants: Mapping[str, Mapping[str, Any]] = {}
    for source, text in files:
        with problems.gathered():
            overrides = _overrides(text, source, variables, notices, problems)
            merged = overlaid(merged, overrides)
            tenants = _tenants(overrides, source, notices, problems)  # each by itself, so that its lines are told
    problems.tell()
    if len(files) > 1 and isinstance(merged, Branch):
        tenants = _tenants(merged, ",".join(source for source, _ in files), [], problems)
        problems.tell()
    return TenantOverrides(tenants, tuple(notices))


def _overrides(
    text: str, source: str, variables: Mapping[str, str], notices: list[Notice], problems: Problems
) -> Branch:
    """The tenants of one file, each with its limits."""
    reading = Reading()
    tree = read_yaml(expand_variables(text, variables, reading), source, reading)
    with problems.gathered():
        _check_sections(tree, source)
    notices += reading_notices(reading, source)
    notices += [Notice(source, tree.lines[name], name, why) for name, why in _OTHERS.items() if name in tree.values]
    overrides = find(tree, "overrides") or Branch({}, {}, 1)
    if not isinstance(overrides, Branch):
        raise ConfigError(f"{source}:{overrides.line}: `overrides` holds a map of tenants, each with its limits")
    return overrides


def _tenants(
    overrides: Branch, source: str, notices: list[Notice], problems: Problems
) -> Mapping[str, Mapping[str, Any]]:
    tenants: dict[str, Mapping[str, Any]] = {}
    for tenant in overrides.values:
        limits = find_key(overrides, tenant) or Branch({}, {}, 1)
        if why := _in_vain(tenant):
            notices.append(Notice(source, overrides.lines[tenant], f"overrides.{tenant}", f"NOT APPLIED {why}"))
        with problems.gathered():
            if not isinstance(limits, Branch):
                raise ConfigError(f"{source}:{overrides.lines[tenant]}: `overrides.{tenant}` holds a map of limits")
            tenants[tenant] = _values(tenant, limits, source, notices, problems)
    return tenants


def _in_vain(tenant: str) -> str:
    """Why the limits of a tenant of this name don't do what is hoped for; empty where they do."""
    if tenant == "*":
        return "to every tenant: this is the name of one; what holds for all stands in `limits_config`"
    try:
        check_tenant(tenant)
    except BadRequest as error:
        return f"to any request: {error}"
    return ""


def _check_sections(tree: Branch, source: str) -> None:
    known = ("overrides", *_OTHERS)
    unknown = [name for name in tree.values if name not in known]
    if unknown:
        raise ConfigError(
            "\n".join(f"{source}:{tree.lines[name]}: unknown key `{name}`{neighbours(name, known)}" for name in unknown)
        )


def _values(tenant: str, limits: Branch, source: str, notices: list[Notice], problems: Problems) -> Mapping[str, Any]:
    values: dict[str, Any] = {}
    paths = _paths()
    chosen = _chosen(limits, paths)
    for name in limits.values:
        found = find_key(limits, name)
        where = f"overrides.{tenant}.{name}"
        path = paths.get(name)
        with problems.gathered():
            if path is None and name not in known_keys()["limits_config"]:
                known = [*known_keys()["limits_config"], *paths]
                raise ConfigError(f"{source}:{limits.lines[name]}: unknown key `{where}`{neighbours(name, known)}")
            if found is None:
                continue
            if path in OF_A_TENANT:
                value = _value(path, found, limits, where, source)
                if chosen[path] == name:
                    values[path] = value
                    continue
                why = f"`{chosen[path]}` stands there too, and counts"
            elif path:
                why = "NOT APPLIED: this is the same for every tenant"
            else:
                why = reason(_LIMITS + name, found.text if isinstance(found, Scalar) else "")[1]
            if path != "retention.streams":  # of which both names count
                notices.append(Notice(source, limits.lines[name], where, why))
    return values


def _chosen(limits: Branch, paths: Mapping[str, str]) -> dict[str, str]:
    """The name that counts for each path, of several in these limits: the one that is declared first."""
    chosen: dict[str, str] = {}
    for name, path in paths.items():
        if find_key(limits, name) is not None:
            chosen.setdefault(path, name)
    return chosen


def _value(path: str, found: Tree, limits: Branch, where: str, source: str) -> Any:
    if path == "retention.streams":
        return stream_retentions(limits, where.rpartition(".")[0], source)
    return value_at(found, DECLARATIONS[path].kind, where, source)


@cache
def _paths() -> Mapping[str, str]:
    """Paths of settings by their names in `limits_config`, and by their own where a tenant may have them."""
    paths = {_own_name(path): path for path in OF_A_TENANT if not _limits_keys(path)}
    for path in DECLARATIONS:
        paths |= dict.fromkeys(_limits_keys(path), path)
    return paths


def _limits_keys(path: str) -> list[str]:
    return [key.removeprefix(_LIMITS) for key in DECLARATIONS[path].loki if key.startswith(_LIMITS)]


def name_in_limits(path: str) -> str:
    """What a setting that a tenant may have of its own is called in `limits_config`: Loki's name, where it has one."""
    return next(iter(_limits_keys(path)), _own_name(path))


def _own_name(path: str) -> str:
    """`demote_labels` for limits and queries, `redaction_rules` for a section that Loki has not."""
    section, _, name = path.partition(".")
    return name if section in ("limits", "query", "retention") else f"{section}_{name}"
