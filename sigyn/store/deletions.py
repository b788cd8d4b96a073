"""Delete requests: entries that are to go, out of every answer at once and out of the objects later.

A request takes what had arrived when it was made. Which entries those are is told by the segment:
`arrival` is the id of the segment that a group commit wrote, and of what compactions make of several the
largest. So that this stays true, a compaction never brings together what arrived before a request
and what arrived after it, until the request is done.

Each request is a document too (sigyn/store/delete_documents.py), in the object store before it is acknowledged.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from threading import Lock

from sigyn.model.delete_modes import DeleteModes
from sigyn.model.errors import BadRequest, NotFound, TooManyRequests, Unavailable
from sigyn.store.catalog import Catalog, DeleteRequest, SegmentInfo
from sigyn.store.delete_documents import document_of
from sigyn.store.documents import Documents
from sigyn.store.live import LiveSegments


@dataclass(frozen=True, slots=True)
class DeleteProgress:
    """A request, and how much of the text that it had to look at is done with, from 0 to 1.

    archived  objects that have to be restored from an archive before it can go on
    """

    request: DeleteRequest
    done: float
    archived: int = 0


class Deletions:
    """The delete requests of a store, as the catalog has them; safe to use from several threads.

    `modes` says what they do.
    """

    def __init__(
        self, catalog: Catalog, live: LiveSegments, documents: Documents, most_unprocessed: int, modes: DeleteModes
    ) -> None:
        self.modes = modes
        self._catalog = catalog
        self._live = live
        self._documents = documents
        self._most = most_unprocessed
        self._lock = Lock()
        self._unprocessed: dict[str, tuple[DeleteRequest, ...]] = {}
        self._refused: list[DeleteRequest] = []
        self.refresh()

    def add(self, tenant: str, query: str, first: int, last: int) -> DeleteRequest:
        """A request for what has arrived by now; on return it is durable, and every later snapshot heeds it.

        Raises TooManyRequests when too many are not yet processed, and Unavailable.
        """
        with self._lock:
            if len(self.unprocessed(tenant)) >= self._most:
                raise TooManyRequests(
                    f"{self._most} delete requests of tenant `{tenant}` are not processed yet, which is as many as "
                    "`deletes.max_unprocessed` allows; wait for one, cancel one, or delete more with one request",
                    retry_after=60,
                )
            request = self._catalog.add_delete_request(tenant, query, first, last)
            self._load()
            try:
                self._document(request)
            except Unavailable:
                try:
                    self._documents.delete(tenant, request.id)
                except Unavailable:  # it may have been written all the same
                    self._refused.append(request)
                self._catalog.cancel_delete_request(tenant, request.id)
                self._load()
                raise
            finally:
                self._catalog.bump_epoch(tenant)
        return request

    def cancel(self, tenant: str, id: str) -> None:
        """Forgets a request; what it has not removed yet is seen again.

        Raises NotFound, Unavailable, and BadRequest for one that is processed: the list tells of what is gone.
        """
        with self._lock:
            request = next((request for request in self.all(tenant) if request.id == id), None)
            if request is None:
                raise NotFound(f"there is no delete request `{id}`")
            # One of before anything had arrived is processed from the start, and takes nothing.
            if request.is_processed and request.boundary:
                raise BadRequest(
                    "deletion of request which is in process or already processed is not allowed: what delete request "
                    f"`{id}` names is gone, and it stays in the list"
                )
            # The document first: without it the request ends with the catalog at the latest, never the other way round.
            self._documents.delete(tenant, id)
            self._catalog.cancel_delete_request(tenant, id)
            self._load()
            self._catalog.bump_epoch(tenant)

    def advance(self, requests: Sequence[DeleteRequest], arrival: int) -> None:
        """Notes that no segment that arrived up to `arrival` holds entries of the requests. Raises Unavailable."""
        with self._lock:
            self._catalog.check_delete_requests([request.id for request in requests], arrival)
            self._load()

    def refresh(self) -> None:
        """Reads the requests from the catalog again. Raises Unavailable."""
        with self._lock:
            self._load()

    def write_documents(self) -> None:
        """Writes the documents that requests lack: of an older Sigyn, or of a process that died. Raises Unavailable.

        Those of requests that were refused are removed, where that failed before.
        """
        with self._lock:
            while self._refused:
                self._documents.delete(self._refused[-1].tenant, self._refused[-1].id)
                self._refused.pop()
            requests = self._catalog.delete_requests()
            known = {tenant: set(self._documents.names(tenant)) for tenant in {each.tenant for each in requests}}
            for request in requests:
                if request.id not in known[request.tenant]:
                    self._document(request)

    def in_force(self, tenant: str) -> tuple[DeleteRequest, ...]:
        """The tenant's requests that answers heed: those that are not processed yet; none in a mode that heeds none."""
        return self.unprocessed(tenant) if self.modes.heeds(tenant) else ()

    def unprocessed(self, tenant: str) -> tuple[DeleteRequest, ...]:
        """The tenant's requests that are not processed yet, oldest first, in force or not."""
        return self._unprocessed.get(tenant, ())

    def tenants(self) -> list[str]:
        """Tenants with requests that are not processed yet."""
        return list(self._unprocessed)

    def all(self, tenant: str) -> list[DeleteRequest]:
        """All requests of a tenant that were not cancelled, oldest first. Raises Unavailable."""
        return [request for request in self._catalog.delete_requests() if request.tenant == tenant]

    def _document(self, request: DeleteRequest) -> None:
        """Names also what no query reads now, but a catalog that is made anew may bring back."""
        quarantined = [segment for segment in self._catalog.quarantined() if segment.tenant == request.tenant]
        replaced = [address for id, address in self._catalog.replaced() if id <= request.boundary]
        body = document_of(request, [*self._live.of(request.tenant), *quarantined], replaced)
        self._documents.write(request.tenant, request.id, body)

    def _load(self) -> None:
        unprocessed: dict[str, tuple[DeleteRequest, ...]] = {}
        for request in self._catalog.delete_requests():
            if not request.is_processed:
                unprocessed[request.tenant] = (*unprocessed.get(request.tenant, ()), request)
        self._unprocessed = unprocessed


def apart(segments: Sequence[SegmentInfo], requests: Sequence[DeleteRequest]) -> Iterator[Sequence[SegmentInfo]]:
    """Segments in groups that a compaction may merge: no request takes of one and spares another for its arrival."""
    if not requests:
        yield segments
        return
    boundaries = sorted({request.boundary for request in requests})

    def side(segment: SegmentInfo) -> int:
        return sum(boundary < segment.arrival for boundary in boundaries)

    for _, some in groupby(sorted(segments, key=lambda segment: (side(segment), segment.id)), key=side):
        yield list(some)


def progress_of(
    request: DeleteRequest,
    segments: Sequence[SegmentInfo],
    concerned: Callable[[DeleteRequest, Sequence[SegmentInfo]], Sequence[SegmentInfo]],
) -> DeleteProgress:
    """How far a request is, from the tenant's live segments; `concerned` says at which of them it has to look.

    0 until it has begun, however little there is to do: its time to be cancelled is what a waiter waits for.
    """
    if request.is_processed or not request.checked:
        return DeleteProgress(request, float(request.is_processed))
    asked = concerned(replace(request, checked=0), segments)
    total = sum(segment.text_bytes + 1 for segment in asked)
    done = sum(segment.text_bytes + 1 for segment in asked if segment.arrival <= request.checked)
    return DeleteProgress(request, min(done / total, 0.99) if total else 0.99)
