"""Demotion: labels whose values explode go from the streams of a push to its entries."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from threading import Lock
from typing import Protocol, TypeVar

import msgspec
import numpy as np
import pyarrow as pa
import structlog

from sigyn.model.errors import BadRequest, NotFound
from sigyn.model.labels import LABEL_NAME, Labels
from sigyn.model.time import Clock, system_clock
from sigyn.services.discovery import DETECTED_LEVEL
from sigyn.services.label_watch import DemotionRules, Exploding, LabelWatch
from sigyn.store.demoted import DemotedLabel, DemotedLabels
from sigyn.wire.metadata_pairs import with_labels

_log = structlog.get_logger("sigyn.ingest")
_encode = msgspec.json.Encoder().encode


Found = TypeVar("Found")


class LabelDemotion(Protocol[Found]):
    """Where pushes learn which labels are demoted."""

    def look(self, tenant: str, streams: Sequence[Labels], rules: DemotionRules) -> list[Found]:
        """What has to be settled before these streams are stored; runs in any thread."""

    async def settle(self, tenant: str, found: Sequence[Found]) -> int:
        """Settles it, and says how many labels were demoted. Raises Unavailable."""

    def apply(self, tenant: str, streams: tuple[Labels, ...], entries: pa.Table) -> tuple[tuple[Labels, ...], pa.Table]:
        """Streams without the demoted labels, each once, and entries (ENTRY_SCHEMA) that carry them."""


class Demotion:
    """Decides which labels are demoted, and demotes them. Safe to use from several threads."""

    def __init__(self, labels: DemotedLabels, clock: Clock = system_clock) -> None:
        self._labels = labels
        self._clock = clock
        self._watch = LabelWatch()
        self._lock = Lock()
        self._told: set[tuple[str, ...]] = set()

    def look(self, tenant: str, streams: Sequence[Labels], rules: DemotionRules) -> list[Exploding]:
        """Labels that have to be demoted before these streams are stored; nothing is demoted yet."""
        self._tell_demoted(tenant, rules)
        told = (name for name in rules.retained if (tenant, name) in self._told)
        exploding = self._watch.look(tenant, streams, self._labels.ever(tenant).union(told), rules, self._clock())
        self._tell_retained(tenant, [one for one in exploding if one.name in rules.retained], rules)
        return [one for one in exploding if one.name not in rules.retained]

    async def settle(self, tenant: str, found: Sequence[Exploding]) -> int:
        """Demotes what `look` found, for callers on an event loop; how many labels. Raises Unavailable."""
        return await asyncio.to_thread(self.demote, tenant, found)

    def demote(self, tenant: str, exploding: Sequence[Exploding]) -> int:
        """Demotes labels, and says so in the log; how many, as another push may have been first.

        Blocks until it is durable; raises Unavailable.
        """
        now = self._clock()
        found = [DemotedLabel(one.name, one.reason, one.values, one.example, now) for one in exploding]
        demoted_now = self._labels.add(tenant, found)
        for label in demoted_now:
            _log.warning(
                "label demoted",
                tenant=tenant,
                label=label.name,
                reason=label.reason,
                values=label.values,
                example=label.example[:100],
                hint="it is kept as structured metadata and found as before; send it so, or leave it out of the labels",
            )
        return len(demoted_now)

    def demote_by_hand(self, tenant: str, name: str, rules: DemotionRules) -> DemotedLabel:
        """Demotes a label because somebody wants it. Blocks; raises BadRequest and Unavailable.

        Of the rules only those of retention hold.
        """
        if not LABEL_NAME.fullmatch(name) or name.startswith("__") or name == DETECTED_LEVEL:
            raise BadRequest(f"label=`{name}` is no label that can be demoted")
        if name in rules.retained:
            raise BadRequest(
                f"label=`{name}` stays with the streams, since retention has a period for"
                f" `{'`, `'.join(rules.retained[name])}`: take it out of the selector first"
            )
        label = DemotedLabel(name, "it was asked for", 0, "", self._clock())
        self._labels.put(tenant, [label])
        return label

    def promote(self, tenant: str, name: str) -> DemotedLabel:
        """Makes a demoted label one of the streams again, for good. Blocks; raises NotFound and Unavailable."""
        known = {label.name: label for label in self._labels.of(tenant)}
        if name not in known:
            raise NotFound(f"label `{name}` is not demoted")
        label = replace(known[name], changed=self._clock(), promoted=True)
        self._labels.put(tenant, [label])
        return label

    def apply(self, tenant: str, streams: tuple[Labels, ...], entries: pa.Table) -> tuple[tuple[Labels, ...], pa.Table]:
        """Streams without the demoted labels, each once, and entries (ENTRY_SCHEMA) that carry them."""
        return demoted(streams, entries, self._labels.names(tenant))

    def _tell_retained(self, tenant: str, exploding: Sequence[Exploding], rules: DemotionRules) -> None:
        """Says in the log, once for each, which labels are not demoted for the sake of retention."""
        for label in exploding:
            if not self._is_news(tenant, label.name):
                continue
            _log.warning(
                "label not demoted",
                tenant=tenant,
                label=label.name,
                reason=label.reason,
                values=label.values,
                example=label.example[:100],
                selectors="; ".join(rules.retained[label.name]),
                hint="retention has a period for these selectors, so the label stays with the streams, and makes one of"
                " each value; let the selectors name labels of few values",
            )

    def _tell_demoted(self, tenant: str, rules: DemotionRules) -> None:
        """Says in the log, once for each, which selectors of retention name labels that were demoted before."""
        for name in sorted(rules.retained.keys() & self._labels.names(tenant)):
            for selector in rules.retained[name]:
                if self._is_news(tenant, name, selector):
                    _log.warning(
                        "retention names a demoted label",
                        tenant=tenant,
                        label=name,
                        selector=selector,
                        hint="streams without the label are kept for the longest period that an entry of theirs may"
                        f" have; `sigyn cardinality --promote {name}` keeps the label with the streams from then on",
                    )

    def _is_news(self, *what: str) -> bool:
        with self._lock:
            is_news = what not in self._told
            self._told.add(what)
        return is_news


def demoted(
    streams: tuple[Labels, ...], entries: pa.Table, names: frozenset[str]
) -> tuple[tuple[Labels, ...], pa.Table]:
    """Streams without the labels of these names, each once, and entries (ENTRY_SCHEMA) that carry them."""
    if not names or all(names.isdisjoint([name for name, _ in labels]) for labels in streams):
        return streams, entries
    places: dict[Labels, int] = {}
    renumbered = np.empty(len(streams), np.int32)
    texts: list[str | None] = []
    values: dict[str, list[str | None]] = {}
    for ordinal, labels in enumerate(streams):
        moved = [pair for pair in labels if pair[0] in names]
        if moved:
            labels = tuple(pair for pair in labels if pair[0] not in names)
        renumbered[ordinal] = places.setdefault(labels, len(places))
        texts.append(_encode(dict(moved)).decode() if moved else None)
        for name, value in moved:
            of_name = values.setdefault(name, [])
            of_name += [None] * (ordinal - len(of_name))
            of_name.append(_encode(value).decode())
    ordinals, metadata = entries["stream"].combine_chunks(), entries["metadata"].combine_chunks()
    if metadata.null_count == len(metadata):
        metadata = pa.array(texts, pa.string()).take(ordinals)
    else:
        for name, of_name in values.items():
            of_name += [None] * (len(streams) - len(of_name))
            metadata = with_labels(metadata, name, pa.array(of_name, pa.string()).take(ordinals))
    columns = {"stream": pa.array(renumbered).take(ordinals), "metadata": metadata}
    arrays = [columns.get(name, entries[name]) for name in entries.column_names]
    return tuple(places), pa.Table.from_arrays(arrays, schema=entries.schema)
