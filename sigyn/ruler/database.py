"""The ruler's own SQLite file: recorded series, alerts and their history, rules from the API, messages on their way.

It is not the catalog: losing it loses no entry of anybody's. docs/format/ruler.md draws its tables.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock
from typing import Any

from sigyn.model.errors import Unavailable

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE series (
            id INTEGER PRIMARY KEY,
            tenant TEXT NOT NULL,
            name TEXT NOT NULL,
            labels TEXT NOT NULL,
            UNIQUE (tenant, labels)
        )""",
        "CREATE INDEX series_by_name ON series (tenant, name)",
        """CREATE TABLE sample (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            series INTEGER NOT NULL,
            timestamp INTEGER NOT NULL,
            value,
            UNIQUE (series, timestamp)
        )""",
        "CREATE INDEX sample_by_time ON sample (timestamp)",
        "CREATE TABLE remote (url TEXT NOT NULL PRIMARY KEY, sent INTEGER NOT NULL)",
        """CREATE TABLE rule_group (
            tenant TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (tenant, namespace, name)
        )""",
        """CREATE TABLE group_state (
            tenant TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            state BLOB NOT NULL,
            PRIMARY KEY (tenant, namespace, name)
        )""",
        """CREATE TABLE message (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            receiver TEXT NOT NULL,
            created INTEGER NOT NULL,
            body BLOB NOT NULL
        )""",
    ),
    (
        """CREATE TABLE alert_change (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            labels TEXT NOT NULL,
            state TEXT NOT NULL,
            timestamp INTEGER NOT NULL,
            value REAL
        )""",
        "CREATE INDEX alert_change_by_time ON alert_change (tenant, timestamp)",
    ),
    ("ALTER TABLE message ADD COLUMN rule TEXT NOT NULL DEFAULT ''",),
)
"""Statements that lead from version n to version n + 1. Released ones never change."""

_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
_REMEDY = (
    "; stop the server and move the file and its `-wal` and `-shm` away: rules that came through the API, states and "
    "history of alerts, and series that rules recorded are lost then"
)


class RulerDatabase:
    """The file, or memory for `path` None. Calls block, and may come from any thread.

    A commit is in the file when it returns; what the last ones wrote can be lost when the machine (not
    the process) dies, and is then made anew by the next evaluation.
    """

    def __init__(self, path: Path | None) -> None:
        """Raises Unavailable when the file can't be used, or is of a newer version."""
        self.rolled_back = 0
        """Transactions that came to nothing: what was learned from rows that they wrote is not true."""
        self._name = str(path or "memory")
        self._lock = RLock()
        try:
            self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise self._unavailable(error) from error
        try:
            self.read("PRAGMA journal_mode=WAL")
            self.read("PRAGMA synchronous=NORMAL")
            self._migrate()
        except BaseException:
            self._connection.close()
            raise

    def read(self, statement: str, *values: object) -> list[Any]:
        """The rows of a statement."""
        with self._lock:
            try:
                return self._connection.execute(statement, values).fetchall()
            except sqlite3.Error as error:
                raise self._unavailable(error) from error

    def write(self, statement: str, *values: object) -> int:
        """Runs one statement; the number of rows that it changed."""
        with self.transaction() as connection:
            return connection.execute(statement, values).rowcount

    def write_many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Runs a statement for each of these rows."""
        with self.transaction() as connection:
            connection.executemany(statement, rows)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is done inside is kept, or with an error nothing. Raises Unavailable."""
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    self.rolled_back += 1
                    raise
                finally:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
            except sqlite3.Error as error:
                raise self._unavailable(error) from error

    def close(self) -> None:
        """Lets go of the file."""
        with self._lock:
            self._connection.close()

    def _migrate(self) -> None:
        with self.transaction() as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)")
            version = connection.execute("SELECT MAX(version) FROM version").fetchone()[0] or 0
            if version > len(MIGRATIONS):
                raise Unavailable(
                    f"the ruler's file `{self._name}` has version {version} of a newer Sigyn; "
                    f"this one knows {len(MIGRATIONS)}"
                )
            for number, statements in enumerate(MIGRATIONS[version:], version + 1):
                for statement in statements:
                    connection.execute(statement)
                connection.execute("INSERT INTO version (version) VALUES (?)", (number,))

    def _unavailable(self, error: sqlite3.Error) -> Unavailable:
        remedy = _REMEDY if getattr(error, "sqlite_errorcode", 0) in _DAMAGED else ""
        return Unavailable(f"the ruler's file `{self._name}` failed: {error}{remedy}")
