"""Loki's configuration file, read as settings.

A key with a counterpart here sets it. A key without one is named in a notice with the reason. A key
that Loki never had is an error.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigyn.config.errors import ConfigError, Problems
from sigyn.config.loki_known import check_keys
from sigyn.config.loki_reasons import reason, remark
from sigyn.config.loki_retention import read_retention
from sigyn.config.loki_ruler import RulerReading, read_ruler
from sigyn.config.loki_storage import StorageReading, read_storage
from sigyn.config.loki_values import value_at
from sigyn.config.notices import Notice, reading_notices
from sigyn.config.settings import DECLARATIONS, Settings, with_values
from sigyn.config.values import Kind, read_count
from sigyn.config.yaml_tree import Branch, Reading, Scalar, expand_variables, find, leaves, read_yaml

_SPECIAL = (
    *("server.http", "retention.enabled", "retention.period", "retention.streams"),
    *("ruler.external_labels", "ruler.remote_write_url", "ruler.rules_bucket"),
)
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
    """Reads the text of a file; `source` names it in errors and notices. Raises ConfigError for all that is wrong."""
    reading = Reading()
    tree = read_yaml(expand_variables(text, variables, reading), source, reading)
    problems = Problems()
    with problems.gathered():
        check_keys(tree, source)
    notices = list(reading_notices(reading, source))
    values, used, ignored = _declared(tree, source, problems)
    notices += ignored
    storage, ruler = StorageReading(source), RulerReading()
    with problems.gathered():
        is_placed = bool(variables.get(DECLARATIONS["storage.objects"].variable))
        storage = read_storage(tree, source, is_placed=is_placed)
        values |= storage.values
        notices += storage.notices
    with problems.gathered():
        address, address_notices = _addresses(tree, source)
        values |= address
        notices += address_notices
    with problems.gathered():
        retention, retention_notices = read_retention(tree, source)
        values |= retention
        notices += retention_notices
    with problems.gathered():
        ruler = read_ruler(tree, source)
        values |= ruler.values
        notices += ruler.notices
    problems.tell()

    used |= (
        storage.used
        | ruler.used
        | (_declared_by(*_SPECIAL) - _declared_by("ruler.remote_write_url", "ruler.rules_bucket"))
    )
    notices += _unused(tree, used, source)
    return LokiConfiguration(with_values(Settings(), values), tuple(notices))


def _declared(tree: Branch, source: str, problems: Problems) -> tuple[dict[str, Any], set[str], list[Notice]]:
    """Settings whose declaration names a key of the file, those keys, and notices; the first key named wins."""
    values: dict[str, Any] = {}
    used: set[str] = set()
    notices: list[Notice] = []
    for path, declaration in DECLARATIONS.items():
        if path in _SPECIAL or path.startswith("storage."):
            continue
        for key in declaration.loki:
            found = find(tree, key)
            if found is None:
                continue
            with problems.gathered():
                value = value_at(found, declaration.kind, key, source)
                if values.setdefault(path, value) != value:
                    chosen = next(name for name in declaration.loki if name in used)
                    notices.append(Notice(source, found.line, key, f"`{chosen}` says something else, and counts"))
                elif isinstance(found, Scalar) and (text := remark(key, found.text)):
                    notices.append(Notice(source, found.line, key, text))
            used.add(key)
    return values, used, notices


def _addresses(tree: Branch, source: str) -> tuple[dict[str, Any], list[Notice]]:
    """Loki listens on every interface unless told otherwise, and so does a server with Loki's file."""
    host, port = find(tree, "server.http_listen_address"), find(tree, "server.http_listen_port")
    number = value_at(port, Kind("port", read_count), "server.http_listen_port", source) if port else 3100
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


def _declared_by(*paths: str) -> set[str]:
    return {key for path in paths for key in DECLARATIONS[path].loki}


def _unused(tree: Branch, used: set[str], source: str) -> Iterator[Notice]:
    """A notice for each key that set nothing; one for a whole section that has no use."""
    named: set[str] = set()
    for path, line in leaves(tree):
        if any(path == key or path.startswith(f"{key}.") for key in used):
            continue
        found = find(tree, path)
        key, why = reason(path, found.text if isinstance(found, Scalar) else "")
        if key not in named:
            named.add(key)
            yield Notice(source, line, key, why)
