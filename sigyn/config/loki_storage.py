"""Loki's storage sections, read as the one place where segments live.

Loki names a store in the last period of schema_config and describes it in storage_config or
common.storage; with use_thanos_objstore it describes it in the section object_store of either. A bucket
in `s3: s3://...` stands in two forms in the wild: Loki's own, whose host is a region or an endpoint and
whose path is the bucket, and the form of every other tool, whose host is the bucket and whose path is a
prefix. Which one is meant shows in the host.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeGuard
from urllib.parse import SplitResult, unquote, urlsplit

from sigyn.config.errors import ConfigError
from sigyn.config.notices import Notice
from sigyn.config.values import read_flag
from sigyn.config.yaml_tree import Branch, Items, Scalar, Tree, find

_REGION = re.compile(r"[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d")
_FAMILIES = {"aws": "aws", "s3": "aws", "gcs": "gcs", "azure": "azure", "filesystem": "filesystem"}
_UNSUPPORTED = ("alibabacloud", "alibaba", "bos", "cos", "swift")
_KINDS = (*_FAMILIES, *_UNSUPPORTED)
_CLIENT = "storage_config.use_thanos_objstore"


@dataclass(slots=True)
class StorageReading:
    """Settings by path, the keys of the file that they came from, and notices."""

    source: str
    values: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)


def read_storage(tree: Branch, source: str, *, is_placed: bool = False) -> StorageReading:
    """The storage settings in Loki's file; raises ConfigError where no bucket can be made out.

    With `is_placed` something that counts more says where segments go, and the file need not.
    """
    reading = StorageReading(source)
    path_prefix = _text(tree, "common.path_prefix")
    if path_prefix:
        reading.used.add("common.path_prefix")
        _keep_in(reading, tree, "common.path_prefix", path_prefix)
    by_section = _flag(tree, "storage_config", "use_thanos_objstore", _text(tree, _CLIENT), reading)
    reading.used.add(_CLIENT)
    name, block = _chosen_store(tree, source, by_section, is_placed)
    if name in _UNSUPPORTED:
        raise ConfigError(
            f"{source}:{_line(tree, block)}: `{block or name}`: this kind of object store is not supported; "
            "there are s3, gcs, azure and filesystem"
        )
    if block:
        _STORES[_FAMILIES[name]](tree, block, reading)
        if by_section:
            _read_prefix(tree, block, reading)
        _name_others(tree, block, reading)
    return reading


def read_bucket(tree: Branch, kind: str, block: str, source: str) -> StorageReading:
    """A bucket that `block` describes, of the kind s3, gcs or azure, as if it were that of the store."""
    reading = StorageReading(source)
    _STORES[_FAMILIES[kind]](tree, block, reading)
    return reading


def _chosen_store(tree: Branch, source: str, by_section: bool, is_placed: bool) -> tuple[str, str]:
    """Kind and block of the store of the last schema period, else of the one that is described, else nothing.

    A bucket that is chosen and not described would leave entries on a disk where nobody looks for them: an error.
    """
    chosen = _of_last_period(tree)
    kind, block = _described(tree, chosen.text, by_section) if chosen else ("", "")
    if chosen and kind not in ("", "filesystem") and not block and not is_placed:
        raise ConfigError(
            f"{source}:{chosen.line}: schema_config keeps objects in `{kind}`, which is described nowhere: name its "
            f"bucket in `{_places(kind, by_section)[0]}`, or write `object_store: filesystem`"
        )
    if kind:
        return kind, block
    return next(((each, found) for each in _KINDS if (found := _block(tree, each, by_section))), ("", ""))


def _of_last_period(tree: Branch) -> Scalar | None:
    """The store of the last schema period."""
    periods = find(tree, "schema_config.configs")
    if not isinstance(periods, Items) or not periods.values:
        return None
    chosen = find(periods.values[-1], "object_store") or find(periods.values[-1], "store")
    return chosen if isinstance(chosen, Scalar) else None


def _described(tree: Branch, name: str, by_section: bool) -> tuple[str, str]:
    """Kind and block of a store by its name, which is its kind or one that the file made up; nothing when unknown."""
    for kind in _KINDS:
        named = f"storage_config.named_stores.{kind}.{name}"
        if isinstance(find(tree, named), Branch):
            return kind, named
    return (name, _block(tree, name, by_section)) if name in _KINDS else ("", "")


def _block(tree: Branch, name: str, by_section: bool) -> str:
    """Where the store of this name is described; empty when nowhere."""
    return next((path for path in _places(name, by_section) if isinstance(find(tree, path), Branch)), "")


def _places(name: str, by_section: bool) -> tuple[str, ...]:
    """Where Loki looks for the description of a store of this name, the place that counts first."""
    family = _FAMILIES.get(name, name)
    common = "s3" if family == "aws" else family
    if by_section:
        return f"storage_config.object_store.{common}", f"common.storage.object_store.{common}"
    return f"storage_config.{family}", f"common.storage.{common}"


def _read_prefix(tree: Branch, block: str, reading: StorageReading) -> None:
    """What all objects begin with; beside the store in the section object_store."""
    section = block.rpartition(".")[0]
    prefix = _text(tree, f"{section}.storage_prefix").strip("/")
    if prefix and "storage.objects" in reading.values:
        reading.used.add(f"{section}.storage_prefix")
        reading.values["storage.objects"] += f"/{prefix}"


def _name_others(tree: Branch, block: str, reading: StorageReading) -> None:
    """A notice for each bucket that is described and not chosen."""
    places = [path for by_section in (False, True) for kind in _KINDS for path in _places(kind, by_section)]
    for kind in _KINDS:
        named = find(tree, f"storage_config.named_stores.{kind}")
        places += [f"storage_config.named_stores.{kind}.{name}" for name in named.values] if _is_map(named) else []
    for path in dict.fromkeys(places):
        if path != block and not path.endswith(".filesystem") and _is_map(find(tree, path)):
            reading.used.add(path)
            text = f"segments are not kept here, but in `{block}`, which schema_config or use_thanos_objstore chooses"
            reading.notices.append(Notice(reading.source, _line(tree, path), path, text))


def _is_map(tree: Tree | None) -> TypeGuard[Branch]:
    return isinstance(tree, Branch)


def _read_s3(tree: Branch, block: str, reading: StorageReading) -> None:
    take = _taker(tree, block, reading)
    url, bucket, endpoint, region = take("s3"), take("bucketnames"), take("endpoint"), take("region")
    bucket = bucket or take("bucket_name")
    insecure = _flag(tree, block, "insecure", take("insecure"), reading)
    prefix = key = secret = ""
    if url:
        parts = _split(url, tree, f"{block}.s3", reading)
        host, path = parts.hostname or "", parts.path.strip("/")
        key, secret = unquote(parts.username or ""), unquote(parts.password or "")
        if _REGION.fullmatch(host):
            region, bucket = region or host, bucket or path
        elif "." in host or parts.port or key or parts.scheme in ("http", "https"):
            endpoint, bucket = endpoint or parts.netloc.rpartition("@")[2], bucket or path
            insecure = insecure or parts.scheme == "http"
        elif bucket and bucket != host:
            reading.notices.append(
                Notice(
                    reading.source,
                    _line(tree, f"{block}.s3"),
                    f"{block}.s3",
                    f"names the bucket `{host}`, but bucketnames names `{bucket}`, which counts, as in Loki",
                )
            )
        else:
            bucket, prefix = host, path
    bucket = bucket.split(",")[0].strip()
    if not bucket:
        raise ConfigError(
            f"{reading.source}:{_line(tree, block)}: `{block}` names no bucket: "
            "write `bucketnames: my-bucket` or `s3: s3://my-bucket/prefix`"
        )
    reading.values["storage.objects"] = f"s3://{bucket}/{prefix}".rstrip("/")
    if endpoint:
        scheme = "http" if insecure else "https"
        reading.values["storage.s3_endpoint"] = endpoint if "://" in endpoint else f"{scheme}://{endpoint}"
    for name, value in (
        ("region", region),
        ("access_key_id", take("access_key_id") or key),
        ("secret_access_key", take("secret_access_key") or secret),
        ("session_token", take("session_token")),
    ):
        if value:
            reading.values[f"storage.s3_{name}"] = value
    if lookup := take("bucket_lookup_type"):
        reading.values["storage.s3_force_path_style"] = lookup != "virtual-hosted"
    path_style = take("s3forcepathstyle")
    if path_style:
        reading.values["storage.s3_force_path_style"] = _flag(tree, block, "s3forcepathstyle", path_style, reading)


def _split(url: str, tree: Branch, key: str, reading: StorageReading) -> SplitResult:
    """The parts of a URL that may hold a secret, which no error shows. Raises ConfigError."""
    try:
        parts = urlsplit(url if "://" in url else f"s3://{url}")
        is_whole = parts.port is None or "@" in parts.netloc or "@" not in parts.path
    except ValueError:
        is_whole = False
    if not is_whole:
        raise ConfigError(
            f"{reading.source}:{_line(tree, key)}: `{key}` is no URL: write s3://key:secret@host:port/bucket, "
            "with %2F for `/` in the secret, or put the secret into `secret_access_key`"
        )
    return parts


def _read_gcs(tree: Branch, block: str, reading: StorageReading) -> None:
    take = _taker(tree, block, reading)
    bucket = take("bucket_name")
    if not bucket:
        raise ConfigError(f"{reading.source}:{_line(tree, block)}: `{block}` names no bucket: write `bucket_name: ...`")
    reading.values["storage.objects"] = f"gs://{bucket}"
    account = take("service_account")
    if account:
        reading.values["storage.gcs_service_account"] = account


def _read_azure(tree: Branch, block: str, reading: StorageReading) -> None:
    take = _taker(tree, block, reading)
    reading.values["storage.objects"] = f"az://{take('container_name') or 'loki'}"
    parts = dict(part.split("=", 1) for part in take("connection_string").split(";") if "=" in part)
    name = take("account_name") or parts.get("AccountName", "")
    suffix = take("endpoint_suffix")
    endpoint = parts.get("BlobEndpoint", "") or (f"https://{name}.{suffix}" if name and suffix else "")
    for setting, value in (
        ("account_name", name),
        ("account_key", take("account_key") or parts.get("AccountKey", "")),
        ("endpoint", endpoint),
    ):
        if value:
            reading.values[f"storage.azure_{setting}"] = value


def _read_filesystem(tree: Branch, block: str, reading: StorageReading) -> None:
    take = _taker(tree, block, reading)
    folder = take("directory") or take("chunks_directory") or take("dir")
    if folder and "storage.data" not in reading.values:
        _keep_in(reading, tree, block, folder)


_STORES: dict[str, Callable[[Branch, str, StorageReading], None]] = {
    "aws": _read_s3,
    "gcs": _read_gcs,
    "azure": _read_azure,
    "filesystem": _read_filesystem,
}


def _keep_in(reading: StorageReading, tree: Branch, key: str, folder: str) -> None:
    """A folder of its own below Loki's, so that neither touches the other's files."""
    data = f"{folder.rstrip('/')}/sigyn"
    reading.values["storage.data"] = data
    reading.notices.append(
        Notice(reading.source, _line(tree, key), key, f"data are kept in {data}, beside anything that Loki left there")
    )


def _taker(tree: Branch, block: str, reading: StorageReading) -> Callable[[str], str]:
    """A function that gives the text of a key of the block and marks it as used."""

    def take(name: str) -> str:
        text = _text(tree, f"{block}.{name}")
        if text:
            reading.used.add(f"{block}.{name}")
        return text

    return take


def _flag(tree: Branch, block: str, name: str, text: str, reading: StorageReading) -> bool:
    try:
        return read_flag(text) if text else False
    except ValueError as error:
        where = f"{reading.source}:{_line(tree, f'{block}.{name}')}"
        raise ConfigError(f"{where}: `{block}.{name}` is `{text}`: {error}") from None


def _text(tree: Branch, path: str) -> str:
    found = find(tree, path)
    return found.text if isinstance(found, Scalar) else ""


def _line(tree: Branch, path: str) -> int:
    above, _, key = path.rpartition(".")
    parent = find(tree, above) if above else tree
    return parent.lines.get(key, parent.line) if isinstance(parent, Branch) else 1
