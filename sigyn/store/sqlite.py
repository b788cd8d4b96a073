"""SQLite as the database of a catalog: a file in the data folder, or memory."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sigyn.model.errors import Unavailable
from sigyn.model.time import Clock, system_clock
from sigyn.store.database import Run
from sigyn.store.schema import SQLITE
from sigyn.store.sql_catalog import SqlCatalog

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REMEDY = (
    "stop the server, move the file and its `-wal` and `-shm` away, and run `sigyn store rebuild-catalog`, which makes "
    "the catalog anew from the objects"
)


class SqliteDatabase:
    """A SQLite file, or memory for `path` None.

    WAL with synchronous=FULL: a commit is one append to the log, fsynced.
    """

    def __init__(self, path: Path | None, *, read_only: bool = False) -> None:
        """`read_only` looks at a file that another process may be writing to. Raises Unavailable."""
        self.name = str(path or "memory")
        self.late_commits = 0  # a commit tells what became of it
        self._lock = RLock()
        target = f"{path.resolve().as_uri()}?mode=ro" if path and read_only else path or ":memory:"
        try:
            self._connection = sqlite3.connect(
                target, isolation_level=None, check_same_thread=False, uri=bool(path) and read_only
            )
        except sqlite3.Error as error:
            raise self._unavailable(error) from error
        try:
            if not read_only:
                self.query("PRAGMA journal_mode=WAL")
                self.query("PRAGMA synchronous=FULL")
        except BaseException:
            self._connection.close()
            raise

    def verify(self) -> None:
        """Raises Unavailable when a page of the file is damaged. Reads all of it, 1 GB in a second or two."""
        [[found]] = self.query("PRAGMA quick_check(1)")
        if found != "ok":
            raise Unavailable(f"catalog `{self.name}` is damaged: {' '.join(found.split())}; {_REMEDY}")

    def query(self, statement: str, *values: object) -> list[Any]:
        """As in Database."""
        with self._lock:
            try:
                return self._run(statement, *values).fetchall()
            except sqlite3.Error as error:
                raise self._unavailable(error) from error

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """As in Database."""
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._run
                    self._connection.execute("COMMIT")
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise self._unavailable(error) from error

    def copy_to(self, path: Path) -> None:
        """All of it as of one instant into a new file. Raises Unavailable."""
        with self._lock:
            try:
                with closing(sqlite3.connect(path)) as target:
                    target.execute("PRAGMA synchronous=FULL")
                    self._connection.backup(target)
            except sqlite3.Error as error:
                raise self._unavailable(error) from error

    def has_table(self, name: str) -> bool:
        """As in Database."""
        return bool(self.query("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", name))

    def close(self) -> None:
        """As in Database."""
        with self._lock:
            self._connection.close()

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(SQLITE.translate(statement), values)

    def _unavailable(self, error: sqlite3.Error) -> Unavailable:
        remedy = f"; {_REMEDY}" if getattr(error, "sqlite_errorcode", 0) in _DAMAGED else ""
        return Unavailable(f"catalog `{self.name}` failed: {error}{remedy}")


def copy_database(source: Path, target: Path) -> int:
    """Makes `target` what a file is at one instant, also while another process writes to it; `target` is durable then.

    Returns the identity of a catalog, 0 of anything else. Raises Unavailable.
    """
    for leftover in target.parent.glob(f"{target.name}*"):
        leftover.unlink()
    original = SqliteDatabase(source, read_only=True)
    try:
        original.copy_to(target)
        return identity_of(original)
    finally:
        original.close()


def identity_of(database: SqliteDatabase) -> int:
    """The identity of a catalog, 0 of anything else. Raises Unavailable."""
    if not database.has_table("counter"):
        return 0
    found = database.query("SELECT value FROM counter WHERE name = 'identity'")
    return int(found[0][0]) if found else 0


def sqlite_catalog(path: Path | None, clock: Clock = system_clock, *, read_only: bool = False) -> SqlCatalog:
    """The catalog in a SQLite file, or in memory for `path` None. Raises Unavailable and UnknownFormat."""
    database = SqliteDatabase(path, read_only=read_only)
    try:
        database.verify()
    except Unavailable:
        database.close()
        raise
    return SqlCatalog(database, clock, read_only=read_only)
