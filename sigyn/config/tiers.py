"""Tiers and prices as a person writes them."""

import re
from dataclasses import dataclass
from typing import Literal

from sigyn.config.values import BUCKET, Kind, read_bucket, read_duration, show_duration
from sigyn.model.time import DAY

Speed = Literal["standard", "bulk", "expedited"]

_TIER = re.compile(
    r"([a-z][a-z0-9_-]*)\s+after\s+(\S+)\s+in\s+(\S+://\S+)(?:\s+as\s+(\S+))?(?:\s+restore\s+(\S+)(?:\s+for\s+(\S+))?)?",
    re.IGNORECASE,
)
_TIER_EXAMPLE = (
    "write tiers such as warm after 7d in s3://logs/warm; "
    "cold after 30d in s3://logs/cold as GLACIER restore bulk for 3d"
)
_PRICES_EXAMPLE = "write prices such as hot=10; warm=2.3; cold=0.5"


_SPEEDS: tuple[Speed, ...] = ("standard", "bulk", "expedited")
_RESTORE_DAYS = 3
_S3_ARCHIVES = ("", "GLACIER", "DEEP_ARCHIVE", "INTELLIGENT_TIERING")
"""Storage classes of which objects may have to be restored; without one a rule of the bucket may archive them."""
_AZURE_ARCHIVES = ("", "ARCHIVE")


@dataclass(frozen=True, slots=True)
class TierRestore:
    """What a query that needs archived objects has done: `days` are those of S3's copy, 0 where there is none."""

    speed: Speed
    days: int


@dataclass(frozen=True, slots=True)
class Tier:
    """A place for segments that are `after` ns old.

    storage_class  as the service of the URL names it, or empty
    restore        how queries have archived objects restored; None: they don't
    """

    name: str
    after: int
    url: str
    storage_class: str = ""
    restore: TierRestore | None = None


def read_tiers(text: str) -> tuple[Tier, ...]:
    """`warm after 7d in s3://logs/warm; cold after 30d in s3://logs/cold as GLACIER`"""
    tiers: list[Tier] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = _TIER.fullmatch(part)
        if not match:
            raise ValueError(_TIER_EXAMPLE)
        url = read_bucket(match[3])
        restore = _read_restore(url, (match[4] or "").upper(), match[5].lower(), match[6]) if match[5] else None
        tier = Tier(match[1].lower(), read_duration(match[2]), url, match[4] or "", restore)
        if tier.name == "hot" or tier.name in {other.name for other in tiers}:
            raise ValueError(f"tier `{tier.name}` is there twice; `hot` is where segments are written")
        if tier.url in {other.url for other in tiers}:
            raise ValueError(f"two tiers are in `{tier.url}`; give each a bucket or a prefix of its own")
        if tiers and tier.after <= tiers[-1].after:
            raise ValueError(f"tier `{tier.name}` comes no later than `{tiers[-1].name}`; write them in order of age")
        tiers.append(tier)
    return tuple(tiers)


def _read_restore(url: str, storage_class: str, word: str, duration: str | None) -> TierRestore:
    speed = next((speed for speed in _SPEEDS if speed == word), None)
    if speed is None:
        raise ValueError(f"`restore {word}` is none of `restore standard`, `restore bulk` and `restore expedited`")
    scheme = url.partition(":")[0].lower()
    is_azure = scheme in ("az", "azure", "abfs", "abfss")
    if not is_azure and scheme not in ("s3", "s3a"):
        raise ValueError(f"what is in `{url}` is read at once, in every storage class; leave `restore` out")
    if storage_class not in (_AZURE_ARCHIVES if is_azure else _S3_ARCHIVES):
        raise ValueError(f"objects of class {storage_class} are read at once; leave `restore` out")
    if speed == "bulk" and is_azure:
        raise ValueError("Azure restores at the speeds `standard` and `expedited`")
    if speed == "expedited" and storage_class == "DEEP_ARCHIVE":
        raise ValueError("DEEP_ARCHIVE is restored at the speeds `standard` and `bulk`")
    if is_azure or storage_class == "INTELLIGENT_TIERING":
        if duration is not None:
            raise ValueError(f"what is restored in `{url}` stays so until it is archived again; leave `for` out")
        return TierRestore(speed, 0)
    days, rest = divmod(read_duration(duration), DAY) if duration is not None else (_RESTORE_DAYS, 0)
    if days < 1 or rest:
        raise ValueError(f"`for {duration}` is no number of whole days; write `restore {speed} for 3d`")
    return TierRestore(speed, days)


def show_tiers(tiers: tuple[Tier, ...]) -> str:
    """What `read_tiers` reads back."""
    return "; ".join(
        f"{tier.name} after {show_duration(tier.after)} in {tier.url}"
        + (f" as {tier.storage_class}" if tier.storage_class else "")
        + (f" restore {tier.restore.speed}" if tier.restore else "")
        + (f" for {tier.restore.days}d" if tier.restore and tier.restore.days else "")
        for tier in tiers
    )


def read_prices(text: str) -> tuple[tuple[str, float], ...]:
    """`hot=10; warm=2.3; cold=0.5`"""
    prices: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, separator, price = part.partition("=")
        try:
            prices[name.strip().lower()] = float(price.strip().removeprefix("$"))
        except ValueError:
            raise ValueError(_PRICES_EXAMPLE) from None
        if not separator or not 0 <= prices[name.strip().lower()] < float("inf"):
            raise ValueError(_PRICES_EXAMPLE)
    return tuple(prices.items())


def show_prices(prices: tuple[tuple[str, float], ...]) -> str:
    """What `read_prices` reads back."""
    return "; ".join(f"{name}={price:g}" for name, price in prices)


TIERS = Kind(
    "tier after duration in URL as class restore speed for days; ...",
    read_tiers,
    show_tiers,
    in_errors=BUCKET.in_errors,
)
PRICES = Kind("tier=price; ...", read_prices, show_prices)
