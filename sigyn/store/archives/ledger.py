"""What was asked to be restored, and when, as documents beside the segments.

They outlive the process, so that a server that starts again knows since when an object is being restored, and
how much its tenant had restored today. A command that asks beside a running server adds a document of its own.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType

import msgspec

from sigyn.model.time import DAY, MINUTE, Clock
from sigyn.store.archives.archive import DURATIONS, Duration, Kind
from sigyn.store.catalog import SegmentInfo
from sigyn.store.documents import Documents
from sigyn.store.settings import RestoreRule, Speed

KIND = "restores"
_JUST = MINUTE  # no request takes longer
_REMEMBERED_DAYS = 3  # longer than the slowest restore takes


@dataclass(frozen=True, slots=True)
class RestoreBounds:
    """What queries of a tenant may have restored in 24 hours; 0: any number."""

    objects: int = 100
    object_bytes: int = 10 << 30


class AskedRestore(msgspec.Struct, frozen=True, kw_only=True):
    """Objects that were asked for at once, with their sizes in bytes by address; `asked` in ns."""

    asked: int
    by_query: bool
    kind: Kind
    speed: Speed
    objects: dict[str, int]

    @property
    def takes(self) -> Duration | None:
        """How long it takes as a rule."""
        return DURATIONS.get((self.kind, self.speed))

    def is_under_way(self, now: int) -> bool:
        """Whether it may still take its time, as far as the clock tells (ns)."""
        return self.takes is not None and now < self.asked + self.takes.most


class RestoreLedger:
    """Safe to use from several threads. Calls raise Unavailable; `asked` comes before all others for a tenant."""

    def __init__(self, documents: Documents, clock: Clock) -> None:
        self._documents = documents
        self._clock = clock
        self._lock = Lock()
        self._entries: dict[str, dict[str, AskedRestore | None]] = {}

    def asked(self, tenant: str) -> Mapping[str, AskedRestore]:
        """The latest request for each object of a tenant, by address."""
        with self._lock:
            self._load(tenant)  # each time: a command may have asked meanwhile, and a query does so once
            return self._latest(tenant)

    def reserve(
        self,
        tenant: str,
        segments: Sequence[SegmentInfo],
        kind: Kind,
        rule: RestoreRule,
        bounds: RestoreBounds | None,
    ) -> tuple[str, Sequence[SegmentInfo]]:
        """Notes that segments are asked for, as many as queries may, or all without bounds; they follow at once.

        Gives the name of the note, empty without any, and the segments in it. It is durable before the first is
        asked for, so that a server that dies again and again does not ask for more than it may. What another query
        has just noted is left out.
        """
        with self._lock:
            now = self._clock()
            latest = self._latest(tenant)
            left = [each for each in segments if each.key not in latest or now >= latest[each.key].asked + _JUST]
            taken = self._within(tenant, left, bounds, now) if bounds is not None else segments
            if not taken:
                return "", ()
            self._forget_old(tenant, now)
            name = f"{now:020}-{uuid.uuid4().hex}"
            entry = AskedRestore(
                asked=now,
                by_query=bounds is not None,
                kind=kind,
                speed=rule.speed,
                objects={segment.key: segment.object_bytes for segment in taken},
            )
            self._write(tenant, name, entry)
        return name, taken

    def give_back(self, tenant: str, name: str, addresses: Sequence[str]) -> None:
        """Takes objects out of a note that could not be asked for after all."""
        with self._lock:
            entry = self._entries[tenant].get(name)
            if entry is None:
                return
            left = {address: size for address, size in entry.objects.items() if address not in set(addresses)}
            if left:
                self._write(tenant, name, msgspec.structs.replace(entry, objects=left))
            else:
                self._documents.delete(tenant, name)
                del self._entries[tenant][name]

    def has_room(self, tenant: str, bounds: RestoreBounds) -> bool:
        """Whether queries may have anything restored now."""
        with self._lock:
            objects, size = self._used(tenant, self._clock())
        return not (bounds.objects and objects >= bounds.objects) and not (
            bounds.object_bytes and size >= bounds.object_bytes
        )

    def _latest(self, tenant: str) -> Mapping[str, AskedRestore]:
        entries = sorted(filter(None, self._entries[tenant].values()), key=lambda entry: entry.asked)
        return MappingProxyType({address: entry for entry in entries for address in entry.objects})

    def _within(
        self, tenant: str, segments: Sequence[SegmentInfo], bounds: RestoreBounds, now: int
    ) -> Sequence[SegmentInfo]:
        objects, size = self._used(tenant, now)
        taken = []
        for segment in segments:
            if bounds.objects and objects + 1 > bounds.objects:
                break
            if bounds.object_bytes and size + segment.object_bytes > bounds.object_bytes:
                continue
            taken.append(segment)
            objects += 1
            size += segment.object_bytes
        return taken

    def _used(self, tenant: str, now: int) -> tuple[int, int]:
        entries = [
            entry for entry in self._entries[tenant].values() if entry and entry.by_query and entry.asked > now - DAY
        ]
        return sum(len(entry.objects) for entry in entries), sum(sum(entry.objects.values()) for entry in entries)

    def _load(self, tenant: str) -> None:
        known = self._entries.get(tenant, {})
        names = self._documents.names(tenant)
        self._entries[tenant] = {name: known[name] if name in known else self._read(tenant, name) for name in names}

    def _read(self, tenant: str, name: str) -> AskedRestore | None:
        body = self._documents.read(tenant, name)
        try:
            return msgspec.json.decode(body, type=AskedRestore) if body is not None else None
        except msgspec.DecodeError:  # of a newer Sigyn; nothing is lost but a time
            return None

    def _write(self, tenant: str, name: str, entry: AskedRestore) -> None:
        self._documents.write(tenant, name, msgspec.json.encode(entry))
        self._entries[tenant][name] = entry

    def _forget_old(self, tenant: str, now: int) -> None:
        entries = self._entries[tenant]
        old = [name for name, entry in entries.items() if entry and entry.asked < now - _REMEMBERED_DAYS * DAY]
        for name in old:
            self._documents.delete(tenant, name)
            del entries[name]
