"""Where the parts of a store are."""

from pathlib import Path

from sigyn.store.objects import LocalObjects, ObjectStore, open_objects
from sigyn.store.settings import ObjectStoreSettings, StoreSettings


def catalog_path(settings: StoreSettings) -> Path | None:
    """The catalog's file; None for a store in memory."""
    return settings.data / "catalog.sqlite" if settings.data is not None else None


def objects_of(settings: StoreSettings) -> ObjectStore:
    """The objects, at their URL or in the data folder. Raises BadRequest for settings that make no sense."""
    if settings.objects is not None:
        return open_objects(settings.objects)
    if settings.data is None:
        return open_objects(ObjectStoreSettings(url="memory://"))
    return LocalObjects(settings.data / "objects")
