"""Loki's configuration file, read as settings.

A key with a counterpart here sets it. A key without one is named in a notice with the reason. A key
that Loki never had is an error.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigyn.config.errors import ConfigError, neighbours
from sigyn.config.loki_known import check_keys
from sigyn.config.loki_reasons import reason
from sigyn.config.loki_storage import read_storage
from sigyn.config.notices import Notice
from sigyn.config.settings import DECLARATIONS, Settings, StreamRetention, with_values
from sigyn.config.values import DURATION, FLAG, Kind, read_count, read_duration
from sigyn.config.yaml_tree import Branch, Items, Reading, Scalar, Tree, expand_variables, find, leaves, read_yaml

_SPECIAL = ("server.http", "retention.enabled", "retention.period", "retention.streams")
_EVERY_INTERFACE = "0.0.0.0"  # what Loki listens on when it is given no address


@dataclass(frozen=True, slots=True)
class LokiConfiguration:
    """The settings in a file of Loki's, and what there is to say about the rest of it."""

    settings: Settings
    notices: tuple[Notice, ...]


def read_loki_file(path: Path, variables: Mapping[str, str] | None = None) -> LokiConfiguration:
    """Reads a file; `variables` is the environment unless given. Raises ConfigError."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"the configuration file {path} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"the configuration file {path} is not UTF-8 text") from None
    return read_loki(text, str(path), os.environ if variables is None else variables)


def read_loki(text: str, source: str, variables: Mapping[str, str]) -> LokiConfiguration:
    """Reads the text of a file; `source` names it in errors and notices. Raises ConfigError."""
    reading = Reading()
    tree = read_yaml(expand_variables(text, variables, reading), source, reading)
    check_keys(tree, source)

    notices = list(_reading_notices(reading, source))
    values, used = _declared(tree, source)
    storage = read_storage(tree, source)
    values |= storage.values
    notices += storage.notices
    address, address_notices = _addresses(tree, source)
    values |= address
    notices += address_notices
    retention, retention_notices = _retention(tree, source)
    values |= retention
    notices += retention_notices
    used |= storage.used | _declared_by(*_SPECIAL)
    notices += _unused(tree, used, source)
    return LokiConfiguration(with_values(Settings(), values), tuple(notices))


def _declared(tree: Branch, source: str) -> tuple[dict[str, Any], set[str]]:
    """Settings whose declaration names a key of the file, and those keys; the first key named wins."""
    values: dict[str, Any] = {}
    used: set[str] = set()
    for path, declaration in DECLARATIONS.items():
        if path in _SPECIAL or path.startswith("storage."):
            continue
        for key in declaration.loki:
            found = find(tree, key)
            if found is None:
                continue
            value = _value(found, declaration.kind, key, source)
            values.setdefault(path, value)
            used.add(key)
    return values, used


def _value(found: Tree, kind: Kind, key: str, source: str) -> Any:
    match found:
        case Scalar(text, line):
            pass
        case Items(values, line) if all(isinstance(each, Scalar) for each in values):
            text = ",".join(each.text for each in values if isinstance(each, Scalar))
        case _:
            raise ConfigError(f"{source}:{found.line}: `{key}` holds a value ({kind.unit})")
    try:
        return kind.read(text)
    except ValueError as error:
        raise ConfigError(f"{source}:{line}: `{key}` is `{text}`: {error}") from None


def _addresses(tree: Branch, source: str) -> tuple[dict[str, Any], list[Notice]]:
    """Loki listens on every interface unless told otherwise, and so does a server with Loki's file."""
    host, port = find(tree, "server.http_listen_address"), find(tree, "server.http_listen_port")
    number = _value(port, Kind("port", read_count), "server.http_listen_port", source) if port else 3100
    if not 0 <= number <= 65535:
        raise ConfigError(
            f"{source}:{port.line if port else 1}: `server.http_listen_port` is {number}: write 0 to 65535"
        )
    name = host.text if isinstance(host, Scalar) and host.text else _EVERY_INTERFACE
    bracketed = f"[{name}]" if ":" in name and not name.startswith("[") else name
    notices = []
    if name == _EVERY_INTERFACE and host is None:
        text = "not given, so the server listens on every interface, as Loki does; 127.0.0.1 keeps it to this machine"
        notices.append(Notice(source, 1, "server.http_listen_address", text))
    return {"server.http": f"{bracketed}:{number}", "server.otlp_grpc": f"{bracketed}:4317"}, notices


def _retention(tree: Branch, source: str) -> tuple[dict[str, Any], list[Notice]]:
    """Retention as Loki applies it.

    The compactor deletes by limits_config.retention_period, the table manager of old versions by a
    period of its own, and without either nothing is deleted.
    """

    def read(key: str) -> Any:
        found = find(tree, key)
        kind = DURATION if key.endswith("retention_period") else FLAG
        return _value(found, kind, key, source) if found else kind.read("0")

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
        "retention.streams": _stream_retentions(tree, source),
    }
    return values, notices


def _stream_retentions(tree: Branch, source: str) -> tuple[StreamRetention, ...]:
    """`retention_stream` with its `period`, and `retention_overrides` with its `retention`."""
    found: list[StreamRetention] = []
    for key, period_name in (
        ("limits_config.retention_stream", "period"),
        ("limits_config.retention_overrides", "retention"),
    ):
        items = find(tree, key)
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
        selector=selector.text if isinstance(selector, Scalar) else "",
        period=_value(period, Kind("duration", read_duration), f"{key}.{period_name}", source) if period else 0,
        priority=_value(priority, Kind("count", read_count), f"{key}.priority", source) if priority else 0,
    )


def _declared_by(*paths: str) -> set[str]:
    return {key for path in paths for key in DECLARATIONS[path].loki}


def _unused(tree: Branch, used: set[str], source: str) -> Iterator[Notice]:
    """A notice for each key that set nothing; one for a whole section that has no use."""
    named: set[str] = set()
    for path, line in leaves(tree):
        if any(path == key or path.startswith(f"{key}.") for key in used):
            continue
        key, why = reason(path)
        if key not in named:
            named.add(key)
            yield Notice(source, line, key, why)


def _reading_notices(reading: Reading, source: str) -> Iterator[Notice]:
    for name in reading.unset_variables:
        yield Notice(source, 1, f"${{{name}}}", "this variable is not set; it stands for nothing")
    for path, first, last in reading.repeated_keys:
        yield Notice(source, last, path, f"stands here and in line {first}; the later one counts")
