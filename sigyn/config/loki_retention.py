"""How long Loki's file says that entries are kept."""

from typing import Any

from sigyn.config.errors import ConfigError, neighbours
from sigyn.config.loki_values import value_at
from sigyn.config.notices import Notice
from sigyn.config.retention_values import SELECTOR, StreamRetention
from sigyn.config.values import DURATION, FLAG, Kind, read_count, read_duration
from sigyn.config.yaml_tree import Branch, Items, Tree, find


def read_retention(tree: Branch, source: str) -> tuple[dict[str, Any], list[Notice]]:
    """Retention as Loki applies it.

    The compactor deletes by limits_config.retention_period, the table manager of old versions by a
    period of its own, and without either nothing is deleted.
    """

    def read(key: str) -> Any:
        found = find(tree, key)
        kind = DURATION if key.endswith("retention_period") else FLAG
        return value_at(found, kind, key, source) if found else kind.read("0")

    by_compactor, by_tables = read("compactor.retention_enabled"), read("table_manager.retention_deletes_enabled")
    limit, table = read("limits_config.retention_period"), read("table_manager.retention_period")
    enabled = by_compactor or by_tables
    notices = []
    for key in (
        "limits_config.retention_period",
        "limits_config.retention_stream",
        "limits_config.retention_overrides",
    ):
        found = find(tree, key)
        if found is not None and not enabled:
            text = "deletes nothing without compactor.retention_enabled, as in Loki"
            notices.append(Notice(source, found.line, key, text))
    values = {
        "retention.enabled": enabled,
        "retention.period": table if by_tables and table and not by_compactor else limit,
        "retention.streams": stream_retentions(find(tree, "limits_config"), "limits_config", source),
    }
    return values, notices


def stream_retentions(limits: Tree | None, where: str, source: str) -> tuple[StreamRetention, ...]:
    """`retention_stream` with its `period`, and `retention_overrides` with its `retention`, in limits at `where`."""
    found: list[StreamRetention] = []
    for name, period_name in (("retention_stream", "period"), ("retention_overrides", "retention")):
        key = f"{where}.{name}"
        items = find(limits, name) if limits is not None else None
        if items is None:
            continue
        if not isinstance(items, Items):
            raise ConfigError(f"{source}:{items.line}: `{key}` holds a list of selectors with their periods")
        found += [_stream_retention(item, f"{key}[{i}]", period_name, source) for i, item in enumerate(items.values)]
    return tuple(found)


def _stream_retention(item: Tree, key: str, period_name: str, source: str) -> StreamRetention:
    known = ("selector", period_name, "priority")
    if not isinstance(item, Branch):
        raise ConfigError(f"{source}:{item.line}: `{key}` holds {', '.join(f'`{name}`' for name in known)}")
    for name, line in item.lines.items():
        if name not in known:
            raise ConfigError(f"{source}:{line}: unknown key `{key}.{name}`{neighbours(name, known)}")
    for name in known[:2]:
        if find(item, name) is None:
            raise ConfigError(f"{source}:{item.line}: `{key}` has no `{name}`")
    selector, period, priority = (find(item, name) for name in known)
    return StreamRetention(
        selector=value_at(selector, SELECTOR, f"{key}.selector", source) if selector else "",
        period=value_at(period, Kind("duration", read_duration), f"{key}.{period_name}", source) if period else 0,
        priority=value_at(priority, Kind("count", read_count), f"{key}.priority", source) if priority else 0,
    )
