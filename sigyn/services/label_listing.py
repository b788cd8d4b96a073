"""Which labels, values and series there are: from the catalog, for demoted labels from the entries."""

from collections.abc import Sequence

import numpy as np

from sigyn.languages.logql import ast, parse_selector
from sigyn.languages.logql.entry_labels import entry_part, stream_part
from sigyn.model.labels import Labels
from sigyn.services.joined_tenants import ReadableStore
from sigyn.services.store_reader import StoreReader

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
            carried = self._reader.values(tenant, query, name, start, end + 1)
            if carried is None:
                entries = self._reader.newest(tenant, query, start, end + 1)
                carried = {value for entry in entries for own, value in entry.metadata if own == name}
            values |= carried
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
            named = demoted & {matcher.name for matcher in selector.matchers}
            for entry in self._reader.newest(tenant, self._query(tenant, selector), start, end + 1):
                carried = tuple(pair for pair in entry.metadata if pair[0] in named)
                found[tuple(sorted(entry.stream + carried))] = None
        return list(found)

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
