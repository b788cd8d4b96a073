"""The catalog of a store by its settings: a SQLite file in the data folder, or a PostgreSQL database."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.time import Clock, system_clock
from sigyn.store.database import Run
from sigyn.store.folders import sync_folder
from sigyn.store.schema import TABLES
from sigyn.store.settings import StoreSettings
from sigyn.store.sql_catalog import SqlCatalog, check_version, migrate
from sigyn.store.sqlite import SqliteDatabase, copy_database, identity_of, sqlite_catalog

FILE = "catalog.sqlite"
"""The catalog in a data folder."""

# psycopg is imported where a catalog is in PostgreSQL, and only there: it takes 0.1 s and 24 MB.


def open_catalog(settings: StoreSettings, clock: Clock = system_clock, *, read_only: bool = False) -> SqlCatalog:
    """Opens or makes the catalog; `read_only` looks at one that another process may be using, and changes nothing.

    Raises Unavailable, UnknownFormat, and for PostgreSQL FolderInUse and BadRequest.
    """
    if settings.catalog:
        from sigyn.store.postgresql import postgres_catalog

        return postgres_catalog(settings.catalog, clock, read_only=read_only)
    return sqlite_catalog(_path(settings), clock, read_only=read_only)


def check_catalog(settings: StoreSettings) -> None:
    """Raises BadRequest for a URL of a database that makes no sense; the database is not asked."""
    if settings.catalog:
        from sigyn.store.postgresql import check_url

        check_url(settings.catalog)


def catalog_name(settings: StoreSettings) -> str:
    """What messages call the catalog."""
    if settings.catalog:
        from sigyn.store.postgresql import name_of

        return name_of(settings.catalog)
    return str(_path(settings) or "memory")


def has_catalog(settings: StoreSettings) -> bool:
    """Whether there is one: a file without tables is what a full disk or a broken one leaves. Raises Unavailable."""
    if settings.catalog:
        from sigyn.store.postgresql import PostgresDatabase

        database = PostgresDatabase(settings.catalog, read_only=True)
        try:
            return database.has_table("version")
        finally:
            database.close()
    path = _path(settings)
    if path is None:
        return False
    try:
        if not path.exists():
            return False
    except OSError as error:  # a folder of another user's
        raise Unavailable(f"catalog `{path}` can't be looked at: {error.strerror}") from error
    file = SqliteDatabase(path, read_only=True)
    try:
        return file.has_table("segment")
    finally:
        file.close()


@contextmanager
def new_catalog(settings: StoreSettings) -> Iterator[SqlCatalog]:
    """A catalog to be filled, which takes its place as a whole at the end, or not at all.

    There is none yet, and the data folder is ours. Raises as `open_catalog`, and BadRequest when something of an older
    one is left.
    """
    if settings.data is None:
        raise BadRequest("a store in memory has no catalog to make")
    log = settings.data / f"{FILE}-wal"
    if not settings.catalog and log.exists() and log.stat().st_size:
        # SQLite would take what is in it for the newest of the new catalog.
        raise BadRequest(f"there is a log of another catalog at `{log}`; move it away first")
    unfinished = settings.data / "catalog.unfinished"
    _remove(unfinished)
    try:
        catalog = sqlite_catalog(unfinished)
        try:
            yield catalog
        finally:
            catalog.close()
        if settings.catalog:
            _copy(unfinished, settings)
        else:
            unfinished.rename(settings.data / FILE)
            sync_folder(settings.data)
    finally:
        _remove(unfinished)


def copy_catalog(settings: StoreSettings, target: Path) -> int:
    """Makes `target` a SQLite file with the catalog as of one instant, also while a server uses it; its identity.

    `target` is durable then. Raises Unavailable, UnknownFormat for a catalog of another version, and
    BadRequest for a store in memory.
    """
    if not settings.catalog:
        if settings.data is None:
            raise BadRequest("a store in memory has no catalog to copy")
        with closing(SqliteDatabase(settings.data / FILE, read_only=True)) as file:
            check_version(file)  # here, where its name is the one that people know
        return copy_database(settings.data / FILE, target)
    from sigyn.store.postgresql import PostgresDatabase

    _remove(target)
    source = PostgresDatabase(settings.catalog, read_only=True)
    try:
        copy = SqliteDatabase(target)
        try:
            with source.as_of_one_instant() as rows_of, copy.transaction() as run:
                check_version(source)
                migrate(run, copy.name)
                _insert(run, rows_of)
            return identity_of(copy)
        finally:
            copy.close()
    finally:
        source.close()


def _path(settings: StoreSettings) -> Path | None:
    return settings.data / FILE if settings.data is not None else None


def _copy(path: Path, settings: StoreSettings) -> None:
    """All rows of a catalog in a file to the PostgreSQL database.

    In one transaction with the tables: a server that finds them empty would take all objects for orphans.
    """
    from sigyn.store.postgresql import PostgresDatabase

    source = SqliteDatabase(path, read_only=True)
    try:
        target = PostgresDatabase(settings.catalog)
        try:
            with target.transaction() as run:
                migrate(run, target.name)
                _insert(run, source.query)
        finally:
            target.close()
    finally:
        source.close()


def _insert(run: Run, rows_of: Callable[[str], Iterable[Sequence[object]]]) -> None:
    """All rows that a catalog gives for a statement into another that has none."""
    for table, columns in TABLES.items():
        names = ", ".join(columns)
        places = ", ".join("?" * len(columns))
        for row in rows_of(f"SELECT {names} FROM {table}"):
            run(f"INSERT INTO {table} ({names}) VALUES ({places})", *row)


def _remove(unfinished: Path) -> None:
    for leftover in unfinished.parent.glob(f"{unfinished.name}*"):
        leftover.unlink()
