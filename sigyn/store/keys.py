"""Names of objects: `<tenant>/<day>/<level>-<uuid>.parquet`."""

import hashlib
import re
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


_SEGMENT = re.compile(r"[^/]+/\d{4}-\d\d-\d\d/\d-[0-9a-f]{32}\.parquet")


def is_segment_key(key: str) -> bool:
    """Whether an object has a name, or an address, as `segment_key` gives it: others in a bucket are not ours."""
    return _SEGMENT.fullmatch(key) is not None


def segment_key(tenant: str, level: int, first: int) -> str:
    """A new key for a segment of `tenant` whose first entry is at `first` (ns)."""
    day = _EPOCH + timedelta(days=day_of(first))
    return f"{encode_tenant(tenant)}/{day.isoformat()}/{level}-{uuid.uuid4().hex}.parquet"
