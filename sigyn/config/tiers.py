"""Tiers and prices as a person writes them."""

import re
from dataclasses import dataclass

from sigyn.config.values import BUCKET, Kind, read_bucket, read_duration, show_duration

_TIER = re.compile(r"([a-z][a-z0-9_-]*)\s+after\s+(\S+)\s+in\s+(\S+://\S+)(?:\s+as\s+(\S+))?", re.IGNORECASE)
_TIER_EXAMPLE = "write tiers such as warm after 7d in s3://logs/warm; cold after 30d in s3://logs/cold as GLACIER"
_PRICES_EXAMPLE = "write prices such as hot=10; warm=2.3; cold=0.5"


@dataclass(frozen=True, slots=True)
class Tier:
    """A place for segments that are `after` ns old; `storage_class` as the service of the URL names it, or empty."""

    name: str
    after: int
    url: str
    storage_class: str = ""


def read_tiers(text: str) -> tuple[Tier, ...]:
    """`warm after 7d in s3://logs/warm; cold after 30d in s3://logs/cold as GLACIER`"""
    tiers: list[Tier] = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        match = _TIER.fullmatch(part)
        if not match:
            raise ValueError(_TIER_EXAMPLE)
        tier = Tier(match[1].lower(), read_duration(match[2]), read_bucket(match[3]), match[4] or "")
        if tier.name == "hot" or tier.name in {other.name for other in tiers}:
            raise ValueError(f"tier `{tier.name}` is there twice; `hot` is where segments are written")
        if tier.url in {other.url for other in tiers}:
            raise ValueError(f"two tiers are in `{tier.url}`; give each a bucket or a prefix of its own")
        if tiers and tier.after <= tiers[-1].after:
            raise ValueError(f"tier `{tier.name}` comes no later than `{tiers[-1].name}`; write them in order of age")
        tiers.append(tier)
    return tuple(tiers)


def show_tiers(tiers: tuple[Tier, ...]) -> str:
    """What `read_tiers` reads back."""
    return "; ".join(
        f"{tier.name} after {show_duration(tier.after)} in {tier.url}"
        + (f" as {tier.storage_class}" if tier.storage_class else "")
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


TIERS = Kind("tier after duration in URL as class; ...", read_tiers, show_tiers, in_errors=BUCKET.in_errors)
PRICES = Kind("tier=price; ...", read_prices, show_prices)
