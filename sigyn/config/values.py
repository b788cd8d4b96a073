"""Kinds of setting: how each is written in a file or variable, and printed back."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any
from urllib.parse import urlsplit

from sigyn.model.rfc3339 import format_rfc3339_nano, parse_rfc3339
from sigyn.model.secret_urls import HIDDEN, hide_path, hide_user
from sigyn.model.time import DAY, HOUR, MICROSECOND, MILLISECOND, MINUTE, SECOND, WEEK, YEAR

_DURATION_UNITS = {
    "y": YEAR,
    "w": WEEK,
    "d": DAY,
    "h": HOUR,
    "m": MINUTE,
    "s": SECOND,
    "ms": MILLISECOND,
    "us": MICROSECOND,
    "µs": MICROSECOND,
    "ns": 1,
}
_LONGEST_DURATION = (1 << 63) - 1  # what columns of times can hold
_DURATION_PART = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)(ms|us|µs|ns|[ywdhms])")
_BYTE_UNITS = {"": 0, "K": 1, "M": 2, "G": 3, "T": 4, "P": 5}
_LABEL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PASSWORD = re.compile(r"(://[^/@:]*):[^/@]*@")
_PASSWORD_PARAMETER = re.compile(r"([?&](?:ssl)?password=)[^&]*")
_LONE_PERCENT = re.compile("%(?![0-9A-Fa-f]{2})")
_BYTES = re.compile(r"(\d{1,18}(?:\.\d{1,18})?)\s*([KMGTP]?)(?:i?B)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kind:
    """How values of a setting are written. `read` raises ValueError with what would be right.

    `structured` values are lists and maps: `read` takes them as YAML. `in_errors` hides the secrets in a text that is
    no value.
    """

    unit: str
    read: Callable[[str], Any]
    show: Callable[[Any], str] = str
    structured: bool = False
    in_errors: Callable[[str], str] = str


def read_flag(text: str) -> bool:
    """`true` or `false`, with the other spellings of YAML 1.1."""
    match text.lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
    raise ValueError("write true or false")


def read_count(text: str) -> int:
    try:
        return int(text.replace("_", ""))
    except ValueError:
        raise ValueError("write a whole number") from None


def read_natural(text: str) -> int:
    """A count."""
    if (count := read_count(text)) < 0:
        raise ValueError("write a whole number, 0 or more")
    return count


def above_zero(kind: Kind) -> Kind:
    """A kind of numbers of which 0 makes no sense."""

    def read(text: str) -> Any:
        if (value := kind.read(text)) <= 0:
            raise ValueError("it has to be more than 0")
        return value

    return replace(kind, read=read)


def read_http_status(text: str) -> int:
    """A status of an HTTP answer."""
    if not re.fullmatch("[2-5][0-9][0-9]", text):
        raise ValueError("write an HTTP status, from 200 to 599")
    return int(text)


def read_number(text: str) -> float:
    """A number with or without a point; not `nan` and `inf`, which nothing here can count with."""
    try:
        number = float(text)
    except ValueError:
        raise ValueError("write a number") from None
    if not isfinite(number):
        raise ValueError("write a number")
    return number


def read_megabytes(text: str) -> float:
    """A size in MB, as Loki's settings of that name have it."""
    if (size := read_number(text)) < 0:
        raise ValueError("write a number of MB, 0 or more")
    return size


def read_share(text: str) -> float:
    """A part of a whole."""
    share = read_number(text)
    if not 0 <= share <= 1:
        raise ValueError("write a number from 0 to 1")
    return share


def read_duration(text: str) -> int:
    """Nanoseconds of `90s`, `1h30m`, `1.5h`, `30d` or `0`: the units of Prometheus and of Go, up to Go's 292 years."""
    if text == "0":
        return 0
    parts = _DURATION_PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError("write a duration such as 30s, 15m, 1h30m or 7d")
    duration = sum(round(float(number) * _DURATION_UNITS[unit]) for number, unit in parts)
    if duration > _LONGEST_DURATION:
        raise ValueError("write 292y or less")
    return duration


def show_duration(nanoseconds: int) -> str:
    """The shortest text that `read_duration` reads back."""
    if nanoseconds == 0:
        return "0"
    text = ""
    for unit in ("d", "h", "m", "s", "ms", "us", "ns"):
        count, nanoseconds = divmod(nanoseconds, _DURATION_UNITS[unit])
        text += f"{count}{unit}" if count else ""
    return text


def read_time(text: str) -> int:
    """ns since the epoch of an RFC 3339 time; 0 for none."""
    if text in ("", "0"):
        return 0
    try:
        return parse_rfc3339(text)
    except ValueError:
        raise ValueError("write a time such as 2026-01-15T10:00:00Z") from None


def show_time(time: int) -> str:
    """What `read_time` reads back."""
    return format_rfc3339_nano(time) if time else ""


def read_bytes(text: str) -> int:
    """Bytes of `262144`, `256KB` or `1.5GiB`. KB is 1024 here, as in Loki's configuration."""
    match = _BYTES.fullmatch(text.strip())
    if not match:
        raise ValueError("write a size such as 262144, 256KB or 4MB")
    size: int = 1024 ** _BYTE_UNITS[match[2].upper()]
    return round(float(match[1]) * size)


def show_bytes(count: int) -> str:
    """The shortest exact text: 262144 is `256KB`, 1000 is `1000B`."""
    for unit in ("G", "M", "K"):
        size = 1024 ** _BYTE_UNITS[unit]
        if count and count % size == 0:
            return f"{count // size}{unit}B"
    return f"{count}B"


def read_names(text: str) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name for name in (part.strip() for part in text.split(",")) if name)


def read_label_pairs(text: str) -> tuple[tuple[str, str], ...]:
    """`cluster=eu, team=shop`, sorted by name."""
    pairs = {}
    for part in read_names(text):
        name, separator, value = part.partition("=")
        if not separator or not _LABEL_NAME.fullmatch(name.strip()):
            raise ValueError("write names and values, such as cluster=eu,team=shop")
        pairs[name.strip()] = value.strip()
    return tuple(sorted(pairs.items()))


def show_label_pairs(pairs: tuple[tuple[str, str], ...]) -> str:
    """What `read_label_pairs` reads back."""
    return ",".join(f"{name}={value}" for name, value in pairs)


def read_url(text: str) -> str:
    """`http://host/path` or `https://host/path`, or nothing."""
    try:
        parts = urlsplit(text)
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        known = False
    if text and not known:
        raise ValueError("write a URL such as https://host:9093/path")
    return text


def read_urls(text: str) -> tuple[str, ...]:
    """URLs with commas between them."""
    return tuple(read_url(url) for url in read_names(text))


def show_urls(urls: tuple[str, ...]) -> str:
    """URLs with commas between them, without users, passwords and what stands behind a question mark."""
    return ",".join(map(hide_user, urls))


def show_secret_urls(urls: tuple[str, ...]) -> str:
    """Schemes and hosts with commas between them."""
    return ",".join(map(hide_path, urls))


def show_catalog(url: str) -> str:
    """A URL without its password, be it before the host or among the parameters."""
    return _PASSWORD_PARAMETER.sub(r"\1<hidden>", _PASSWORD.sub(r"\1:<hidden>@", url))


def read_address(text: str) -> str:
    """`host:port`; the port may be 0, which picks a free one."""
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65535 or (":" in host and not host.startswith("[")):
        raise ValueError("write host:port, for example 127.0.0.1:3100, 0.0.0.0:3100 or [::1]:3100")
    return text


def read_optional_address(text: str) -> str:
    """`host:port`, or nothing, which turns the listener off."""
    return read_address(text) if text else ""


def read_results_cache(text: str) -> str:
    """`memcached://host:port`, or Loki's list of addresses, as a URL; nothing for the memory of the process."""
    if not text:
        return ""
    names = [name.strip().removeprefix("dns+") for name in text.removeprefix("memcached://").rstrip("/").split(",")]
    for name in names:
        host, _, port = name.rpartition(":") if re.search(r":\d*$", name) else (name, "", "11211")
        if not host or not port or int(port) > 65535 or re.search(r"[+/@\s]", host):
            raise ValueError("write memcached://host:11211, with commas between several servers, and no user")
    return "memcached://" + ",".join(names)


def read_catalog(text: str) -> str:
    """`postgresql://user:password@host/database`, or nothing, which is a file in the data folder."""
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise ValueError("write postgresql://user:password@host/database, or nothing for a file in the data folder")
    if "@" in parts.path + parts.fragment or parts.netloc.count("@") > 1 or _LONE_PERCENT.search(text):
        raise ValueError("write @ in a user or password as %40, / as %2F, # as %23 and % as %25")
    return text


_BUCKETS = ("s3", "s3a", "gs", "az", "azure", "adl", "abfs", "abfss", "file", "memory")
"""Schemes of places for objects."""


def read_bucket(text: str) -> str:
    """A bucket with its scheme and a prefix, or nothing; no key stands in it."""
    scheme, _, place = text.partition("://")
    if "@" in place.partition("/")[0] or "?" in text:
        raise ValueError("write it without keys, for example s3://bucket/prefix: they are settings of their own")
    if text and (scheme.lower() not in _BUCKETS or not place):
        raise ValueError(
            "write s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder; "
            "the address of an S3 service of your own is storage.s3_endpoint"
        )
    return text


def read_endpoint(text: str) -> str:
    """The URL of a service, or nothing; no key stands in it."""
    if "@" in text or "?" in text:
        raise ValueError("write it without keys, for example http://minio:9000: they are settings of their own")
    try:
        return read_url(text)
    except ValueError:
        raise ValueError("write a URL with http:// or https://, for example http://minio:9000") from None


def one_of(*words: str) -> Kind:
    """A kind whose values are these words."""

    def read(text: str) -> str:
        if text.lower() not in words:
            raise ValueError(f"write one of {', '.join(words)}")
        return text.lower()

    return Kind("one of " + ", ".join(words), read)


_CLIENT_AUTH = {
    "noclientcert": "none",
    "requestclientcert": "optional",
    "requireanyclientcert": "required",
    "verifyclientcertifgiven": "optional",
    "requireandverifyclientcert": "required",
}


def read_deletion_mode(text: str) -> str:
    """`disabled`, `filter-only` or `filter-and-delete`, or a word of older versions of Loki for one of them."""
    word = text.lower()
    if word in ("disabled", "filter-only", "filter-and-delete"):
        return word
    if word == "whole-stream-deletion":  # Loki 2.5, before requests could have line filters
        return "filter-and-delete"
    try:
        return "filter-and-delete" if read_flag(word) else "disabled"
    except ValueError:
        raise ValueError("write one of disabled, filter-only, filter-and-delete") from None


def read_client_certificates(text: str) -> str:
    """`none`, `optional` or `required`, or Go's names for them."""
    word = _CLIENT_AUTH.get(text.lower(), text.lower() or "none")
    if word not in ("none", "optional", "required"):
        raise ValueError("write none, optional or required, or VerifyClientCertIfGiven, RequireAndVerifyClientCert")
    return word


def _hidden(_text: str) -> str:
    return HIDDEN


def _hidden_if_secret(text: str) -> str:
    return HIDDEN if re.search("[@?%]", text) else text


TEXT = Kind("text", str)
SECRET = Kind("secret", str, lambda value: HIDDEN if value else "", in_errors=_hidden)
FLAG = Kind("true or false", read_flag, lambda value: "true" if value else "false")
COUNT = Kind("count", read_natural)
SHARE = Kind("0 to 1", read_share, lambda value: f"{value:g}")
HTTP_STATUS = Kind("HTTP status", read_http_status)
MEGABYTES = Kind("MB", read_megabytes, lambda value: f"{value:g}")
TIME = Kind("time", read_time, show_time)
DURATION = Kind("duration", read_duration, show_duration)
BYTES = Kind("bytes", read_bytes, show_bytes)
LABEL_PAIRS = Kind("name=value, ...", read_label_pairs, show_label_pairs)
NAMES = Kind("names", read_names, ",".join)
URL = Kind("URL", read_url, hide_user, in_errors=_hidden_if_secret)
URLS = Kind("URLs", read_urls, show_urls, in_errors=_hidden_if_secret)
SECRET_URL = Kind("URL, secret", read_url, hide_path, in_errors=_hidden)
SECRET_URLS = Kind("URLs, secret", read_urls, show_secret_urls, in_errors=_hidden)
BUCKET = Kind("URL of a bucket", read_bucket, hide_user, in_errors=_hidden_if_secret)
ENDPOINT = Kind("URL", read_endpoint, hide_user, in_errors=_hidden_if_secret)
ADDRESS = Kind("host:port", read_address)
OPTIONAL_ADDRESS = Kind("host:port or empty", read_optional_address)
RESULTS_CACHE = Kind("memcached://host:port or empty", read_results_cache, in_errors=_hidden_if_secret)
CATALOG = Kind(
    "postgresql://user:password@host/database or empty", read_catalog, show_catalog, in_errors=_hidden_if_secret
)
DELETION_MODE = Kind("one of disabled, filter-only, filter-and-delete", read_deletion_mode)
CLIENT_CERTIFICATES = Kind("one of none, optional, required", read_client_certificates)
FOLDER = Kind("folder", str)
FILE = Kind("file", str)
FILES = Kind("files", read_names, ",".join)
