"""PostgreSQL as the database of a catalog.

One process owns a catalog: it holds an advisory lock on the connection on which it writes, so that whoever can write is
the owner. A connection that breaks is made anew with the next call; that another process owned the
catalog meanwhile shows in a counter, and then nothing is written any more. Nor is it when a counter of commits
tells that the database went back, as when a copy takes over that lagged behind: it would give ids again that
this process knows others by.

A connection that breaks during COMMIT leaves open whether the transaction is done. Its id tells, once the
database can be asked again.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from threading import RLock
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.secret_urls import hide_secrets
from sigyn.model.time import Clock, system_clock
from sigyn.store.database import Run
from sigyn.store.errors import FolderInUse
from sigyn.store.schema import POSTGRESQL
from sigyn.store.sql_catalog import SqlCatalog

_CONNECT_SECONDS = 5
_STATEMENT_MILLISECONDS = 60_000
ANSWER_SECONDS = 75.0
"""How long a database may leave a statement without an answer; it breaks one off itself before that, if it runs."""
_STREAMED_ROWS = 1000  # a row of a segment with many streams takes some 100 KB
_LOCK_SECONDS = 10.0  # a process that was killed may keep the lock for a moment
_OWNER = 0x51679CA7  # with the next one the key of the advisory lock
_LOCK_OF_SCHEMA = "hashtext(COALESCE(current_schema(), ''))"
_SESSION = (
    f"SET statement_timeout = {_STATEMENT_MILLISECONDS}",
    "SET synchronous_commit = on",
    "SET tcp_keepalives_idle = 10",  # the database lets go of a machine that is gone
    "SET tcp_keepalives_interval = 5",
    "SET tcp_keepalives_count = 3",
)
_COMMITS = "SELECT 1 FROM pg_attribute WHERE attrelid = 'ownership'::regclass AND attname = 'commits'"
_COUNT_COMMIT = "UPDATE ownership SET commits = commits + 1 RETURNING txid_current(), commits"
_KEEPALIVES = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 20_000}

_WHOLE_ENCODINGS = ("UTF8", "SQL_ASCII")
"""Of databases that hold every text: the latter takes bytes as they come."""

_Result = TypeVar("_Result")


class _Connection(psycopg.Connection[TupleRow]):
    """One that breaks when no answer comes, as from a database that was stopped, or whose disk stands still."""

    def wait(self, gen: PQGen[_Result], interval: float = 0.1, timeout: float | None = None) -> _Result:
        try:
            return super().wait(gen, interval, ANSWER_SECONDS if timeout is None else timeout)
        except psycopg.OperationalError as error:
            if self.pgconn.transaction_status != TransactionStatus.ACTIVE:
                raise  # it is the answer
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no answer within {ANSWER_SECONDS:g} s") from error


class PostgresDatabase:
    """A database of PostgreSQL 12 or later, tables in the schema that is the first of its search path."""

    def __init__(self, url: str, *, read_only: bool = False) -> None:
        """`read_only` looks at a catalog that another process may own.

        Raises Unavailable when it can't be reached, FolderInUse when another process owns it, and BadRequest
        for a URL that makes no sense and for a database that can't hold every text.
        """
        self.name = name_of(url)
        self.late_commits = 0
        self._url = url
        self._read_only = read_only
        self._closed = False
        self._reading = RLock()
        self._writing = RLock()
        self._reader: _Connection | None = None
        self._writer: _Connection | None = None
        self._ownership = 0
        self._commits = 0
        self._in_doubt: list[int] = []  # ids of transactions
        if read_only:
            with self._reading:
                self._reader = self._connect()
                self._check_encoding(self._reader)
        else:
            with self._writing:
                self._writer = self._own()

    def query(self, statement: str, *values: object) -> list[Any]:
        """As in Database."""
        with self._reading:
            for attempt in (1, 2):
                try:
                    if self._reader is None:
                        self._reader = self._connect()
                    return _decoded(_execute(self._reader, statement, values).fetchall())
                except psycopg.Error as error:
                    if self._reader is not None and self._reader.broken and attempt == 1:
                        self._reader = None  # it broke while nobody used it
                        continue
                    raise self._unavailable(error) from error
        raise AssertionError("unreachable")

    @contextmanager
    def as_of_one_instant(self) -> Iterator[Callable[[str], Iterator[Any]]]:
        """Gives the rows of statements, a few at a time, all as of one instant. Raises Unavailable."""
        connection = self._connect()
        try:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield lambda statement: _streamed(connection, statement)
        except psycopg.Error as error:
            raise self._unavailable(error) from error
        finally:
            connection.close()

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """As in Database."""
        with self._writing:
            connection, id, commits = self._begin()
            try:
                yield lambda statement, *values: _Rows(_execute(connection, statement, values))
            except BaseException as error:
                self._roll_back(connection)
                if isinstance(error, psycopg.Error):
                    raise self._unavailable(error) from error
                raise
            self._commit(connection, id)
            self._commits = commits

    def has_table(self, name: str) -> bool:
        """As in Database."""
        return bool(self.query("SELECT 1 FROM pg_tables WHERE schemaname = current_schema() AND tablename = ?", name))

    def close(self) -> None:
        """As in Database."""
        self._closed = True
        for lock, connection in ((self._reading, self._reader), (self._writing, self._writer)):
            with lock:
                if connection is not None:
                    connection.close()

    def _begin(self) -> tuple[_Connection, int, int]:
        """A connection in a transaction, the transaction's id, and which one of all it is."""
        for attempt in (1, 2):
            try:
                if self._writer is None:
                    self._writer = self._own()
                self._writer.execute("BEGIN")
                row = self._writer.execute(_COUNT_COMMIT).fetchone()
                if row is None or row[1] != self._commits + 1:
                    self._roll_back(self._writer)
                    raise self._put_back()
                return self._writer, int(row[0]), int(row[1])
            except psycopg.Error as error:
                if self._writer is not None:
                    self._writer.close()
                    self._writer = None
                    if attempt == 1:
                        continue  # it broke while nobody used it
                raise self._unavailable(error) from error
        raise AssertionError("unreachable")

    def _roll_back(self, connection: _Connection) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()
            self._writer = None

    def _commit(self, connection: _Connection, id: int) -> None:
        try:
            connection.execute("COMMIT")
            return
        except psycopg.Error as error:
            connection.close()
            self._writer = None
            failure = error
        try:
            self._writer = self._own()
            if self._is_committed(self._writer, id):
                return
        except (psycopg.Error, Unavailable, FolderInUse):
            self._in_doubt.append(id)  # what became of it shows when the database is back
        raise self._unavailable(failure) from failure

    def _own(self) -> _Connection:
        """A connection that holds the lock; transactions in doubt are settled. Raises Unavailable and FolderInUse.

        What takes no writes is known here at the latest: `_begin`, which is refused, comes here before it gives up.
        """
        connection = self._connect()
        try:
            if not self._ownership:
                self._check_encoding(connection)
            self._take_lock(connection)
            self._count_ownership(connection)
            for id in self._in_doubt:
                self.late_commits += self._is_committed(connection, id)
            self._in_doubt.clear()
        except psycopg.errors.ReadOnlySqlTransaction as error:
            with closing(connection):
                raise self._takes_no_writes(connection) from error
        except BaseException as error:
            connection.close()
            if isinstance(error, psycopg.Error):
                raise self._unavailable(error) from error
            raise
        return connection

    def _check_encoding(self, connection: _Connection) -> None:
        """Raises BadRequest, with nothing left open, when not every label can be written."""
        encoding = connection.info.parameter_status("server_encoding")
        if encoding not in _WHOLE_ENCODINGS:
            connection.close()
            raise BadRequest(
                f"the database of catalog `{self.name}` has the encoding {encoding}, which can't hold every label: "
                "make one with CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0"
            )

    def _take_lock(self, connection: _Connection) -> None:
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            row = connection.execute(f"SELECT pg_try_advisory_lock({_OWNER}, {_LOCK_OF_SCHEMA})").fetchone()
            if row is not None and row[0]:
                return
            if self._closed or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        holder = connection.execute(
            "SELECT COALESCE(host(client_addr), 'this machine') || ', process ' || a.pid || ' of the database' "
            "FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE l.locktype = 'advisory' AND l.granted "
            f"AND (l.classid, l.objid) = ({_OWNER}, {_LOCK_OF_SCHEMA}::bigint & 4294967295) AND l.database = "
            "(SELECT oid FROM pg_database WHERE datname = current_database()) LIMIT 1"
        ).fetchone()
        in_use = f"catalog `{self.name}` is in use by a Sigyn on {holder[0] if holder else '(unknown)'}; "
        if self._ownership:  # whoever sends entries has to keep them: this is no mistake of theirs
            raise Unavailable(f"{in_use}this process owned it before: stop one of them, and start this one again")
        raise FolderInUse(f"{in_use}stop that one, or choose another catalog with storage.catalog")

    def _count_ownership(self, connection: _Connection) -> None:
        """Notes a new owner. Raises Unavailable when there was another since then, or the database went back."""
        connection.execute("CREATE TABLE IF NOT EXISTS ownership (number BIGINT NOT NULL)")
        if connection.execute(_COMMITS).fetchone() is None:  # of an older Sigyn
            connection.execute("ALTER TABLE ownership ADD COLUMN commits BIGINT NOT NULL DEFAULT 0")
        row = connection.execute("SELECT COALESCE(MAX(number), 0), COALESCE(MAX(commits), 0) FROM ownership").fetchone()
        assert row is not None
        number, commits = int(row[0]), int(row[1])
        if not self._ownership:
            connection.execute("BEGIN")
            connection.execute("DELETE FROM ownership")
            connection.execute("INSERT INTO ownership (number, commits) VALUES (%s, %s)", (number + 1, commits))
            connection.execute("COMMIT")
            self._ownership = number + 1
        elif number < self._ownership or (number == self._ownership and commits < self._commits):
            raise self._put_back()
        elif number > self._ownership:
            raise Unavailable(
                f"catalog `{self.name}` was used by another Sigyn while it could not be reached from here; "
                "what this process knows is out of date: stop one of them, and start this one again"
            )
        self._commits = commits  # one in doubt may be among them

    def _put_back(self) -> Unavailable:
        return Unavailable(
            f"catalog `{self.name}` lacks what this process has committed to it: the database was put back, as by a "
            "backup or a copy that lagged behind; start this process again, and it tells what the catalog lacks"
        )

    def _is_committed(self, connection: _Connection, id: int) -> bool:
        """What became of a transaction of ours; none is still in progress, as the lock is ours again."""
        try:
            row = connection.execute("SELECT txid_status(%s)", (id,)).fetchone()
        except psycopg.errors.InvalidParameterValue:  # the database is a copy that never saw it
            return False
        return row is not None and row[0] == "committed"

    def _connect(self) -> _Connection:
        if self._closed:
            raise Unavailable(f"catalog `{self.name}` is closed")
        options: dict[str, Any] = {"connect_timeout": _CONNECT_SECONDS, "application_name": "sigyn", **_KEEPALIVES}
        options["client_encoding"] = "UTF8"  # of a database in SQL_ASCII texts would come back as bytes
        try:
            connection = _Connection.connect(self._url, autocommit=True, prepare_threshold=None, **options)
        except psycopg.ProgrammingError as error:
            raise _not_understood(self._url, error) from error
        except psycopg.Error as error:
            raise self._unavailable(error) from error
        try:
            for statement in (*_SESSION, *(["SET default_transaction_read_only = on"] if self._read_only else [])):
                connection.execute(statement)
        except psycopg.Error as error:
            connection.close()
            raise self._unavailable(error) from error
        return connection

    def _takes_no_writes(self, connection: _Connection) -> Unavailable:
        try:
            row = connection.execute("SELECT pg_is_in_recovery(), current_user, current_database()").fetchone()
        except psycopg.Error as error:
            return self._unavailable(error)
        assert row is not None
        is_standby, role, database = row
        if is_standby:
            return Unavailable(
                f"catalog `{self.name}` takes no writes: the database is a standby; name the primary in "
                "storage.catalog, or both and `?target_session_attrs=read-write`, or promote this one"
            )
        return Unavailable(
            f"catalog `{self.name}` takes no writes: default_transaction_read_only is on for the role `{role}`, "
            f"the database `{database}` or the whole server; reset it there, as with ALTER ROLE {role} RESET "
            "default_transaction_read_only, or name a role that may write in storage.catalog"
        )

    def _unavailable(self, error: psycopg.Error) -> Unavailable:
        return Unavailable(f"catalog `{self.name}` failed: {_said(error, self._url)}")


class _Rows:
    """The rows of a statement, texts as they were given."""

    def __init__(self, cursor: psycopg.Cursor[TupleRow]) -> None:
        self.rowcount = cursor.rowcount
        self._cursor = cursor

    def fetchone(self) -> Any:
        row = self._cursor.fetchone()
        return None if row is None else _decoded([row])[0]

    def fetchall(self) -> list[Any]:
        return _decoded(self._cursor.fetchall())


def _execute(connection: _Connection, statement: str, values: Sequence[object]) -> psycopg.Cursor[TupleRow]:
    encoded = [_escape(value) if isinstance(value, str) else value for value in values]
    return connection.execute(POSTGRESQL.translate(statement).encode(), encoded or None)


def _streamed(connection: _Connection, statement: str) -> Iterator[Any]:
    with connection.cursor(name="rows") as cursor:
        cursor.execute(POSTGRESQL.translate(statement).encode())
        while rows := cursor.fetchmany(_STREAMED_ROWS):
            yield from _decoded(rows)


def _decoded(rows: Sequence[TupleRow]) -> list[Any]:
    return [tuple(_unescape(value) if isinstance(value, str) else value for value in row) for row in rows]


def _escape(text: str) -> str:
    """A text of PostgreSQL, which can't hold the character 0: it is written as 1 and `0`, and 1 as 1 and `1`."""
    if "\0" in text or "\1" in text:
        return text.replace("\1", "\1" + "1").replace("\0", "\1" + "0")
    return text


def _unescape(text: str) -> str:
    if "\1" in text:
        return text.replace("\1" + "0", "\0").replace("\1" + "1", "\1")
    return text


def name_of(url: str) -> str:
    """The URL without its user, password and options."""
    scheme, _, place = url.partition("://")
    return f"{scheme}://{_behind_user(place).partition('?')[0]}"


def _behind_user(place: str) -> str:
    """What follows the user and password, as libpq tells them from the rest."""
    user, at, rest = place.partition("@")
    return rest if at and "/" not in user else place


def check_url(url: str) -> None:
    """Raises BadRequest for a URL that makes no sense; the database is not asked."""
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise _not_understood(url, error) from error


def _not_understood(url: str, error: psycopg.Error) -> BadRequest:
    return BadRequest(f"storage.catalog `{name_of(url)}` can't be understood: {_said(error, url)}")


def _said(error: psycopg.Error, url: str) -> str:
    return hide_secrets(str(error).strip().partition("\n")[0], url)


def postgres_catalog(url: str, clock: Clock = system_clock, *, read_only: bool = False) -> SqlCatalog:
    """The catalog in a PostgreSQL database.

    Raises Unavailable, FolderInUse when another process owns it, BadRequest for a URL that makes no sense, and
    UnknownFormat.
    """
    return SqlCatalog(PostgresDatabase(url, read_only=read_only), clock, read_only=read_only)
