"""Which labels, values and series there are: from the catalog, for demoted labels from the entries."""

from collections.abc import Sequence, Set

import numpy as np

from sigyn.languages.logql import ast, parse_selector
from sigyn.languages.logql.entry_labels import entry_part, stream_part
from sigyn.model.labels import Labels
from sigyn.services.joined_tenants import ReadableStore
from sigyn.services.store_reader import StoreReader

_Pair = tuple[str, str]

_EVERYTHING = ast.Selector(())
_NO_IDS = np.zeros(0, np.int64)


class LabelListing:
    """Lists what a tenant has in start <= t <= end (ns). Blocks; raises ParseError for a broken selector."""

    def __init__(self, store: ReadableStore, reader: StoreReader) -> None:
        self._store = store
        self._reader = reader

    def names(self, tenant: str, start: int, end: int, selector: str | None) -> list[str]:
        """Names of the labels of streams, and those that entries may carry themselves."""
        found = self.label_sets(tenant, start, end, [selector])
        names = {name for labels in found for name, _ in labels}
        return sorted(names | self._store.demoted.ever(tenant) if found else names)

    def values(self, tenant: str, name: str, start: int, end: int, selector: str | None) -> list[str]:
        """Values of a label; of a demoted one that has very many those of the newest entries."""
        values = {
            value for labels in self.label_sets(tenant, start, end, [selector]) for own, value in labels if own == name
        }
        if name in self._store.demoted.ever(tenant):
            has_one = ast.LabelFilter(ast.StringPredicate(name, "!=", ""))
            query = self._query(tenant, _parsed(selector) or _EVERYTHING, has_one)
            carried = self._reader.label_sets(tenant, query, (name,), start, end + 1)
            if carried is None:
                entries = self._reader.newest(tenant, query, start, end + 1)
                values |= {value for entry in entries for own, value in entry.metadata if own == name}
            else:
                values |= {value for labels in carried for _, value in labels}
        return sorted(values)

    def label_sets(self, tenant: str, start: int, end: int, selectors: Sequence[str | None]) -> list[Labels]:
        """Label sets of the streams that match one of the selectors; None matches all.

        Where a selector names a demoted label, they have the values of it that their entries carry.
        """
        demoted = self._store.demoted.ever(tenant)
        of_streams: list[ast.Selector | None] = []
        of_entries: list[ast.Selector] = []
        for selector in map(_parsed, selectors):
            if selector is not None and entry_part(selector, demoted):
                of_entries.append(selector)
            else:
                of_streams.append(selector)
        found = dict.fromkeys(self._streams(tenant, start, end, of_streams)) if of_streams else {}
        for selector in of_entries:
            found |= dict.fromkeys(self._carried(tenant, start, end, selector))
        return list(found)

    def _carried(self, tenant: str, start: int, end: int, selector: ast.Selector) -> set[Labels]:
        """Labels of streams with those that the selector names and entries carry; of very many the newest entries'."""
        demoted = self._store.demoted.ever(tenant)
        query = self._query(tenant, selector)
        named = demoted & {matcher.name for matcher in selector.matchers}
        streams = self._streams(tenant, start, end, [query.selector])
        names = named.union(name for labels in streams for name, _ in labels)
        found = self._reader.label_sets(tenant, query, tuple(sorted(names)), start, end + 1)
        if found is None:
            entries = self._reader.newest(tenant, query, start, end + 1)
            return {
                tuple(sorted(entry.stream + tuple(pair for pair in entry.metadata if pair[0] in named)))
                for entry in entries
            }
        of_streams = {frozenset(pair for pair in labels if pair[0] not in named) for labels in streams}
        return {tuple(sorted(_without_metadata(labels, named, of_streams))) for labels in found}

    def _query(self, tenant: str, selector: ast.Selector, *stages: ast.Stage) -> ast.LogQuery:
        demoted = self._store.demoted.ever(tenant)
        return ast.LogQuery(stream_part(selector, demoted), (*entry_part(selector, demoted), *stages))

    def _streams(self, tenant: str, start: int, end: int, selectors: Sequence[ast.Selector | None]) -> list[Labels]:
        with self._store.snapshot(tenant, start, end) as snapshot:
            tables = [segment.streams for segment in snapshot.segments]
            ids = np.unique(
                np.concatenate(
                    [_NO_IDS, *(table.ids[(table.last >= start) & (table.first <= end)] for table in tables)]
                )
            )
            if None not in selectors:
                matches = [self._reader.matches(tenant, selector).of(ids) for selector in selectors if selector]
                ids = ids[np.logical_or.reduce([np.zeros(len(ids), np.bool_), *matches])]
            return [self._store.streams.labels(tenant, id) for id in ids.tolist()]


def _parsed(selector: str | None) -> ast.Selector | None:
    return parse_selector(selector) if selector and selector.strip() not in ("", "{}") else None


def _without_metadata(labels: Labels, named: Set[str], of_streams: Set[frozenset[_Pair]]) -> Set[_Pair]:
    """Of an entry's labels those of its stream and the named ones: others' names may be those of its metadata."""
    carried = {pair for pair in labels if pair[0] in named}
    own = frozenset(labels) - carried
    if own not in of_streams:
        own = max((labels for labels in of_streams if labels <= own), key=len, default=own)
    return own | carried
