"""Which labels explode: counts the distinct values of each label that pushes bring.

A label whose values are ids makes a stream of every request. It shows long before it does harm: by its
name, by what its values look like, or by their number alone.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from sigyn.model.known_names import ID_LABELS, SERVICE_LABELS
from sigyn.model.labels import Labels
from sigyn.model.time import DAY
from sigyn.services.discovery import DETECTED_LEVEL, SERVICE_NAME

_ID = re.compile(
    r"(?:[a-z]{1,8}[-_])?"  # as in req_3f2a...
    r"(?:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|[0-9a-f]{15,16}|[0-9a-f]{24}|[0-9a-f]{31,32}|[0-9a-f]{40}|[0-9a-f]{64}"
    r"|[0-9A-F]{16}|[0-9A-F]{32}"
    r"|[0-9]{9,}"
    r"|[0-9A-HJKMNP-TV-Z]{26}"
    r"|[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})"
)
_MOSTLY = 0.9
_MOST_NAMES = 500  # label names of a tenant that are watched: 200 MB at worst, usually less than one


@dataclass(frozen=True, slots=True)
class DemotionRules:
    """When a label goes to the entries.

    enabled     whether any does
    id_labels   names of labels that hold ids; case and `_` make no difference
    id_values   distinct values at which a label of ids is demoted: one of `id_labels`, or one nearly all
                of whose values look like ids; 0: never
    values      distinct values at which any label is demoted; 0: never
    window      ns in which they have to come; 0: for ever
    services    labels that say which service a stream is of: what their values look like does not count
    kept        labels that are never demoted
    retained    labels that selectors of retention name, which have to find them in the streams, with these selectors:
                never demoted either
    """

    enabled: bool = True
    id_labels: tuple[str, ...] = ID_LABELS
    id_values: int = 30
    values: int = 5_000
    window: int = DAY
    services: tuple[str, ...] = (SERVICE_NAME, *SERVICE_LABELS)
    kept: tuple[str, ...] = ()
    retained: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)

    def names_ids(self, name: str) -> bool:
        """Whether a label of this name is one of `id_labels`."""
        return _plain(name) in {_plain(listed) for listed in self.id_labels}


@dataclass(frozen=True, slots=True)
class Exploding:
    """A label that would have to be demoted: why, how many values it had by then, one of them."""

    name: str
    reason: str
    values: int
    example: str


@dataclass(slots=True)
class _Seen:
    """Hashes of the distinct values of a label, and how many of them look like ids.

    named   whether its name is that of an id
    judged  whether it may be one by what its values look like
    """

    named: bool
    judged: bool
    values: set[int] = field(default_factory=set)
    ids: int = 0

    def reason(self, rules: DemotionRules) -> str:
        """Why the label explodes; empty when it doesn't."""
        count = len(self.values)
        if rules.id_values and count > rules.id_values:
            if self.named:
                return "its name is that of an id"
            if self.judged and self.ids >= _MOSTLY * count:
                return "its values look like ids"
        if rules.values and count > rules.values:
            return "it has too many values"
        return ""


@dataclass(slots=True)
class _Window:
    began: int
    length: int
    names: dict[str, _Seen] = field(default_factory=dict)

    def is_over(self, now: int) -> bool:
        return self.length > 0 and not 0 <= now - self.began < self.length


class LabelWatch:
    """Distinct values by tenant and label, counted anew in each window. Safe to use from several threads.

    What it knows is bounded: of at most `_MOST_NAMES` labels at most `DemotionRules.values` hashes.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._windows: dict[str, _Window] = {}

    def look(
        self, tenant: str, streams: Iterable[Labels], settled: frozenset[str], rules: DemotionRules, now: int
    ) -> list[Exploding]:
        """The labels that explode with these streams. Those that are `settled` are not looked at."""
        if not rules.enabled:
            return []
        settled |= {*rules.kept, DETECTED_LEVEL}
        exploding: dict[str, Exploding] = {}
        with self._lock:
            names = self._window(tenant, rules.window, now).names
            for labels in streams:
                for name, value in labels:
                    seen = names.get(name)
                    if seen is None:
                        if name in settled or name.startswith("__") or len(names) >= _MOST_NAMES:
                            continue
                        seen = names[name] = _Seen(rules.names_ids(name), name not in rules.services)
                    if hash(value) in seen.values or name in exploding:
                        continue
                    seen.values.add(hash(value))
                    seen.ids += looks_like_id(value)
                    if reason := seen.reason(rules):
                        exploding[name] = Exploding(name, reason, len(seen.values), value)
            for name in exploding:
                del names[name]
        return [label for name, label in exploding.items() if name not in settled]

    def _window(self, tenant: str, length: int, now: int) -> _Window:
        window = self._windows.get(tenant)
        if window is None or window.is_over(now):
            self._windows = {other: known for other, known in self._windows.items() if not known.is_over(now)}
            window = self._windows[tenant] = _Window(now, length)
        return window


def looks_like_id(value: str) -> bool:
    """Whether a value is a UUID, hexadecimal of the length of an id or a hash, a long number, or the like."""
    return _ID.fullmatch(value) is not None


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
