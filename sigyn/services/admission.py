"""Which entries of a push are taken: Loki's validation, column by column.

Texts and reasons are Loki's (documentation: Troubleshoot log ingestion; recorded answers).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sigyn.model.labels import Labels, format_labels
from sigyn.model.rfc3339 import format_rfc3339
from sigyn.model.time import OLDEST
from sigyn.services.discovery import SERVICE_NAME, with_service_name
from sigyn.services.duplicate_times import with_own_times
from sigyn.services.push_limits import PushLimits
from sigyn.services.push_policies import MISSING_LABELS, POLICY_BLOCKED, PushPolicies
from sigyn.wire.push import DecodedPush

_CACHED_STREAMS = 16_384
_CACHED_TEXT = 1_024
_METADATA = msgspec.json.Decoder(dict[str, str])
_CHANGE_HINT = "or contact your Loki administrator to increase it"


@dataclass(slots=True)
class Refusal:
    """Entries that were refused for one reason; `message` is about the first of them."""

    reason: str
    message: str
    entries: int = 0
    bytes: int = 0


@dataclass(slots=True)
class Refusals:
    """All that was refused of a push, by reason."""

    by_reason: dict[str, Refusal] = field(default_factory=dict)

    def add(self, reason: str, message: str, entries: int, size: int) -> None:
        refusal = self.by_reason.get(reason)
        if refusal is None:
            refusal = self.by_reason[reason] = Refusal(reason, message)
        refusal.entries += entries
        refusal.bytes += size

    def message(self) -> str:
        """Loki's message for each reason, with the number of entries that it stands for."""
        return "; ".join(
            refusal.message + (f" (and {refusal.entries - 1} more)" if refusal.entries > 1 else "")
            for refusal in self.by_reason.values()
        )


@dataclass(frozen=True, slots=True)
class Admitted:
    """What is left of a push: entries with DECODED_SCHEMA, one chunk a column, and its streams, each once."""

    streams: tuple[Labels, ...]
    entries: pa.RecordBatch


def admit(tenant: str, push: DecodedPush, limits: PushLimits, now: int) -> tuple[Admitted, Refusals]:
    """The entries of a tenant's push that keep to the limits at `now` (ns), and what was refused."""
    refusals = Refusals()
    for refused in push.refused:
        refusals.add(refused.reason, refused.message, refused.entries, refused.bytes)
    entries = _one_chunk(push.entries)
    sizes = pc.binary_length(entries["line"]).to_numpy(zero_copy_only=False)
    ordinals = entries["stream"].to_numpy()
    streams: dict[Labels, int] = {}
    renumbered = np.empty(len(push.streams), np.int32)
    for ordinal, labels in enumerate(push.streams):
        admitted = admit_stream(labels, limits)
        if not isinstance(admitted, Refusal):
            admitted = _refused_by_policy(tenant, admitted, limits.policies, now) or admitted
        if isinstance(admitted, Refusal):
            renumbered[ordinal] = -1
            of_stream = ordinals == ordinal
            refusals.add(admitted.reason, admitted.message, int(of_stream.sum()), int(sizes[of_stream].sum()))
        else:
            renumbered[ordinal] = streams.setdefault(admitted, len(streams))
    ordinals = renumbered[ordinals]
    kept = tuple(streams)
    wrong = ordinals < 0
    for reason, rows, explain in _refused_entries(entries, sizes, limits, now):
        rows = rows & ~wrong
        if rows.any():
            first = int(rows.argmax())
            message = explain(format_labels(kept[ordinals[first]]), first)
            refusals.add(reason, message, int(rows.sum()), int(sizes[rows].sum()))
            wrong |= rows
    if wrong.any():
        entries = entries.filter(pa.array(~wrong))
        used, ordinals = np.unique(ordinals[~wrong], return_inverse=True)
        kept = tuple(kept[ordinal] for ordinal in used)
    entries = entries.set_column(0, entries.schema.field("stream"), pa.array(ordinals.astype(np.int32)))
    if limits.max_line_size and limits.max_line_size_truncate:
        entries = _truncated(entries, limits.max_line_size, limits.max_line_size_truncate_identifier)
    if limits.increment_duplicate_timestamp:
        entries = with_own_times(entries)
    return Admitted(kept, entries), refusals


def admit_stream(labels: Labels, limits: PushLimits) -> Labels | Refusal:
    """The labels under which a stream is stored, or why it isn't."""
    small = sum(len(name) + len(value) for name, value in labels) <= _CACHED_TEXT
    return _remembered(labels, limits) if small else _admit_stream(labels, limits)


def _admit_stream(labels: Labels, limits: PushLimits) -> Labels | Refusal:
    stored = with_service_name(labels, limits.discover_service_name) if limits.discover_service_name else labels
    if not stored:
        return Refusal("missing_labels", "error at least one label pair is required per stream")
    count = sum(name != SERVICE_NAME for name, _ in labels)
    limit = limits.max_label_names_per_series
    if 0 < limit < count:
        message = f"entry for stream '{format_labels(stored)}' has {count} label names; limit {limit}"
        return Refusal("max_label_names_per_series", message)
    for name, value in labels:
        if 0 < limits.max_label_name_length < len(name.encode()):
            message = f"stream '{format_labels(stored)}' has label name too long: '{name}'"
            return Refusal("label_name_too_long", message)
        if 0 < limits.max_label_value_length < len(value.encode()):
            message = f"stream '{format_labels(stored)}' has label value too long: '{value}'"
            return Refusal("label_value_too_long", message)
    return stored


def _refused_by_policy(tenant: str, labels: Labels, policies: PushPolicies, now: int) -> Refusal | None:
    if missing := policies.missing_labels(labels):
        stream = format_labels(labels)
        return Refusal(
            MISSING_LABELS, f"missing required labels {','.join(missing)} for user {tenant} for stream {stream}"
        )
    if policies.policy_blocked_until:
        policy, until = policies.stream_blocked_until(labels)
        if now < until:
            return Refusal(POLICY_BLOCKED, policies.stream_blocked_text(tenant, policy, until))
    return None


_remembered = lru_cache(maxsize=_CACHED_STREAMS)(_admit_stream)

_Explain = Callable[[str, int], str]


def _refused_entries(
    entries: pa.RecordBatch,
    sizes: npt.NDArray[np.int32],
    limits: PushLimits,
    now: int,
) -> Iterable[tuple[str, npt.NDArray[np.bool_], _Explain]]:
    """Reason, rows and message of what is wrong with entries; the first reason of a row counts."""
    timestamps = entries["timestamp"].to_numpy()
    oldest = max(OLDEST, now - limits.reject_old_samples_max_age) if limits.reject_old_samples else OLDEST
    newest = now + limits.creation_grace_period
    yield (
        "greater_than_max_sample_age",
        timestamps < oldest,
        lambda stream, row: (
            f"entry for stream '{stream}' has timestamp too old: {format_rfc3339(int(timestamps[row]))},"
            f" oldest acceptable timestamp is: {format_rfc3339(oldest)}"
        ),
    )
    yield (
        "too_far_in_future",
        timestamps > newest,
        lambda stream, row: (
            f"entry for stream '{stream}' has timestamp too new: {format_rfc3339(int(timestamps[row]))}"
        ),
    )
    if limits.max_line_size and not limits.max_line_size_truncate:
        yield (
            "line_too_long",
            sizes > limits.max_line_size,
            lambda stream, row: (
                f"max entry size '{limits.max_line_size}' bytes exceeded for stream '{stream}' while adding an"
                f" entry with length '{sizes[row]}' bytes"
            ),
        )
    metadata = entries["metadata"]
    if metadata.null_count < len(metadata):
        yield from _refused_metadata(metadata, limits)


def _refused_metadata(metadata: pa.Array, limits: PushLimits) -> Iterable[tuple[str, npt.NDArray[np.bool_], _Explain]]:
    if not limits.allow_structured_metadata:
        yield (
            "disallowed_structured_metadata",
            metadata.is_valid().to_numpy(zero_copy_only=False),
            lambda stream, _: (
                f"stream '{stream}' includes structured metadata, but this feature is disallowed. Please see"
                " `limits_config.allow_structured_metadata` or contact your Loki administrator to enable it."
            ),
        )
    if limits.max_structured_metadata_size:
        sizes = _metadata_sizes(metadata, limits.max_structured_metadata_size)
        yield (
            "structured_metadata_too_large",
            sizes > limits.max_structured_metadata_size,
            lambda stream, row: (
                f"stream '{stream}' has structured metadata too large: '{sizes[row]}' bytes, limit:"
                f" '{limits.max_structured_metadata_size}' bytes. Please see"
                f" `limits_config.max_structured_metadata_size` {_CHANGE_HINT}."
            ),
        )
    if limits.max_structured_metadata_entries_count:
        counts = _metadata_counts(metadata, limits.max_structured_metadata_entries_count)
        yield (
            "structured_metadata_too_many",
            counts > limits.max_structured_metadata_entries_count,
            lambda stream, row: (
                f"stream '{stream}' has too many structured metadata labels: '{counts[row]}', limit:"
                f" '{limits.max_structured_metadata_entries_count}'. Please see"
                f" `limits_config.max_structured_metadata_entries_count` {_CHANGE_HINT}."
            ),
        )


def _metadata_sizes(metadata: pa.Array, limit: int) -> npt.NDArray[np.int64]:
    """Bytes of names and values, 0 where they are not over the limit for sure."""
    # The text is longer than the names and values in it, so that short texts need no closer look.
    lengths = pc.fill_null(pc.binary_length(metadata), 0).to_numpy(zero_copy_only=False)
    sizes = np.zeros(len(metadata), np.int64)
    for row in np.flatnonzero(lengths > limit).tolist():
        values = _METADATA.decode(metadata[row].as_py())
        sizes[row] = sum(len(name.encode()) + len(value.encode()) for name, value in values.items())
    return sizes


def _metadata_counts(metadata: pa.Array, limit: int) -> npt.NDArray[np.int64]:
    """How many pairs each entry has, where these are more than the limit for sure."""
    # The text has a colon between quotes for each pair, and for a value that ends in `":` one more.
    found = pc.fill_null(pc.count_substring(metadata, '":"'), 0)
    counts: npt.NDArray[np.int64] = found.to_numpy(zero_copy_only=False).astype(np.int64)
    for row in np.flatnonzero(counts > limit).tolist():
        counts[row] = len(_METADATA.decode(metadata[row].as_py()))
    return counts


def _truncated(entries: pa.RecordBatch, limit: int, end: str) -> pa.RecordBatch:
    lines = entries["line"]
    long = np.flatnonzero(pc.binary_length(lines).to_numpy(zero_copy_only=False) > limit)
    if not len(long):
        return entries
    texts = lines.to_pylist()
    left = limit - len(end.encode())
    if left < 0:
        left, end = limit, ""
    for row in long.tolist():
        texts[row] = texts[row].encode()[:left].decode("utf-8", "ignore") + end
    return entries.set_column(2, entries.schema.field("line"), pa.array(texts, pa.string()))


def _one_chunk(table: pa.Table) -> pa.RecordBatch:
    batches = table.combine_chunks().to_batches()
    return batches[0] if batches else pa.RecordBatch.from_pylist([], table.schema)
