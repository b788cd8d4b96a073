"""OpenTelemetry logs (ExportLogsServiceRequest, protobuf and JSON) as a push, with Loki's mapping.

resource attributes  labels when they are index labels, else structured metadata
scope                scope_name, scope_version and its attributes as structured metadata
log record           body: the line; timestamp: its own, else the observed one, else now;
                     the rest: structured metadata
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from google.protobuf.message import DecodeError

from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels, labels_of
from sigyn.model.time import Clock, held, system_clock
from sigyn.wire.columns import PushColumns
from sigyn.wire.compression import MAX_DECOMPRESSED_BYTES, decompress, decompress_snappy
from sigyn.wire.loki import JSON, media_type
from sigyn.wire.metadata import sanitize_name
from sigyn.wire.otlp_json import decode_export_request
from sigyn.wire.otlp_mapping import Action, OtlpMapping, Value, as_text, flatten
from sigyn.wire.otlp_text import with_mended_text
from sigyn.wire.push import DecodedPush

_TIMES = range(1 << 64)
_encode = msgspec.json.Encoder(order="sorted").encode


def decode_otlp(
    body: bytes,
    content_type: str,
    content_encoding: str,
    limit: int = MAX_DECOMPRESSED_BYTES,
    mapping: OtlpMapping = OtlpMapping(),  # noqa: B008
    clock: Clock = system_clock,
) -> DecodedPush:
    """The push in a body of `POST /v1/logs`; raises BadRequest and TooLarge.

    JSON when the type says so, else protobuf; compressed as `content_encoding` says, snappy among others.
    """
    body = decompress(body, content_encoding, limit)
    if content_encoding.strip().lower() == "snappy":
        body = bytes(decompress_snappy(body, limit))
    if media_type(content_type) == JSON:
        return _decode(decode_export_request(body), mapping, clock)
    return decode_otlp_message(body, mapping, clock)


def decode_otlp_message(
    message: bytes,
    mapping: OtlpMapping = OtlpMapping(),  # noqa: B008
    clock: Clock = system_clock,
) -> DecodedPush:
    """The push in a protobuf ExportLogsServiceRequest, as gRPC brings it; raises BadRequest."""
    return _decode(_request(message), mapping, clock)


def _request(message: bytes) -> Any:
    from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

    with suppress(DecodeError):
        return ExportLogsServiceRequest.FromString(message)
    try:
        return ExportLogsServiceRequest.FromString(with_mended_text(message))
    except DecodeError as error:
        hint = ", or JSON with `Content-Type: application/json`" if message.lstrip().startswith(b"{") else ""
        raise BadRequest(
            f"couldn't decode the OTLP body: {error}; expected an ExportLogsServiceRequest{hint}"
        ) from None


@dataclass(slots=True)
class _Group:
    """Entries of one stream, gathered from wherever they stand in the request."""

    timestamps: list[int]
    lines: list[str]
    metadata: list[str | None]


def _decode(request: Any, mapping: OtlpMapping, clock: Clock) -> DecodedPush:
    groups: dict[Labels, _Group] = {}
    for resource_logs in request.resource_logs:
        labels: dict[str, str] = {}
        of_resource: dict[str, str] = {}
        _sort_out(resource_logs.resource.attributes, mapping.resource_action, labels, of_resource)
        _count(of_resource, "resource_dropped_attributes_count", resource_logs.resource.dropped_attributes_count)
        stream = labels_of(labels)
        for scope_logs in resource_logs.scope_logs:
            of_scope = of_resource | _scope_metadata(scope_logs.scope, mapping)
            for record in scope_logs.log_records:
                more_labels: dict[str, str] = {}
                metadata = _record_metadata(record, mapping, more_labels, of_scope)
                group = _group(groups, labels_of(labels | more_labels) if more_labels else stream)
                group.timestamps.append(_timestamp(record, clock))
                group.lines.append(as_text(value_of(record.body)))
                group.metadata.append(_encode(metadata).decode() if metadata else None)
    columns = PushColumns()
    for stream, group in groups.items():
        columns.timestamps += group.timestamps
        columns.lines += group.lines
        columns.metadata += group.metadata
        columns.end_stream(stream)
    # An export without records is a success in OpenTelemetry, where Loki's push without streams is an error.
    return columns.decoded(max(len(request.resource_logs), 1))


def _group(groups: dict[Labels, _Group], stream: Labels) -> _Group:
    group = groups.get(stream)
    if group is None:
        group = groups[stream] = _Group([], [], [])
    return group


def _scope_metadata(scope: Any, mapping: OtlpMapping) -> dict[str, str]:
    metadata: dict[str, str] = {}
    _sort_out(scope.attributes, mapping.scope_action, metadata, metadata)
    if scope.name:
        metadata["scope_name"] = scope.name
    if scope.version:
        metadata["scope_version"] = scope.version
    _count(metadata, "scope_dropped_attributes_count", scope.dropped_attributes_count)
    return metadata


def _record_metadata(
    record: Any, mapping: OtlpMapping, labels: dict[str, str], outer: dict[str, str]
) -> dict[str, str]:
    """All structured metadata of a record; adds to `labels` what of it is to be a label."""
    metadata = dict(outer)
    _sort_out(record.attributes, mapping.log_action if mapping.log_attributes else None, labels, metadata)
    _count(metadata, "dropped_attributes_count", record.dropped_attributes_count)
    _count(metadata, "severity_number", record.severity_number)
    if record.severity_text:
        (labels if mapping.severity_text_as_label else metadata)["severity_text"] = record.severity_text
    _count(metadata, "flags", record.flags)
    if record.time_unix_nano:
        _count(metadata, "observed_timestamp", record.observed_time_unix_nano)
    if any(trace := record.trace_id):
        metadata["trace_id"] = trace.hex()
    if any(span := record.span_id):
        metadata["span_id"] = span.hex()
    if record.event_name:
        metadata["event_name"] = record.event_name
    return metadata


def _sort_out(
    attributes: Iterable[Any],
    action_for: Callable[[str], Action] | None,
    labels: dict[str, str],
    metadata: dict[str, str],
) -> None:
    for attribute in attributes:
        key, value = attribute.key, attribute.value
        action = action_for(key) if action_for else Action.STRUCTURED_METADATA
        if action is Action.DROP:
            continue
        target = labels if action is Action.INDEX_LABEL else metadata
        if value is not None and value.WhichOneof("value") == "string_value":  # nearly all are
            if key and (text := value.string_value):
                target[sanitize_name(key)] = text
            continue
        for name, text in flatten(key, value_of(value)):
            if name and text:
                target[name] = text


def _count(metadata: dict[str, str], name: str, number: int) -> None:
    if number:
        metadata[name] = str(number)


def _timestamp(record: Any, clock: Clock) -> int:
    timestamp: int = record.time_unix_nano or record.observed_time_unix_nano or clock()
    if timestamp not in _TIMES:
        raise BadRequest(f"couldn't decode the OTLP body: the time {timestamp} ns of a log record is out of range")
    return held(timestamp)


def value_of(value: Any) -> Value:
    """An AnyValue message, or its twin out of JSON, as a plain value."""
    kind = None if value is None else value.WhichOneof("value")
    match kind:
        case None:
            return None
        case "string_value" | "bool_value" | "int_value" | "double_value" | "bytes_value":
            plain: Value = getattr(value, kind)
            return plain
        case "array_value":
            return [value_of(inner) for inner in value.array_value.values]
        case "kvlist_value":
            return {pair.key: value_of(pair.value) for pair in value.kvlist_value.values}
        case _:
            raise BadRequest(f"couldn't decode the OTLP body: attributes with a {kind} are of profiles, not of logs")
