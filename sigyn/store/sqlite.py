"""The catalog in SQLite."""

import secrets
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path
from threading import RLock
from typing import Any
from uuid import uuid4

import numpy as np

from sigyn.model.errors import Unavailable
from sigyn.model.labels import Labels
from sigyn.model.time import Clock, system_clock
from sigyn.store.catalog import DeleteRequest, NewSegment, SegmentInfo
from sigyn.store.demoted import DemotedLabel
from sigyn.store.errors import UnknownFormat
from sigyn.store.schema import MIGRATIONS, SQLITE
from sigyn.store.segment import EncodedSegment
from sigyn.store.streams import Int64s, StreamRegistry, StreamTable, labels_from_text, labels_to_text
from sigyn.store.tiers import address, split_address

_SEGMENT = (
    "id, tenant, object_key, level, first_timestamp, last_timestamp, row_count, text_bytes, object_bytes, checksum, "
    "created, arrival, streams"
)
_DELETE_REQUEST = "id, tenant, query, first_timestamp, last_timestamp, created, boundary, checked"

_DEMOTED = "name, reason, value_count, example, changed, promoted"
_EPOCH = "epoch/"


class SqliteCatalog:
    """The catalog in a SQLite file, or in memory for `path` None.

    WAL with synchronous=FULL: a commit is one append to the log, fsynced.
    """

    def __init__(self, path: Path | None, clock: Clock = system_clock, *, read_only: bool = False) -> None:
        """`read_only` looks at a file that another process may be writing to, and changes nothing."""
        self._name = str(path or "memory")
        self._clock = clock
        self._lock = RLock()
        self.registry = StreamRegistry(self.streams)
        try:
            target = f"{path.resolve().as_uri()}?mode=ro" if path and read_only else path or ":memory:"
            self._connection = sqlite3.connect(
                target, isolation_level=None, check_same_thread=False, uri=bool(path) and read_only
            )
        except sqlite3.Error as error:
            raise self._unavailable(error) from error
        try:
            if read_only:
                self._check_version()
                return
            self._query("PRAGMA journal_mode=WAL")
            self._query("PRAGMA synchronous=FULL")
            self._migrate()
            self.identity = self._identity()
            counters = self._query("SELECT name, value FROM counter WHERE name LIKE ?", f"{_EPOCH}%")
            self._epochs: dict[str, int] = {name.removeprefix(_EPOCH): value for name, value in counters}
        except BaseException:
            self._connection.close()
            raise

    def commit(
        self, added: Sequence[NewSegment], replaced: Sequence[int] = (), *, forgets: bool = False
    ) -> list[SegmentInfo]:
        """As in Catalog."""
        committed = []
        new_streams: dict[str, dict[Labels, int]] = {}
        with self._lock:
            with self._transaction():
                for segment in added:
                    encoded = segment.encoded
                    ids = self._stream_ids(encoded, new_streams.setdefault(encoded.tenant, {}))
                    committed.append(self._insert(segment, encoded.streams.with_ids(ids)))
                for id in replaced:
                    tenant = self._change_state(id, "live", "replaced")
                    if tenant is None:
                        raise Unavailable(f"segment {id} is no longer live and can't be replaced")
                    if forgets:
                        self._next(f"{_EPOCH}{tenant}")
            for tenant, streams in new_streams.items():
                self.registry.add(tenant, ((id, labels) for labels, id in streams.items()))
        return committed

    def move(self, id: int, from_tier: str, to_tier: str) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            changed = self._run(
                "UPDATE segment SET tier = ? WHERE id = ? AND tier = ? AND state = 'live'", to_tier, id, from_tier
            )
            if changed.rowcount != 1:
                raise Unavailable(f"segment {id} is no longer live in tier `{from_tier}` and can't be moved")

    def live(self) -> list[SegmentInfo]:
        """As in Catalog."""
        return self._segments("live")

    def streams(self, tenant: str) -> Iterable[tuple[int, Labels]]:
        """As in Catalog."""
        rows = self._query("SELECT id, labels FROM stream WHERE tenant = ? ORDER BY id", tenant)
        return [(id, labels_from_text(text)) for id, text in rows]

    def replaced(self) -> list[tuple[int, str]]:
        """As in Catalog."""
        rows = self._query("SELECT id, tier, object_key FROM segment WHERE state = 'replaced' ORDER BY id")
        return [(id, address(tier, key)) for id, tier, key in rows]

    def forget(self, ids: Sequence[int]) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            for id in ids:
                self._run("DELETE FROM segment WHERE id = ? AND state = 'replaced'", id)

    def quarantine(self, id: int) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            tenant = self._change_state(id, "live", "quarantined")
            if tenant is not None:
                self._next(f"{_EPOCH}{tenant}")

    def quarantined(self) -> list[SegmentInfo]:
        """As in Catalog."""
        return self._segments("quarantined")

    def restore(self, id: int) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            tenant = self._change_state(id, "quarantined", "live")
            if tenant is not None:
                self._next(f"{_EPOCH}{tenant}")
            # The requests that were done while it was away have not looked at it.
            row = self._run("SELECT tenant, arrival, first_timestamp, last_timestamp FROM segment WHERE id = ?", id)
            for tenant, arrival, first, last in row.fetchall():
                self._run(
                    "UPDATE delete_request SET checked = ? WHERE tenant = ? AND boundary >= ? AND checked >= ? "
                    "AND first_timestamp <= ? AND last_timestamp >= ?",
                    arrival - 1, tenant, arrival, arrival, last, first,
                )  # fmt: skip

    def epoch(self, tenant: str) -> int:
        """As in Catalog."""
        return self._epochs.get(tenant, 0)

    def bump_epoch(self, tenant: str) -> None:
        """As in Catalog."""
        with self._lock:
            with self._transaction():
                epoch = self._next(f"{_EPOCH}{tenant}")
            self._epochs[tenant] = epoch

    def knows(self, keys: Sequence[str]) -> set[str]:
        """As in Catalog."""
        known = "SELECT 1 FROM segment WHERE tier = ? AND object_key = ?"
        return {key for key in keys if self._query(known, *split_address(key))}

    def demoted(self, tenant: str) -> list[DemotedLabel]:
        """As in Catalog."""
        rows = self._query(f"SELECT {_DEMOTED} FROM demoted_label WHERE tenant = ? ORDER BY name", tenant)
        return [
            DemotedLabel(name, reason, values, example, changed, bool(promoted))
            for name, reason, values, example, changed, promoted in rows
        ]

    def demote(self, tenant: str, labels: Sequence[DemotedLabel]) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            for label in labels:
                self._run("DELETE FROM demoted_label WHERE tenant = ? AND name = ?", tenant, label.name)
                self._run(
                    f"INSERT INTO demoted_label (tenant, {_DEMOTED}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    tenant, label.name, label.reason, label.values, label.example, label.changed, int(label.promoted),
                )  # fmt: skip

    def add_delete_request(self, tenant: str, query: str, first: int, last: int) -> DeleteRequest:
        """As in Catalog."""
        with self._lock, self._transaction():
            row = self._run("SELECT value FROM counter WHERE name = 'segment'").fetchone()
            boundary = int(row[0]) if row else 0
            request = DeleteRequest(uuid4().hex[:16], tenant, query, first, last, self._clock(), boundary)
            self._insert_delete_request(request)
            self._next(f"{_EPOCH}{tenant}")
        return request

    def keep_delete_request(self, request: DeleteRequest) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            self._insert_delete_request(request)
            self._skip_ids(request.boundary)

    def skip_ids(self, last: int) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            self._skip_ids(last)

    def delete_requests(self) -> list[DeleteRequest]:
        """As in Catalog."""
        rows = self._query(f"SELECT {_DELETE_REQUEST} FROM delete_request ORDER BY created, id")
        return [DeleteRequest(*row) for row in rows]

    def check_delete_requests(self, ids: Sequence[str], arrival: int) -> None:
        """As in Catalog."""
        with self._lock, self._transaction():
            for id in ids:
                self._run("UPDATE delete_request SET checked = ? WHERE id = ? AND checked < ?", arrival, id, arrival)

    def cancel_delete_request(self, tenant: str, id: str) -> bool:
        """As in Catalog."""
        with self._lock, self._transaction():
            cancelled = self._run("DELETE FROM delete_request WHERE tenant = ? AND id = ?", tenant, id).rowcount == 1
            if cancelled:
                self._next(f"{_EPOCH}{tenant}")
        return cancelled

    def close(self) -> None:
        """As in Catalog."""
        with self._lock:
            self._connection.close()

    def _segments(self, state: str) -> list[SegmentInfo]:
        rows = self._query(f"SELECT tier, {_SEGMENT} FROM segment WHERE state = ? ORDER BY id", state)
        return [
            SegmentInfo(*[id, tenant, address(tier, key), *rest, StreamTable.from_bytes(streams)])
            for tier, id, tenant, key, *rest, streams in rows
        ]

    def _stream_ids(self, encoded: EncodedSegment, new: dict[Labels, int]) -> Int64s:
        """Ids of a segment's streams; those that the catalog lacks are inserted and put into `new`."""
        ids = np.empty(len(encoded.labels), np.int64)
        for ordinal, labels in enumerate(encoded.labels):
            id = self.registry.find(encoded.tenant, labels)
            if id is None:
                id = new.get(labels)
            if id is None:
                id = new[labels] = self._insert_stream(encoded.tenant, labels)
            ids[ordinal] = id
        return ids

    def _insert_stream(self, tenant: str, labels: Labels) -> int:
        text = labels_to_text(labels)
        fingerprint = blake2b(text.encode(), digest_size=16).hexdigest()
        id = self._next(f"stream/{tenant}")
        self._run(
            "INSERT INTO stream (tenant, id, fingerprint, labels) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            tenant, id, fingerprint, text,
        )  # fmt: skip
        found = self._run("SELECT id FROM stream WHERE tenant = ? AND fingerprint = ?", tenant, fingerprint).fetchone()
        return int(found[0])

    def _change_state(self, id: int, before: str, after: str) -> str | None:
        """The tenant of a segment whose state was changed; None when it was not in the state `before`."""
        row = self._run("UPDATE segment SET state = ? WHERE id = ? AND state = ? RETURNING tenant", after, id, before)
        changed = row.fetchone()
        return None if changed is None else str(changed[0])

    def _insert(self, segment: NewSegment, streams: StreamTable) -> SegmentInfo:
        encoded = segment.encoded
        id = self._next("segment")
        info = SegmentInfo(
            id=id,
            tenant=encoded.tenant,
            key=segment.key,
            level=encoded.level,
            first=encoded.first,
            last=encoded.last,
            rows=encoded.rows,
            text_bytes=encoded.text_bytes,
            object_bytes=len(encoded.body),
            checksum=encoded.checksum,
            created=self._clock(),
            arrival=id if segment.arrival is None else segment.arrival,
            streams=streams,
        )
        tier, key = split_address(info.key)
        self._run(
            f"INSERT INTO segment (tier, {_SEGMENT}, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live')",
            tier, info.id, info.tenant, key, info.level, info.first, info.last, info.rows, info.text_bytes,
            info.object_bytes, info.checksum, info.created, info.arrival, streams.to_bytes(),
        )  # fmt: skip
        return info

    def _insert_delete_request(self, request: DeleteRequest) -> None:
        self._run(
            f"INSERT INTO delete_request ({_DELETE_REQUEST}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            request.id, request.tenant, request.query, request.first, request.last, request.created,
            request.boundary, request.checked,
        )  # fmt: skip

    def _skip_ids(self, last: int) -> None:
        self._run(
            "INSERT INTO counter (name, value) VALUES ('segment', ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE counter.value < excluded.value",
            last,
        )

    def _next(self, name: str) -> int:
        """The next number of a counter; numbers of a transaction that fails are given again."""
        row = self._run(
            "INSERT INTO counter (name, value) VALUES (?, 1) "
            "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
            name,
        ).fetchone()
        return int(row[0])

    def _check_version(self) -> None:
        version = self._query("SELECT MAX(version) FROM version")[0][0]
        if version != len(MIGRATIONS):
            raise UnknownFormat(
                f"catalog `{self._name}` has version {version}; this Sigyn reads {len(MIGRATIONS)}, and a start of "
                "its server brings an older one there"
            )

    def _identity(self) -> int:
        with self._lock, self._transaction():
            self._run(
                "INSERT INTO counter (name, value) VALUES ('identity', ?) ON CONFLICT DO NOTHING", secrets.randbits(63)
            )
            return int(self._run("SELECT value FROM counter WHERE name = 'identity'").fetchone()[0])

    def _migrate(self) -> None:
        with self._lock, self._transaction():
            self._run("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)")
            row = self._run("SELECT MAX(version) FROM version").fetchone()
            version = row[0] or 0
            if version > len(MIGRATIONS):
                raise UnknownFormat(
                    f"catalog `{self._name}` has version {version} of a newer Sigyn; this one knows {len(MIGRATIONS)}"
                )
            for number, statements in enumerate(MIGRATIONS[version:], version + 1):
                for statement in statements:
                    self._run(statement)
                self._run("INSERT INTO version (version) VALUES (?)", number)

    def _run(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._connection.execute(SQLITE.translate(statement), values)

    def _query(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            try:
                return self._run(statement, *values).fetchall()
            except sqlite3.Error as error:
                raise self._unavailable(error) from error

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: sqlite3.Error) -> Unavailable:
        return Unavailable(f"catalog `{self._name}` failed: {error}")
