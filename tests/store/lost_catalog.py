"""Loses the catalog of a store, as a disk or a person may."""

import psycopg

from sigyn.store import StoreSettings
from sigyn.store.schema import TABLES


def lose_catalog(settings: StoreSettings) -> None:
    """Nothing is left of it."""
    if settings.catalog:
        with psycopg.connect(settings.catalog, autocommit=True) as connection:
            for table in ("version", "ownership", *TABLES):
                connection.execute(f"DROP TABLE IF EXISTS {table}")
    assert settings.data is not None
    for path in settings.data.glob("catalog.sqlite*"):
        path.unlink()
