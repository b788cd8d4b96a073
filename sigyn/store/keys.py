"""Names of objects: `<tenant>/<day>/<level>-<uuid>.parquet`.

The UUID is of version 8 (RFC 9562): its first 48 bits say how far the catalog was when the object was written.
"""

import hashlib
import re
import secrets
import uuid
from datetime import date, timedelta
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from sigyn.model.time import DAY

_UNSAFE = re.compile(rb"[^A-Za-z0-9_-]")
_LONGEST = 150  # bytes of a folder's name; file systems end at 255
_EPOCH = date(1970, 1, 1)


def encode_tenant(tenant: str) -> str:
    """A folder's name for `tenant`: letters, digits, `_` and `-` stand for themselves, any other byte is `!XX`.

    No name of a tenant can therefore leave the store's folder (`..`, `/`), and two tenants never
    share a folder: a long name ends in `!!` and its hash.
    """
    encoded = _UNSAFE.sub(_escape, tenant.encode("utf-8", "surrogatepass")).decode("ascii")
    if not encoded:
        return "!"
    if len(encoded) > _LONGEST:
        digest = hashlib.sha256(tenant.encode("utf-8", "surrogatepass")).hexdigest()
        return f"{encoded[: _LONGEST - 66]}!!{digest}"
    return encoded


def _escape(byte: re.Match[bytes]) -> bytes:
    return b"!%02X" % ord(byte[0])


Timestamps = TypeVar("Timestamps", int, npt.NDArray[np.int64])


def day_of(timestamps: Timestamps) -> Timestamps:
    """The UTC day, counted from the epoch, that holds a timestamp (ns), or each of several."""
    return timestamps // DAY


_SEGMENT = re.compile(r"[^/]+/\d{4}-\d\d-\d\d/\d-([0-9a-f]{32})\.parquet")
_VERSION = 8
_MOST_COMMITTED = 1 << 48


def is_segment_key(key: str) -> bool:
    """Whether an object has a name, or an address, as `segment_key` gives it: others in a bucket are not ours."""
    return _SEGMENT.fullmatch(key) is not None


def segment_key(tenant: str, level: int, first: int, committed: int = 0) -> str:
    """A new key for a segment of `tenant` whose first entry is at `first` (ns).

    `committed` is the id of the newest segment that the catalog has, which `committed_before` gives again.
    """
    day = _EPOCH + timedelta(days=day_of(first))
    name = uuid.UUID(int=committed % _MOST_COMMITTED << 80 | _VERSION << 76 | secrets.randbits(12) << 64 | _random())
    return f"{encode_tenant(tenant)}/{day.isoformat()}/{level}-{name.hex}.parquet"


def committed_before(key: str) -> int:
    """The id of a segment that the catalog had before this one was written; 0 where the key or address has none."""
    found = _SEGMENT.fullmatch(key)
    name = uuid.UUID(found[1]) if found is not None else None
    return name.int >> 80 if name is not None and name.version == _VERSION else 0


def _random() -> int:
    """The last 64 bits of a UUID: those that say that it is one, and random ones."""
    return 0b10 << 62 | secrets.randbits(62)
