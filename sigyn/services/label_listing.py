"""Which labels, values and series there are: from the catalog, for demoted labels from the newest entries."""

from collections.abc import Callable, Sequence

from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.languages.logql import ast, parse_selector
from sigyn.languages.logql.entry_labels import entry_part, stream_part
from sigyn.model.labels import Labels
from sigyn.model.results import LogEntry
from sigyn.services.joined_tenants import ReadableStore

Newest = Callable[[str, ast.LogQuery, int, int], list[LogEntry]]
"""The newest entries of a tenant in start <= t < end that a query finds; not all when that takes long."""

_EVERYTHING = ast.Selector(())


class LabelListing:
    """Lists what a tenant has in start <= t <= end (ns). Blocks; raises ParseError for a broken selector."""

    def __init__(self, store: ReadableStore, newest: Newest) -> None:
        self._store = store
        self._newest = newest

    def names(self, tenant: str, start: int, end: int, selector: str | None) -> list[str]:
        """Names of the labels of streams, and those that entries may carry themselves."""
        found = self.label_sets(tenant, start, end, [selector])
        names = {name for labels in found for name, _ in labels}
        return sorted(names | self._store.demoted.ever(tenant) if found else names)

    def values(self, tenant: str, name: str, start: int, end: int, selector: str | None) -> list[str]:
        """Values of a label."""
        values = {
            value for labels in self.label_sets(tenant, start, end, [selector]) for own, value in labels if own == name
        }
        if name in self._store.demoted.ever(tenant):
            has_one = ast.LabelFilter(ast.StringPredicate(name, "!=", ""))
            for entry in self._entries(tenant, start, end, _parsed(selector) or _EVERYTHING, has_one):
                values.update(value for own, value in (*entry.stream, *entry.metadata) if own == name)
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
            for entry in self._entries(tenant, start, end, selector):
                carried = tuple(pair for pair in entry.metadata if pair[0] in named)
                found[tuple(sorted(entry.stream + carried))] = None
        return list(found)

    def _entries(self, tenant: str, start: int, end: int, selector: ast.Selector, *stages: ast.Stage) -> list[LogEntry]:
        demoted = self._store.demoted.ever(tenant)
        query = ast.LogQuery(stream_part(selector, demoted), (*entry_part(selector, demoted), *stages))
        return self._newest(tenant, query, start, end + 1)

    def _streams(self, tenant: str, start: int, end: int, selectors: Sequence[ast.Selector | None]) -> list[Labels]:
        with self._store.snapshot(tenant, start, end) as snapshot:
            ids: set[int] = set()
            for segment in snapshot.segments:
                table = segment.streams
                ids.update(table.ids[(table.last >= start) & (table.first <= end)].tolist())
            found = [self._store.streams.labels(tenant, id) for id in sorted(ids)]
        return [
            labels
            for labels in found
            if any(selector is None or selector_matches(selector, labels) for selector in selectors)
        ]


def _parsed(selector: str | None) -> ast.Selector | None:
    return parse_selector(selector) if selector and selector.strip() not in ("", "{}") else None
