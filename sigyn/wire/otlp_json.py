"""OpenTelemetry's JSON form of ExportLogsServiceRequest.

It is protobuf's JSON mapping, but for trace and span ids in hexadecimal and enumerations as numbers
(OTLP specification, "JSON Protobuf Encoding"). The values here have the attributes of the protobuf
messages, so that one mapping reads both.
"""

import base64
import binascii
from typing import Any

import msgspec

from sigyn.model.errors import BadRequest
from sigyn.wire.json_body import decode_json

_STANDARD_ALPHABET = str.maketrans("-_", "+/")
_SEVERITIES = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL")


class _AnyValue(msgspec.Struct, rename="camel", gc=False):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    array_value: "_ArrayValue | None" = None
    kvlist_value: "_KeyValueList | None" = None
    encoded_bytes: str | None = msgspec.field(default=None, name="bytesValue")

    def WhichOneof(self, _oneof: str) -> str | None:  # noqa: N802
        """Which value is set, as the protobuf message says it."""
        if self.string_value is not None:
            return "string_value"
        return next((name for name in _OTHER_KINDS if getattr(self, name) is not None), None)

    @property
    def bytes_value(self) -> bytes | None:
        return None if self.encoded_bytes is None else _base64(self.encoded_bytes)


_OTHER_KINDS = ("bool_value", "int_value", "double_value", "array_value", "kvlist_value", "bytes_value")


class _ArrayValue(msgspec.Struct, rename="camel", gc=False):
    values: list[_AnyValue | None] = []


class _KeyValue(msgspec.Struct, rename="camel", gc=False):
    key: str = ""
    value: _AnyValue | None = None


class _KeyValueList(msgspec.Struct, rename="camel", gc=False):
    values: list[_KeyValue] = []


class _Resource(msgspec.Struct, rename="camel", gc=False):
    attributes: list[_KeyValue] = []
    dropped_attributes_count: int = 0


class _Scope(msgspec.Struct, rename="camel", gc=False):
    name: str = ""
    version: str = ""
    attributes: list[_KeyValue] = []
    dropped_attributes_count: int = 0


class _LogRecord(msgspec.Struct, rename="camel", gc=False):
    time_unix_nano: int = 0
    observed_time_unix_nano: int = 0
    severity: int | str = msgspec.field(default=0, name="severityNumber")
    severity_text: str = ""
    body: _AnyValue | None = None
    attributes: list[_KeyValue] = []
    dropped_attributes_count: int = 0
    flags: int = 0
    trace: str = msgspec.field(default="", name="traceId")
    span: str = msgspec.field(default="", name="spanId")
    event_name: str = ""

    @property
    def severity_number(self) -> int:
        return self.severity if isinstance(self.severity, int) else _severity(self.severity)

    @property
    def trace_id(self) -> bytes:
        return _hexadecimal("traceId", self.trace)

    @property
    def span_id(self) -> bytes:
        return _hexadecimal("spanId", self.span)


class _ScopeLogs(msgspec.Struct, rename="camel", gc=False):
    scope: _Scope = msgspec.field(default_factory=_Scope)
    log_records: list[_LogRecord] = []


class _ResourceLogs(msgspec.Struct, rename="camel", gc=False):
    resource: _Resource = msgspec.field(default_factory=_Resource)
    scope_logs: list[_ScopeLogs] = []


class _ExportRequest(msgspec.Struct, rename="camel", gc=False):
    resource_logs: list[_ResourceLogs] = []


_DECODER = msgspec.json.Decoder(_ExportRequest, strict=False)
_NAMES = msgspec.json.Decoder(dict[str, msgspec.Raw])
_MOST_NAMES = 5  # of those that an error tells


def decode_export_request(body: bytes) -> Any:
    """The request in a JSON body, with the attributes of the protobuf message; raises BadRequest.

    Names that are not known are passed over, as the specification has it, but not where they are all there is:
    who writes `resource_logs`, or sends what goes to another endpoint, would lose every line to a success.
    """
    request = decode_json(body, _DECODER, null_is_absent=True)
    if not request.resource_logs:
        names = decode_json(body, _NAMES, null_is_absent=True)
        if names and "resourceLogs" not in names:
            written = ", ".join(f"`{name}`" for name in list(names)[:_MOST_NAMES])
            raise BadRequest(f"couldn't decode the OTLP body: logs come in `resourceLogs`, and it has only {written}")
    return request


def _severity(name: str) -> int:
    """1 to 24 for `SEVERITY_NUMBER_TRACE` to `SEVERITY_NUMBER_FATAL4`, or for the number as text; else 0."""
    if name.isdecimal():
        return int(name)
    level = name.removeprefix("SEVERITY_NUMBER_")
    step = level[-1:] if level[-1:] in ("2", "3", "4") else ""
    level = level.removesuffix(step)
    return _SEVERITIES.index(level) * 4 + int(step or 1) if level in _SEVERITIES else 0


def _hexadecimal(name: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise BadRequest(f"couldn't decode the OTLP body: {name} {text!r} is not hexadecimal") from None


def _base64(text: str) -> bytes:
    """Bytes in either alphabet, with padding or without: protobuf's JSON mapping takes all of them."""
    digits = text.rstrip("=")
    try:
        return base64.b64decode(digits.translate(_STANDARD_ALPHABET) + "=" * (-len(digits) % 4), validate=True)
    except binascii.Error:
        raise BadRequest(f"couldn't decode the OTLP body: bytesValue {text!r} is not base64") from None
