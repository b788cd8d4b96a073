"""Where the parts of a store are."""

from pathlib import Path

from sigyn.model.errors import BadRequest
from sigyn.model.secret_urls import hide_user
from sigyn.store.block_cache import BlockCache
from sigyn.store.cached_objects import CachedObjects
from sigyn.store.metrics import StoreMetrics
from sigyn.store.objects import LocalObjects, ObjectStore, check_objects, is_far, open_objects
from sigyn.store.settings import ObjectStoreSettings, StoreSettings
from sigyn.store.tiers import HOT, TieredObjects

_SAME = {"s3a": "s3", **dict.fromkeys(("azure", "adl", "abfs", "abfss"), "az")}
"""Other names of schemes."""


def check_places(settings: StoreSettings) -> None:
    """Raises BadRequest as `objects_of`, before anything is made or asked of a bucket."""
    _check_apart(settings)
    for place in _places(settings):
        check_objects(place)


def cache_folder(settings: StoreSettings) -> Path | None:
    """Where what is read of remote objects is kept; None when nothing is."""
    if settings.data is not None and settings.cache_bytes and any(map(is_far, _places(settings))):
        return settings.data / "cache"
    return None


def cache_of(settings: StoreSettings) -> BlockCache | None:
    """The cache of remote objects; None when there is to be none."""
    folder = cache_folder(settings)
    return BlockCache(folder, settings.cache_bytes) if folder is not None else None


def objects_of(
    settings: StoreSettings, metrics: StoreMetrics | None = None, cache: BlockCache | None = None
) -> ObjectStore:
    """The objects of all tiers: at their URLs or in the data folder, remote ones behind `cache`, or one of their own.

    Raises BadRequest for settings that make no sense.
    """
    _check_apart(settings)
    cache = cache or cache_of(settings)
    counted = metrics or StoreMetrics()
    tiers = {HOT: _objects(settings.objects, cache, counted) if settings.objects is not None else _own(settings)}
    for tier in settings.tiers:
        tiers[tier.name] = _objects(tier.objects, cache, counted)
    return TieredObjects(tiers) if settings.tiers else tiers[HOT]


def hot_objects(settings: StoreSettings) -> ObjectStore:
    """The hot tier alone, beside a process that has the store open, and without its cache. Raises BadRequest."""
    if settings.objects is not None:
        return open_objects(settings.objects, is_shared=True)
    return _own(settings, is_shared=True)


def shared_objects(settings: StoreSettings) -> ObjectStore:
    """All tiers in the same way. Raises BadRequest."""
    _check_apart(settings)
    tiers = {HOT: hot_objects(settings)}
    for tier in settings.tiers:
        tiers[tier.name] = open_objects(tier.objects, is_shared=True)
    return TieredObjects(tiers)


def folders_of(settings: StoreSettings) -> list[Path]:
    """The folders outside of the data folder that have objects."""
    urls = [place.url for place in _places(settings)]
    return [Path(url.removeprefix("file://")) for url in urls if url.startswith("file://")]


def shared_places(settings: StoreSettings) -> dict[str, str]:
    """By tier what messages call the places that other servers may reach: all but a data folder of our own."""
    hot = {} if settings.objects is None else {HOT: hide_user(settings.objects.url)}
    return hot | {tier.name: hide_user(tier.objects.url) for tier in settings.tiers}


def place_names(settings: StoreSettings) -> dict[str, str]:
    """By tier what messages call the places of all objects, the data folder's own among them."""
    return {HOT: f"{settings.data}/objects"} | shared_places(settings)


def _places(settings: StoreSettings) -> list[ObjectStoreSettings]:
    """What has a URL: all tiers but a data folder of our own."""
    return [*([settings.objects] if settings.objects else []), *(tier.objects for tier in settings.tiers)]


def _check_apart(settings: StoreSettings) -> None:
    """No tier may see another's objects: it would sweep them as orphans."""
    hot = settings.objects.url if settings.objects else f"file://{settings.data}" if settings.data else ""
    urls = [_one_name(url) for url in (hot, *(tier.objects.url for tier in settings.tiers)) if url]
    for number, inner in enumerate(urls):
        for outer in (*urls[:number], *urls[number + 1 :]):
            if f"{inner}/".startswith(f"{outer}/"):
                raise BadRequest(f"tier `{inner}` lies in `{outer}`; give each a bucket or a prefix of its own")


def _one_name(url: str) -> str:
    """The same URL for whatever leads to the same place."""
    scheme, _, rest = url.partition("://")
    if scheme == "file":
        return f"file://{Path(rest).resolve()}"
    return f"{_SAME.get(scheme, scheme)}://{rest}".rstrip("/")


def _own(settings: StoreSettings, *, is_shared: bool = False) -> ObjectStore:
    if settings.data is None:
        return open_objects(ObjectStoreSettings(url="memory://"))
    return LocalObjects(settings.data / "objects", is_shared=is_shared)


def _objects(settings: ObjectStoreSettings, cache: BlockCache | None, metrics: StoreMetrics) -> ObjectStore:
    objects = open_objects(settings)
    if cache is None or not is_far(settings):
        return objects
    return CachedObjects(objects, cache, settings.url, metrics)
