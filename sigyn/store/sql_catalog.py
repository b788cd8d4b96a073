"""The catalog in a SQL database."""

import secrets
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from threading import RLock
from uuid import uuid4

import numpy as np

from sigyn.model.errors import Unavailable
from sigyn.model.labels import Labels
from sigyn.model.time import Clock, system_clock
from sigyn.store.catalog import DeleteRequest, NewSegment, SegmentInfo
from sigyn.store.database import Database, Run
from sigyn.store.demoted import DemotedLabel
from sigyn.store.errors import UnknownFormat
from sigyn.store.schema import MIGRATIONS
from sigyn.store.segment import EncodedSegment
from sigyn.store.stream_rows import delete_streams, find_unused_streams, still_unused
from sigyn.store.streams import (
    Int64s,
    StreamRegistry,
    StreamTable,
    UnusedStreams,
    labels_from_text,
    labels_to_text,
)
from sigyn.store.tiers import address, split_address

_SEGMENT = (
    "id, tenant, object_key, level, first_timestamp, last_timestamp, row_count, text_bytes, object_bytes, checksum, "
    "created, arrival, streams"
)
_DELETE_REQUEST = "id, tenant, query, first_timestamp, last_timestamp, created, boundary, checked"

_DEMOTED = "name, reason, value_count, example, changed, promoted"
_EPOCH = "epoch/"
_PROBE = "probe"


class SqlCatalog:
    """The catalog in a database, `database`."""

    def __init__(self, database: Database, clock: Clock = system_clock, *, read_only: bool = False) -> None:
        """Takes the database over, and closes it when it can't be used. `read_only` changes nothing."""
        self.database = database
        self._clock = clock
        self._lock = RLock()
        self.registry = StreamRegistry(self.streams)
        try:
            if read_only:
                check_version(database)
                self._newest = self._counter("segment")
                return
            with database.transaction() as run:
                migrate(run, database.name)
            self.identity = self._identity()
            counters = database.query("SELECT name, value FROM counter WHERE name LIKE ?", f"{_EPOCH}%")
            self._newest = self._counter("segment")
            self._epochs: dict[str, int] = {name.removeprefix(_EPOCH): value for name, value in counters}
        except BaseException:
            database.close()
            raise

    @property
    def late_commits(self) -> int:
        """As in Catalog."""
        return self.database.late_commits

    def commit(
        self, added: Sequence[NewSegment], replaced: Sequence[int] = (), *, forgets: bool = False
    ) -> list[SegmentInfo]:
        """As in Catalog."""
        committed = []
        new_streams: dict[str, dict[Labels, int]] = {}
        with self._lock:
            with self.database.transaction() as run:
                for segment in added:
                    encoded = segment.encoded
                    ids = self._stream_ids(run, encoded, new_streams.setdefault(encoded.tenant, {}))
                    committed.append(self._insert(run, segment, encoded.streams.with_ids(ids)))
                for id in replaced:
                    tenant = _change_state(run, id, "live", "replaced")
                    if tenant is None:
                        raise Unavailable(f"segment {id} is no longer live and can't be replaced")
                    if forgets:
                        _next(run, f"{_EPOCH}{tenant}")
            for tenant, streams in new_streams.items():
                self.registry.add(tenant, ((id, labels) for labels, id in streams.items()))
            self._newest = max(self._newest, *(segment.id for segment in committed), 0)
        return committed

    def move(self, id: int, from_tier: str, to_tier: str) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            changed = run(
                "UPDATE segment SET tier = ? WHERE id = ? AND tier = ? AND state = 'live'", to_tier, id, from_tier
            )
            if changed.rowcount != 1:
                raise Unavailable(f"segment {id} is no longer live in tier `{from_tier}` and can't be moved")

    def live(self) -> list[SegmentInfo]:
        """As in Catalog."""
        return self._segments("live")

    def has_live(self, tier: str) -> bool:
        """As in Catalog."""
        found = self.database.query("SELECT 1 FROM segment WHERE state = 'live' AND tier = ? LIMIT 1", tier)
        return bool(found)

    def streams(self, tenant: str) -> Iterable[tuple[int, Labels]]:
        """As in Catalog."""
        rows = self.database.query("SELECT id, labels FROM stream WHERE tenant = ? ORDER BY id", tenant)
        return [(id, labels_from_text(text)) for id, text in rows]

    def unused_streams(self, segments: Iterable[SegmentInfo]) -> UnusedStreams:
        """As in Catalog."""
        return find_unused_streams(self.database, segments, self.registry.loaded())

    def forget_streams(self, tenant: str, ids: Int64s, newest: int) -> int:
        """As in Catalog."""
        with self._lock:
            with self.database.transaction() as run:
                ids = still_unused(run, tenant, ids, newest)
                # First: when it is not known whether this was done, commits ask the catalog for these streams.
                self.registry.doubt(tenant, ids.tolist())
                delete_streams(run, tenant, ids)
            self.registry.forget(tenant, ids.tolist())
        return len(ids)

    def replaced(self) -> list[tuple[int, str]]:
        """As in Catalog."""
        rows = self.database.query("SELECT id, tier, object_key FROM segment WHERE state = 'replaced' ORDER BY id")
        return [(id, address(tier, key)) for id, tier, key in rows]

    def forget(self, ids: Sequence[int]) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            for id in ids:
                run("DELETE FROM segment WHERE id = ? AND state = 'replaced'", id)

    def quarantine(self, id: int) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            tenant = _change_state(run, id, "live", "quarantined")
            if tenant is not None:
                _next(run, f"{_EPOCH}{tenant}")

    def quarantined(self) -> list[SegmentInfo]:
        """As in Catalog."""
        return self._segments("quarantined")

    def discard(self, id: int) -> bool:
        """As in Catalog."""
        with self.database.transaction() as run:
            return _change_state(run, id, "quarantined", "replaced") is not None

    def restore(self, id: int) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            tenant = _change_state(run, id, "quarantined", "live")
            if tenant is not None:
                _next(run, f"{_EPOCH}{tenant}")
            # The requests that were done while it was away have not looked at it.
            row = run("SELECT tenant, arrival, first_timestamp, last_timestamp FROM segment WHERE id = ?", id)
            for tenant, arrival, first, last in row.fetchall():
                run(
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
            with self.database.transaction() as run:
                epoch = _next(run, f"{_EPOCH}{tenant}")
            self._epochs[tenant] = epoch

    def knows(self, keys: Sequence[str]) -> set[str]:
        """As in Catalog."""
        known = "SELECT 1 FROM segment WHERE tier = ? AND object_key = ?"
        return {key for key in keys if self.database.query(known, *split_address(key))}

    @property
    def newest(self) -> int:
        """As in Catalog."""
        return self._newest

    def spare(self, before: int) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            _raise(run, "spared", before)

    def spared(self) -> int:
        """As in Catalog."""
        return self._counter("spared")

    def demoted(self, tenant: str) -> list[DemotedLabel]:
        """As in Catalog."""
        rows = self.database.query(f"SELECT {_DEMOTED} FROM demoted_label WHERE tenant = ? ORDER BY name", tenant)
        return [
            DemotedLabel(name, reason, values, example, changed, bool(promoted))
            for name, reason, values, example, changed, promoted in rows
        ]

    def demote(self, tenant: str, labels: Sequence[DemotedLabel]) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            for label in labels:
                run("DELETE FROM demoted_label WHERE tenant = ? AND name = ?", tenant, label.name)
                run(
                    f"INSERT INTO demoted_label (tenant, {_DEMOTED}) VALUES (?, ?, ?, ?, ?, ?, ?)",
                    tenant, label.name, label.reason, label.values, label.example, label.changed, int(label.promoted),
                )  # fmt: skip

    def add_delete_request(self, tenant: str, query: str, first: int, last: int) -> DeleteRequest:
        """As in Catalog."""
        with self.database.transaction() as run:
            row = run("SELECT value FROM counter WHERE name = 'segment'").fetchone()
            boundary = int(row[0]) if row else 0
            request = DeleteRequest(uuid4().hex[:16], tenant, query, first, last, self._clock(), boundary)
            _insert_delete_request(run, request)
            _next(run, f"{_EPOCH}{tenant}")
        return request

    def keep_delete_request(self, request: DeleteRequest) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            _insert_delete_request(run, request)
            _raise(run, "segment", request.boundary)

    def skip_ids(self, last: int) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            _raise(run, "segment", last)
        self._newest = max(self._newest, last)

    def delete_requests(self) -> list[DeleteRequest]:
        """As in Catalog."""
        rows = self.database.query(f"SELECT {_DELETE_REQUEST} FROM delete_request ORDER BY created, id")
        return [DeleteRequest(*row) for row in rows]

    def check_delete_requests(self, ids: Sequence[str], arrival: int) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            for id in ids:
                run("UPDATE delete_request SET checked = ? WHERE id = ? AND checked < ?", arrival, id, arrival)

    def cancel_delete_request(self, tenant: str, id: str) -> bool:
        """As in Catalog."""
        with self.database.transaction() as run:
            cancelled = run("DELETE FROM delete_request WHERE tenant = ? AND id = ?", tenant, id).rowcount == 1
            if cancelled:
                _next(run, f"{_EPOCH}{tenant}")
        return cancelled

    def probe(self) -> None:
        """As in Catalog."""
        with self.database.transaction() as run:
            _raise(run, _PROBE, 1)
            run("DELETE FROM counter WHERE name = ?", _PROBE)

    def close(self) -> None:
        """As in Catalog."""
        self.database.close()

    def _counter(self, name: str) -> int:
        rows = self.database.query("SELECT value FROM counter WHERE name = ?", name)
        return int(rows[0][0]) if rows else 0

    def _segments(self, state: str) -> list[SegmentInfo]:
        rows = self.database.query(f"SELECT tier, {_SEGMENT} FROM segment WHERE state = ? ORDER BY id", state)
        return [
            SegmentInfo(*[id, tenant, address(tier, key), *rest, StreamTable.from_bytes(streams)])
            for tier, id, tenant, key, *rest, streams in rows
        ]

    def _stream_ids(self, run: Run, encoded: EncodedSegment, new: dict[Labels, int]) -> Int64s:
        """Ids of a segment's streams; those that the catalog lacks are inserted and put into `new`."""
        ids = np.empty(len(encoded.labels), np.int64)
        for ordinal, labels in enumerate(encoded.labels):
            id = self.registry.find(encoded.tenant, labels)
            if id is None:
                id = new.get(labels)
            if id is None:
                id = new[labels] = _insert_stream(run, encoded.tenant, labels)
            ids[ordinal] = id
        return ids

    def _insert(self, run: Run, segment: NewSegment, streams: StreamTable) -> SegmentInfo:
        encoded = segment.encoded
        id = _next(run, "segment")
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
        run(
            f"INSERT INTO segment (tier, {_SEGMENT}, state) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'live')",
            tier, info.id, info.tenant, key, info.level, info.first, info.last, info.rows, info.text_bytes,
            info.object_bytes, info.checksum, info.created, info.arrival, streams.to_bytes(),
        )  # fmt: skip
        return info

    def _identity(self) -> int:
        with self.database.transaction() as run:
            run("INSERT INTO counter (name, value) VALUES ('identity', ?) ON CONFLICT DO NOTHING", secrets.randbits(63))
            return int(run("SELECT value FROM counter WHERE name = 'identity'").fetchone()[0])


def check_version(database: Database) -> None:
    """Raises UnknownFormat when a catalog has another version than the newest, and Unavailable."""
    version = database.query("SELECT MAX(version) FROM version")[0][0]
    if version is not None and version > len(MIGRATIONS):
        raise _too_new(database.name, version)
    if version != len(MIGRATIONS):
        raise UnknownFormat(
            f"catalog `{database.name}` has version {version}; this Sigyn reads {len(MIGRATIONS)}, and a "
            "start of its server brings an older one there"
        )


def migrate(run: Run, name: str) -> None:
    """Makes the tables of a catalog, or brings those of an older one to the newest version. Raises UnknownFormat.

    `name` is what errors call it.
    """
    run("CREATE TABLE IF NOT EXISTS version (version INTEGER NOT NULL)")
    row = run("SELECT MAX(version) FROM version").fetchone()
    version = row[0] or 0
    if version > len(MIGRATIONS):
        raise _too_new(name, version)
    for number, statements in enumerate(MIGRATIONS[version:], version + 1):
        for statement in statements:
            run(statement)
        run("INSERT INTO version (version) VALUES (?)", number)


def _too_new(name: str, version: int) -> UnknownFormat:
    return UnknownFormat(f"catalog `{name}` has version {version} of a newer Sigyn; this one knows {len(MIGRATIONS)}")


def _insert_stream(run: Run, tenant: str, labels: Labels) -> int:
    text = labels_to_text(labels)
    fingerprint = blake2b(text.encode(), digest_size=16).hexdigest()
    id = _next(run, f"stream/{tenant}")
    run(
        "INSERT INTO stream (tenant, id, fingerprint, labels) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
        tenant, id, fingerprint, text,
    )  # fmt: skip
    found = run("SELECT id FROM stream WHERE tenant = ? AND fingerprint = ?", tenant, fingerprint).fetchone()
    return int(found[0])


def _change_state(run: Run, id: int, before: str, after: str) -> str | None:
    """The tenant of a segment whose state was changed; None when it was not in the state `before`."""
    row = run("UPDATE segment SET state = ? WHERE id = ? AND state = ? RETURNING tenant", after, id, before)
    changed = row.fetchone()
    return None if changed is None else str(changed[0])


def _insert_delete_request(run: Run, request: DeleteRequest) -> None:
    run(
        f"INSERT INTO delete_request ({_DELETE_REQUEST}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        request.id, request.tenant, request.query, request.first, request.last, request.created,
        request.boundary, request.checked,
    )  # fmt: skip


def _raise(run: Run, name: str, value: int) -> None:
    """Makes a counter this large, unless it is larger."""
    run(
        "INSERT INTO counter (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE counter.value < excluded.value",
        name, value,
    )  # fmt: skip


def _next(run: Run, name: str) -> int:
    """The next number of a counter; numbers of a transaction that fails are given again."""
    row = run(
        "INSERT INTO counter (name, value) VALUES (?, 1) "
        "ON CONFLICT (name) DO UPDATE SET value = counter.value + 1 RETURNING value",
        name,
    ).fetchone()
    return int(row[0])
