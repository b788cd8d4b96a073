"""What the owner of the store and an ingest process say to each other, beside SegmentMessage and Claim."""

from dataclasses import dataclass
from typing import Any

from sigyn.model.labels import Labels
from sigyn.services.push_counters import PushCounters


@dataclass(frozen=True, slots=True)
class Start:
    """The first that an ingest process hears.

    settings     those of the server, as the command line reads them
    processes    how many ingest processes there are, which share what one may hold in memory
    has_entries  whether the server has been used before, so that it is worth being quick from the first push on
    """

    settings: Any
    processes: int
    has_entries: bool


@dataclass(frozen=True, slots=True)
class Started:
    """An ingest process can take connections."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection, whose descriptor comes along, with what was read of its next request."""

    begin: bytes


@dataclass(frozen=True, slots=True)
class ConnectionEnded:
    """An ingest process has one connection less."""


@dataclass(frozen=True, slots=True)
class LabelsSeen:
    """Asked: streams of a tenant that an ingest process has not seen of late.

    Answered with how many labels were demoted for them, after what is demoted has been told."""

    tenant: str
    streams: tuple[Labels, ...]


@dataclass(frozen=True, slots=True)
class Demoted:
    """Labels of a tenant that go to the entries, and those that some entries may carry."""

    tenant: str
    names: frozenset[str]
    ever: frozenset[str]


@dataclass(frozen=True, slots=True)
class ReportNow:
    """Asked: a Report, which is told before the answer."""


@dataclass(frozen=True, slots=True)
class RequestEnded:
    """A request as metrics know it."""

    method: str
    route: str
    status: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Report:
    """What an ingest process counted since the last report, and how it is now.

    pushes, refused, failed  pushes that the writer stored, refused, could not store
    requests_now             requests that are being served
    waiting_bytes            bytes of entries that are not yet durable
    """

    counters: PushCounters
    ended: tuple[RequestEnded, ...]
    pushes: int
    refused: int
    failed: int
    requests_now: int
    waiting_bytes: int


@dataclass(frozen=True, slots=True)
class Stop:
    """Finish the requests under way and end."""
