"""Delete requests as documents beside the segments, so that a catalog that is made anew has them in force.

A document names the segments that had arrived when the request was made: ids are the catalog's, and are lost with it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from sigyn.store.catalog import DeleteRequest, SegmentInfo
from sigyn.store.documents import Documents
from sigyn.store.keys import encode_tenant
from sigyn.store.segment import EncodedSegment
from sigyn.store.tiers import split_address

KIND = "delete-requests"


class DocumentedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """The content of a document: fields of DeleteRequest, and the keys of segments that it may concern."""

    tenant: str
    id: str
    query: str
    first: int
    last: int
    created: int
    boundary: int
    segments: frozenset[str]

    def request(self) -> DeleteRequest:
        """The request, with everything to be looked at again: objects that were replaced may have come back."""
        return DeleteRequest(self.id, self.tenant, self.query, self.first, self.last, self.created, self.boundary)


def document_of(request: DeleteRequest, segments: Iterable[SegmentInfo], replaced: Iterable[str]) -> bytes:
    """The document of a request.

    `segments` are those of its tenant, `replaced` addresses of older ones, of any tenant, whose objects may still be
    there.
    """
    keys = [split_address(each.key)[1] for each in segments if request.may_concern(each)]
    folder = f"{encode_tenant(request.tenant)}/"
    keys += [key for _, key in map(split_address, replaced) if key.startswith(folder)]
    return msgspec.json.encode(
        DocumentedRequest(
            tenant=request.tenant,
            id=request.id,
            query=request.query,
            first=request.first,
            last=request.last,
            created=request.created,
            boundary=request.boundary,
            segments=frozenset(keys),
        ),
        order="deterministic",
    )


def documented_requests(documents: Documents) -> tuple[list[DocumentedRequest], int]:
    """All requests that are documented, and how many documents could not be read. Raises Unavailable."""
    found = []
    unreadable = 0
    for body in documents.every():
        try:
            found.append(msgspec.json.decode(body, type=DocumentedRequest))
        except msgspec.DecodeError:
            unreadable += 1
    return sorted(found, key=lambda each: (each.created, each.id)), unreadable


def arrival_of(key: str, encoded: EncodedSegment, requests: Sequence[DocumentedRequest]) -> int | None:
    """The arrival of a segment whose object has this key, as far as requests have to know; None: after all of them."""
    if encoded.arrival is not None:
        return encoded.arrival
    return min((request.boundary for request in requests if key in request.segments), default=None)
