"""Loki's `ruler` section where it holds maps: external labels, and the targets of remote write."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sigyn.config.errors import ConfigError
from sigyn.config.loki_storage import read_bucket
from sigyn.config.loki_values import value_at
from sigyn.config.notices import Notice
from sigyn.config.values import URL, read_flag
from sigyn.config.yaml_tree import Branch, Scalar, Tree, find

_CLIENT, _CLIENTS = "ruler.remote_write.client", "ruler.remote_write.clients"
_CREDENTIALS = {
    "basic_auth.username": "ruler.remote_write_username",
    "basic_auth.password": "ruler.remote_write_password",
    "authorization.credentials": "ruler.remote_write_bearer_token",
    "bearer_token": "ruler.remote_write_bearer_token",
}

_BUCKETS = ("s3", "gcs", "azure")
_OF_RULES = {
    f"storage.s3_{name}": f"ruler.rules_s3_{name}"
    for name in ("endpoint", "region", "access_key_id", "secret_access_key")
}


@dataclass(slots=True)
class RulerReading:
    """Settings by path, the keys of the file that they came from, and notices."""

    values: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)


def read_ruler(tree: Branch, source: str) -> RulerReading:
    """What the section says of labels, remote write and the bucket of rules. Raises ConfigError."""
    reading = RulerReading()
    labels = find(tree, "ruler.external_labels")
    if labels is not None:
        reading.values["ruler.external_labels"] = tuple(sorted(_texts(labels, "ruler.external_labels", source)))
    _read_remote_write(tree, source, reading)
    _read_rule_bucket(tree, source, reading)
    return reading


def _read_rule_bucket(tree: Branch, source: str, reading: RulerReading) -> None:
    """The bucket of rules, where one is chosen; Loki keeps them below `rules`."""
    for section, chooser in (("ruler.storage", "type"), ("ruler_storage", "backend")):
        chosen = find(tree, f"{section}.{chooser}")
        if not isinstance(chosen, Scalar) or chosen.text not in _BUCKETS:
            continue
        own = f"{section}.{chosen.text}"
        places = (own, f"common.storage.{chosen.text}", f"common.storage.object_store.{chosen.text}")
        block = next((place for place in places if isinstance(find(tree, place), Branch)), "")
        if not block:
            raise ConfigError(f"{source}:{chosen.line}: `{section}` names no bucket: describe it in `{own}`")
        bucket = read_bucket(tree, chosen.text, block, source)
        reading.used |= bucket.used | {f"{section}.{chooser}"}
        reading.notices += bucket.notices
        for path, value in bucket.values.items():
            if path == "storage.objects":
                reading.values["ruler.rules_bucket"] = f"{value}/rules"
            elif path in _OF_RULES:
                reading.values[_OF_RULES[path]] = value
            elif block == own:
                text = f"NOT APPLIED: the bucket of rules is reached with the same `{path}` as that of the store"
                reading.notices.append(Notice(source, chosen.line, own, text))


def _read_remote_write(tree: Branch, source: str, reading: RulerReading) -> None:
    reading.used.add("ruler.remote_write.enabled")
    enabled = find(tree, "ruler.remote_write.enabled")
    if not isinstance(enabled, Scalar) or not _flag(enabled, source):
        for key in (_CLIENT, _CLIENTS):
            found = find(tree, key)
            if found is not None:
                reading.used.add(key)
                text = "nothing is written without ruler.remote_write.enabled, as in Loki"
                reading.notices.append(Notice(source, found.line, key, text))
        return
    urls: list[str] = []
    for key, client in _clients(tree):
        url = find(client, "url")
        if not isinstance(url, Scalar) or not url.text:
            raise ConfigError(f"{source}:{client.line}: `{key}` has no `url`")
        urls.append(value_at(url, URL, f"{key}.url", source))
        reading.used |= {f"{key}.url", f"{key}.name"}
        for place, path in _CREDENTIALS.items():
            value = find(client, place)
            if not isinstance(value, Scalar):
                continue
            if reading.values.setdefault(path, value.text) != value.text:
                raise ConfigError(
                    f"{source}:{value.line}: `{key}.{place}` differs from that of another target: "
                    "all targets of remote write have the same credentials here"
                )
            reading.used.add(f"{key}.{place}")
    reading.values["ruler.remote_write_url"] = tuple(urls)


def _clients(tree: Branch) -> Iterator[tuple[str, Tree]]:
    """The targets, Loki's single one of old first, with the paths at which they stand."""
    single, several = find(tree, _CLIENT), find(tree, _CLIENTS)
    if single is not None:
        yield _CLIENT, single
    if isinstance(several, Branch):
        for name, client in several.values.items():
            yield f"{_CLIENTS}.{name}", client


def _flag(scalar: Scalar, source: str) -> bool:
    try:
        return read_flag(scalar.text)
    except ValueError as error:
        raise ConfigError(f"{source}:{scalar.line}: `ruler.remote_write.enabled` is `{scalar.text}`: {error}") from None


def _texts(tree: Tree, key: str, source: str) -> Iterator[tuple[str, str]]:
    if not isinstance(tree, Branch):
        raise ConfigError(f"{source}:{tree.line}: `{key}` holds a map of names and texts")
    for name, value in tree.values.items():
        if not isinstance(value, Scalar):
            raise ConfigError(f"{source}:{value.line}: `{key}.{name}` holds a text")
        yield name, value.text
