"""Rows of streams that no segment refers to any more: found by reading little, deleted with a second look.

A segment's row names its streams whatever its state, and never changes. So that the rows of all segments need not be
read with each look, the caller hands in those that it has in memory. Only what is committed between a look and a
deletion can bring a stream back; that has larger ids, and is read again in the transaction that deletes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from sigyn.store.catalog import SegmentInfo
from sigyn.store.database import Database, Run
from sigyn.store.streams import Int64s, StreamTable, UnusedStreams

_PAGE_ROWS = 20_000  # for which a commit may have to wait
_AT_ONCE = 500  # ids in a statement; SQLite takes 32 766 values


def find_unused_streams(
    database: Database, segments: Iterable[SegmentInfo], remembered: Mapping[str, Sequence[int]]
) -> UnusedStreams:
    """Streams that no segment of the catalog refers to, whatever its state. Raises Unavailable.

    `segments` need not be read. `remembered` are ids that the process knows, and the catalog may have lost. Both have
    to be taken before this is called.
    """
    used: dict[str, list[Int64s]] = {}
    given: set[int] = set()
    for segment in segments:
        given.add(segment.id)
        used.setdefault(segment.tenant, []).append(segment.streams.ids)
    there = [int(id) for (id,) in database.query("SELECT id FROM segment")]
    for id in there:
        if id not in given:
            for tenant, streams in database.query("SELECT tenant, streams FROM segment WHERE id = ?", id):
                used.setdefault(tenant, []).append(StreamTable.from_bytes(streams).ids)
    unused = {}
    for tenant in _tenants(database):
        known = np.union1d(_ids(database, tenant), np.array(remembered.get(tenant, ()), np.int64))
        left = known[~_among(known, used.get(tenant, ()))]
        if len(left):
            unused[tenant] = left
    return UnusedStreams(unused, max(there, default=0))


def still_unused(run: Run, tenant: str, ids: Int64s, newest: int) -> Int64s:
    """Those of the ids (sorted) that no segment after `newest` refers to either."""
    rows = run("SELECT streams FROM segment WHERE id > ? AND tenant = ?", newest, tenant).fetchall()
    return ids[~_among(ids, [StreamTable.from_bytes(streams).ids for (streams,) in rows])]


def delete_streams(run: Run, tenant: str, ids: Int64s) -> None:
    """Deletes rows; those that are not there are passed over."""
    for begin in range(0, len(ids), _AT_ONCE):
        some = ids[begin : begin + _AT_ONCE].tolist()
        run(f"DELETE FROM stream WHERE tenant = ? AND id IN ({', '.join('?' * len(some))})", tenant, *some)


def _tenants(database: Database) -> Iterator[str]:
    """All tenants that ever had streams: each has a counter."""
    for (name,) in database.query("SELECT name FROM counter WHERE name LIKE ? ORDER BY name", "stream/%"):
        yield name.removeprefix("stream/")


def _ids(database: Database, tenant: str) -> Int64s:
    """Sorted ids of the tenant's streams."""
    pages = []
    last = 0
    while True:
        rows = database.query(
            f"SELECT id FROM stream WHERE tenant = ? AND id > ? ORDER BY id LIMIT {_PAGE_ROWS}", tenant, last
        )
        pages.append(np.array([id for (id,) in rows], np.int64))
        if len(rows) < _PAGE_ROWS:
            return np.concatenate(pages)
        last = int(rows[-1][0])


def _among(known: Int64s, used: Sequence[Int64s]) -> npt.NDArray[np.bool_]:
    """Which of the sorted ids are among the others."""
    found = np.zeros(len(known) + 1, np.bool_)  # the last one for those that are larger than all
    for ids in used:
        places = np.searchsorted(known, ids)
        same = known[np.minimum(places, len(known) - 1)] == ids if len(known) else np.zeros(len(ids), np.bool_)
        found[places[same]] = True
    return found[:-1]
