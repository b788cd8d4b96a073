"""How long each stream is kept: the periods of the settings, with their selectors, for the store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from sigyn.engine.matches import SelectorMatches
from sigyn.languages.logql import parse_selector
from sigyn.model.errors import BadRequest, ParseError
from sigyn.store.retention import LabelsOf
from sigyn.store.streams import Int64s


@dataclass(frozen=True, slots=True)
class SelectedPeriod:
    """A period (ns, 0: for ever) for the streams that a selector matches; the highest priority counts."""

    selector: str
    period: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class TenantRetention:
    """The period of a tenant's streams (ns, 0: for ever), and those of some of them."""

    period: int = 0
    streams: tuple[SelectedPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """The period of each stream, as the store asks for it. Safe to use from several threads.

    `tenants` has those that differ from the default, and may change at any time.
    """

    default: TenantRetention = TenantRetention()
    tenants: Mapping[str, TenantRetention] = field(default_factory=dict)
    _selected: dict[str, tuple[TenantRetention, list[tuple[int, SelectorMatches]]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Raises BadRequest for a selector that can't be read."""
        for retention in (self.default, *self.tenants.values()):
            check_selectors(retention)

    def __call__(self, tenant: str, ids: Int64s, labels_of: LabelsOf) -> Int64s:
        """Periods of streams by their ids, in ns."""
        retention = self.tenants.get(tenant, self.default)
        periods = np.full(len(ids), retention.period, np.int64)
        known, selected = self._selected.get(tenant, (None, []))
        if known != retention:
            selected = _compiled(retention.streams, labels_of)
            self._selected[tenant] = retention, selected
        for period, matches in selected:
            periods[matches.of(ids)] = period
        return periods


def labels_named(retention: TenantRetention) -> dict[str, tuple[str, ...]]:
    """The labels that selectors name, each with these selectors. Raises ParseError for one that can't be read."""
    named: dict[str, dict[str, None]] = {}
    for each in retention.streams:
        for matcher in parse_selector(each.selector).matchers:
            named.setdefault(matcher.name, {})[each.selector] = None
    return {name: tuple(selectors) for name, selectors in named.items()}


def check_selectors(retention: TenantRetention) -> None:
    """Raises BadRequest for a selector that can't be read."""
    for each in retention.streams:
        try:
            parse_selector(each.selector)
        except ParseError as error:
            raise BadRequest(f"retention of `{each.selector}`: this is no selector: {error}") from None


def _compiled(streams: Sequence[SelectedPeriod], labels_of: LabelsOf) -> list[tuple[int, SelectorMatches]]:
    """Periods with what they are for; the last one that matches counts."""
    by_weight = sorted(enumerate(streams), key=lambda item: (item[1].priority, -item[0]))
    return [(each.period, SelectorMatches(parse_selector(each.selector), labels_of)) for _, each in by_weight]
