"""Loki's storage sections, read as the one place where segments live.

Loki names a store in the last period of schema_config and describes it in storage_config or
common.storage. A bucket in `s3: s3://...` stands in two forms in the wild: Loki's own, whose host is
a region or an endpoint and whose path is the bucket, and the form of every other tool, whose host is
the bucket and whose path is a prefix. Which one is meant shows in the host.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, urlsplit

from sigyn.config.errors import ConfigError
from sigyn.config.notices import Notice
from sigyn.config.values import read_flag
from sigyn.config.yaml_tree import Branch, Items, Scalar, find

_REGION = re.compile(r"[a-z]{2}(-gov|-iso[a-z]?)?-[a-z]+-\d")
_FAMILIES = {"aws": "aws", "s3": "aws", "gcs": "gcs", "azure": "azure", "filesystem": "filesystem"}
_UNSUPPORTED = ("alibabacloud", "bos", "cos", "swift")


@dataclass(slots=True)
class StorageReading:
    """Settings by path, the keys of the file that they came from, and notices."""

    source: str
    values: dict[str, Any] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    notices: list[Notice] = field(default_factory=list)


def read_storage(tree: Branch, source: str) -> StorageReading:
    """The storage settings in Loki's file; raises ConfigError where no bucket can be made out."""
    reading = StorageReading(source)
    path_prefix = _text(tree, "common.path_prefix")
    if path_prefix:
        reading.used.add("common.path_prefix")
        _keep_in(reading, tree, "common.path_prefix", path_prefix)
    name = _chosen_store(tree)
    block = _block(tree, name)
    if name in _UNSUPPORTED:
        raise ConfigError(
            f"{source}:{_line(tree, block)}: `{block}`: this kind of object store is not supported; "
            "there are s3, gcs, azure and filesystem"
        )
    if block:
        _STORES[_FAMILIES[name]](tree, block, reading)
    return reading


def read_bucket(tree: Branch, kind: str, block: str, source: str) -> StorageReading:
    """A bucket that `block` describes, of the kind s3, gcs or azure, as if it were that of the store."""
    reading = StorageReading(source)
    _STORES[_FAMILIES[kind]](tree, block, reading)
    return reading


def _chosen_store(tree: Branch) -> str:
    """The store of the last schema period, else the one that is described, else none."""
    periods = find(tree, "schema_config.configs")
    if isinstance(periods, Items) and periods.values:
        last = periods.values[-1]
        chosen = find(last, "object_store") or find(last, "store")
        if isinstance(chosen, Scalar) and (chosen.text in _FAMILIES or chosen.text in _UNSUPPORTED):
            return chosen.text
    described = [name for name in (*_FAMILIES, *_UNSUPPORTED) if _block(tree, name)]
    return described[0] if described else ""


def _block(tree: Branch, name: str) -> str:
    """Where the store of this name is described; empty when nowhere."""
    family = _FAMILIES.get(name, name)
    common = "s3" if family == "aws" else family
    for path in (f"storage_config.{family}", f"common.storage.{common}"):
        if family and isinstance(find(tree, path), Branch):
            return path
    return ""


def _read_s3(tree: Branch, block: str, reading: StorageReading) -> None:
    take = _taker(tree, block, reading)
    url, bucket, endpoint, region = take("s3"), take("bucketnames"), take("endpoint"), take("region")
    bucket = bucket or take("bucket_name")
    insecure = _flag(tree, block, "insecure", take("insecure"), reading)
    prefix = key = secret = ""
    if url:
        parts = urlsplit(url if "://" in url else f"s3://{url}")
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
    path_style = take("s3forcepathstyle")
    if path_style:
        reading.values["storage.s3_force_path_style"] = _flag(tree, block, "s3forcepathstyle", path_style, reading)


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
    for name in ("account_name", "account_key"):
        value = take(name)
        if value:
            reading.values[f"storage.azure_{name}"] = value


def _read_filesystem(tree: Branch, block: str, reading: StorageReading) -> None:
    take = _taker(tree, block, reading)
    folder = take("directory") or take("chunks_directory")
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
