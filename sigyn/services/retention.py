"""How long each stream is kept: the periods of the settings, with their selectors, for the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import groupby

import numpy as np

from sigyn.engine.matches import SelectorMatches
from sigyn.languages.logql import ast, parse_selector
from sigyn.languages.logql.entry_labels import stream_part
from sigyn.model.errors import BadRequest, ParseError
from sigyn.store.retention import LabelsOf
from sigyn.store.streams import Int64s

_FOR_EVER = int(np.iinfo(np.int64).max)


@dataclass(frozen=True, slots=True)
class SelectedPeriod:
    """A period (ns, 0: for ever) for the streams that a selector matches; of several the highest priority counts, then
    the shortest period."""

    selector: str
    period: int
    priority: int = 0


@dataclass(frozen=True, slots=True)
class TenantRetention:
    """The period of a tenant's streams (ns, 0: for ever), and those of some of them."""

    period: int = 0
    streams: tuple[SelectedPeriod, ...] = ()


@dataclass(frozen=True, slots=True)
class _Matched:
    """Streams all of whose entries a selector matches, and those that may have such entries."""

    priority: int
    period: int
    wholly: SelectorMatches
    partly: SelectorMatches


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """The period of each stream, as the store asks for it. Safe to use from several threads.

    `tenants` has those that differ from the default, and may change at any time.
    """

    default: TenantRetention = TenantRetention()
    tenants: Mapping[str, TenantRetention] = field(default_factory=dict)
    _selected: dict[str, tuple[TenantRetention, frozenset[str], list[_Matched]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Raises BadRequest for a selector that can't be read."""
        for retention in (self.default, *self.tenants.values()):
            check_selectors(retention)

    def __call__(self, tenant: str, ids: Int64s, labels_of: LabelsOf, demoted: frozenset[str]) -> Int64s:
        """Periods of streams by their ids, in ns; the longest that an entry may have which carries `demoted` labels."""
        retention = self.tenants.get(tenant, self.default)
        *known, selected = self._selected.get(tenant, (None, None, []))
        if known != [retention, demoted]:
            selected = _compiled(retention, labels_of, demoted)
            self._selected[tenant] = retention, demoted, selected
        periods = np.full(len(ids), retention.period or _FOR_EVER, np.int64)
        for _, equals in groupby(selected, lambda each: each.priority):
            shortest, longest = np.full(len(ids), _FOR_EVER, np.int64), periods.copy()
            is_settled = np.zeros(len(ids), np.bool_)
            for each in equals:
                wholly, partly = each.wholly.of(ids), each.partly.of(ids)
                shortest[wholly] = np.minimum(shortest[wholly], each.period)
                longest[partly] = np.maximum(longest[partly], each.period)
                is_settled |= wholly
            periods = np.where(is_settled, shortest, longest)
        return np.where(periods == _FOR_EVER, 0, periods)


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


def _compiled(retention: TenantRetention, labels_of: LabelsOf, demoted: frozenset[str]) -> list[_Matched]:
    """What the selectors match, the least priority first."""
    compiled = []
    for each in sorted(retention.streams, key=lambda each: each.priority):
        selector = parse_selector(each.selector)
        wholly = partly = SelectorMatches(selector, labels_of)
        if not demoted.isdisjoint(matcher.name for matcher in selector.matchers):
            wholly = SelectorMatches(_of_streams_alone(selector, demoted), labels_of)
            partly = SelectorMatches(stream_part(selector, demoted), labels_of)
        compiled.append(_Matched(each.priority, each.period or _FOR_EVER, wholly, partly))
    return compiled


def _of_streams_alone(selector: ast.Selector, demoted: frozenset[str]) -> ast.Selector:
    """A selector of the streams that `selector` matches by labels of their own, whatever their entries carry."""
    named = {matcher.name for matcher in selector.matchers if matcher.name in demoted}
    return replace(selector, matchers=(*selector.matchers, *(ast.Matcher(name, "!=", "") for name in sorted(named))))
