"""OpenTelemetry logs: Loki's mapping, the same from protobuf and JSON."""

import base64
import gzip
import json
import re

import cramjam
import pytest
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from sigyn.model.errors import BadRequest
from sigyn.model.time import LAST
from sigyn.wire.otlp import decode_otlp
from sigyn.wire.otlp_mapping import INDEX_LABELS, Action, AttributeRule, OtlpMapping, Value, as_text
from sigyn.wire.push import DecodedPush

NOW = 1768471260_000_000_000
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

REQUEST = {
    "resourceLogs": [
        {
            "resource": {
                "attributes": [
                    {"key": "service.name", "value": {"stringValue": "shop"}},
                    {"key": "deployment.environment.name", "value": {"stringValue": "prod"}},
                    {"key": "k8s.pod.name", "value": {"stringValue": "shop-0"}},
                    {"key": "host.arch", "value": {"stringValue": "amd64"}},
                    {"key": "process.pid", "value": {"intValue": "4711"}},
                ],
                "droppedAttributesCount": 1,
            },
            "scopeLogs": [
                {
                    "scope": {
                        "name": "checkout",
                        "version": "1.2",
                        "attributes": [{"key": "scope.kind", "value": {"boolValue": True}}],
                    },
                    "logRecords": [
                        {
                            "timeUnixNano": str(NOW),
                            "observedTimeUnixNano": str(NOW + 5),
                            "severityNumber": 17,
                            "severityText": "ERROR",
                            "body": {"stringValue": "payment failed"},
                            "attributes": [
                                {"key": "http.status_code", "value": {"intValue": "500"}},
                                {"key": "ratio", "value": {"doubleValue": 0.5}},
                                {
                                    "key": "user",
                                    "value": {
                                        "kvlistValue": {
                                            "values": [
                                                {"key": "id", "value": {"stringValue": "u1"}},
                                                {
                                                    "key": "address",
                                                    "value": {
                                                        "kvlistValue": {
                                                            "values": [{"key": "9", "value": {"stringValue": "z"}}]
                                                        }
                                                    },
                                                },
                                            ]
                                        }
                                    },
                                },
                                {
                                    "key": "tags",
                                    "value": {"arrayValue": {"values": [{"stringValue": "a"}, {"intValue": "2"}]}},
                                },
                                {"key": "raw", "value": {"bytesValue": "AQI="}},
                                {"key": "empty", "value": {"stringValue": ""}},
                                {"key": "none", "value": {}},
                            ],
                            "droppedAttributesCount": 2,
                            "flags": 1,
                            "traceId": TRACE,
                            "spanId": SPAN,
                            "eventName": "payment",
                        }
                    ],
                }
            ],
        }
    ]
}


def decode_json(request: object, mapping: OtlpMapping | None = None) -> DecodedPush:
    return decode_otlp(
        json.dumps(request).encode(), "application/json", "", mapping=mapping or OtlpMapping(), clock=lambda: NOW + 9
    )


def message_of(request: object) -> bytes:
    """The protobuf message of a request in OTLP's JSON, whose ids are hexadecimal where protobuf's are base64."""
    text = re.sub(
        r'("traceId"|"spanId"): "([0-9a-f]+)"',
        lambda match: f'{match[1]}: "{base64.b64encode(bytes.fromhex(match[2])).decode()}"',
        json.dumps(request),
    )
    data: bytes = json_format.Parse(text, ExportLogsServiceRequest()).SerializeToString()
    return data


def one_record(record: dict[str, object], attributes: tuple[object, ...] = ()) -> dict[str, list[object]]:
    resource = {"attributes": list(attributes)}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}


def test_the_whole_mapping() -> None:
    decoded = decode_json(REQUEST)
    assert decoded.streams == (
        (("deployment_environment_name", "prod"), ("k8s_pod_name", "shop-0"), ("service_name", "shop")),
    )
    (entry,) = decoded.entries.to_pylist()
    assert (entry["timestamp"], entry["line"]) == (NOW, "payment failed")
    assert json.loads(entry["metadata"]) == {
        "dropped_attributes_count": "2",
        "event_name": "payment",
        "flags": "1",
        "host_arch": "amd64",
        "http_status_code": "500",
        "observed_timestamp": str(NOW + 5),
        "process_pid": "4711",
        "ratio": "0.5",
        "raw": "AQI=",
        "resource_dropped_attributes_count": "1",
        "scope_kind": "true",
        "scope_name": "checkout",
        "scope_version": "1.2",
        "severity_number": "17",
        "severity_text": "ERROR",
        "span_id": SPAN,
        "tags": '["a",2]',
        "trace_id": TRACE,
        "user_address_9": "z",
        "user_id": "u1",
    }


@pytest.mark.parametrize("encoding", ["", "gzip", "snappy"])
def test_protobuf_says_what_json_says(encoding: str) -> None:
    message = message_of(REQUEST)
    body = {"": message, "gzip": gzip.compress(message), "snappy": bytes(cramjam.snappy.compress(message))}[encoding]
    decoded = decode_otlp(body, "application/x-protobuf", encoding)
    assert decoded.streams == decode_json(REQUEST).streams
    assert decoded.entries.equals(decode_json(REQUEST).entries)


_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_names = st.sampled_from(["user.id", "user_id", "9x", "_x", "__x", "", "a b", "trace_id", "service.name", "é"]) | _texts


def _attributes(values: st.SearchStrategy[object]) -> st.SearchStrategy[list[object]]:
    return st.lists(st.builds(lambda name, value: {"key": name, "value": value}, _names, values), max_size=4)


_int64 = st.integers(-1 << 63, (1 << 63) - 1)
_doubles = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["NaN", "Infinity", "-Infinity", "1.5"])
_values = st.recursive(
    st.just({})
    | st.builds(lambda text: {"stringValue": text}, _texts)
    | st.builds(lambda value: {"boolValue": value}, st.booleans())
    | st.builds(lambda number: {"intValue": number}, _int64 | _int64.map(str))
    | st.builds(lambda number: {"doubleValue": number}, _doubles)
    | st.builds(lambda data: {"bytesValue": base64.b64encode(data).decode()}, st.binary(max_size=5)),
    lambda inner: (
        st.builds(lambda values: {"arrayValue": {"values": values}}, st.lists(inner, max_size=3))
        | st.builds(lambda pairs: {"kvlistValue": {"values": pairs}}, _attributes(inner))
    ),
    max_leaves=6,
)


def _some(**members: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.fixed_dictionaries({}, optional=members)


_times = st.sampled_from([0, 1, NOW, LAST, LAST + 1]) | st.sampled_from([str(NOW), "7"])
_ids = st.sampled_from(["", TRACE, SPAN, "0" * 32])
_counts = st.sampled_from([0, 1, (1 << 32) - 1])
_records = _some(
    timeUnixNano=_times,
    observedTimeUnixNano=_times,
    severityNumber=st.integers(0, 24),
    severityText=_texts,
    body=_values,
    attributes=_attributes(_values),
    droppedAttributesCount=_counts,
    flags=_counts,
    traceId=_ids,
    spanId=_ids,
    eventName=_texts,
)
_scopes = _some(name=_texts, version=_texts, attributes=_attributes(_values), droppedAttributesCount=_counts)
_requests = _some(
    resourceLogs=st.lists(
        _some(
            resource=_some(attributes=_attributes(_values), droppedAttributesCount=_counts),
            scopeLogs=st.lists(_some(scope=_scopes, logRecords=st.lists(_records, max_size=3)), max_size=2),
        ),
        max_size=3,
    )
)


@settings(deadline=None)
@given(_requests)
def test_protobuf_says_what_json_says_whatever_it_is(request: dict[str, object]) -> None:
    by_json = decode_json(request)
    by_protobuf = decode_otlp(message_of(request), "application/x-protobuf", "", clock=lambda: NOW + 9)
    assert by_protobuf == by_json


@pytest.mark.parametrize(
    ("record", "timestamp", "observed"),
    [
        ({"timeUnixNano": str(NOW)}, NOW, None),
        ({"timeUnixNano": NOW, "observedTimeUnixNano": "7"}, NOW, "7"),
        ({"observedTimeUnixNano": "7"}, 7, None),
        ({"timeUnixNano": "0"}, NOW + 9, None),
        ({}, NOW + 9, None),
        ({"timeUnixNano": str((1 << 64) - 1)}, LAST, None),
    ],
)
def test_times(record: dict[str, object], timestamp: int, observed: str | None) -> None:
    (entry,) = decode_json(one_record(record)).entries.to_pylist()
    assert entry["timestamp"] == timestamp
    assert json.loads(entry["metadata"] or "{}").get("observed_timestamp") == observed


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ({"stringValue": "text"}, "text"),
        ({"intValue": "5"}, "5"),
        ({"intValue": 5}, "5"),
        ({"boolValue": False}, "false"),
        ({"doubleValue": 1e21}, "1e+21"),
        ({"doubleValue": 3}, "3"),
        ({"bytesValue": "AQI="}, "AQI="),
        ({"arrayValue": {"values": [{"stringValue": "a"}, {"doubleValue": 1.5}, {}]}}, '["a",1.5,null]'),
        (
            {
                "kvlistValue": {
                    "values": [{"key": "b", "value": {"intValue": 1}}, {"key": "a", "value": {"boolValue": True}}]
                }
            },
            '{"a":true,"b":1}',
        ),
        ({}, ""),
        (None, ""),
    ],
)
def test_bodies(body: object, line: str) -> None:
    assert decode_json(one_record({"body": body})).entries["line"].to_pylist() == [line]


@pytest.mark.parametrize("text", ["+/8=", "-_8=", "+/8", "-_8"])
def test_bytes_are_base64_of_either_alphabet_with_padding_or_without(text: str) -> None:
    request = one_record({"body": {"bytesValue": text}})
    assert decode_json(request).entries["line"].to_pylist() == ["+/8="]
    assert decode_otlp(message_of(request), "application/x-protobuf", "").entries["line"].to_pylist() == ["+/8="]


def test_null_is_as_if_it_were_not_there() -> None:
    record = {
        "timeUnixNano": str(NOW),
        "observedTimeUnixNano": None,
        "severityNumber": None,
        "severityText": None,
        "body": {"kvlistValue": {"values": [{"key": "a", "value": None}, {"key": "b", "value": {"intValue": 1}}]}},
        "attributes": [{"key": "list", "value": {"arrayValue": {"values": None}}}],
        "flags": None,
        "traceId": None,
    }
    request = one_record(record)
    for broken in ({"resource": None, "scopeLogs": [{"scope": None, "logRecords": None}]}, {"scopeLogs": None}):
        request["resourceLogs"].append(broken)
    decoded = decode_json(request)
    assert decoded.entries.to_pylist() == [
        {"stream": 0, "timestamp": NOW, "line": '{"a":null,"b":1}', "metadata": '{"list":"[]"}'}
    ]
    assert decoded.entries.equals(decode_otlp(message_of(request), "application/x-protobuf", "").entries)


def test_text_that_is_not_utf8_is_mended_in_protobuf_as_in_json() -> None:
    """One line of a file in another encoding must not cost the batch."""
    resource = {"key": "service.name", "value": {"stringValue": "caf@"}}
    request = one_record(
        {
            "timeUnixNano": str(NOW),
            "body": {"stringValue": "cr@me br@l@e"},
            "severityText": "@",
            "attributes": [
                {"key": "k@y", "value": {"stringValue": "caf@"}},
                {"key": "raw", "value": {"bytesValue": "AP8="}},
                {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "@"}, {"intValue": "2"}]}}},
                {"key": "map", "value": {"kvlistValue": {"values": [{"key": "@", "value": {"boolValue": True}}]}}},
            ],
        },
        (resource,),
    )
    by_json = decode_otlp(json.dumps(request).encode().replace(b"@", b"\xff"), "application/json", "")
    assert by_json.streams == ((("service_name", "caf\ufffd"),),)
    (entry,) = by_json.entries.to_pylist()
    assert entry["line"] == "cr\ufffdme br\ufffdl\ufffde"
    assert json.loads(entry["metadata"]) == {
        "k_y": "caf\ufffd",
        "list": '["\ufffd",2]',
        "map__": "true",
        "raw": "AP8=",
        "severity_text": "\ufffd",
    }
    by_protobuf = decode_otlp(message_of(request).replace(b"@", b"\xff"), "application/x-protobuf", "")
    assert (by_protobuf.streams, by_protobuf.entries) == (by_json.streams, by_json.entries)


@pytest.mark.parametrize(
    ("severity", "number"),
    [
        (9, "9"),
        ("9", "9"),
        ("SEVERITY_NUMBER_INFO", "9"),
        ("SEVERITY_NUMBER_FATAL4", "24"),
        ("UNKNOWN", None),
        (0, None),
    ],
)
def test_severity_numbers(severity: object, number: str | None) -> None:
    (metadata,) = decode_json(one_record({"severityNumber": severity})).entries["metadata"].to_pylist()
    assert json.loads(metadata or "{}").get("severity_number") == number


def test_ids_of_zeros_are_no_ids() -> None:
    record = {"traceId": "0" * 32, "spanId": "", "body": {"stringValue": "x"}}
    assert decode_json(one_record(record)).entries["metadata"].to_pylist() == [None]


def test_records_of_equal_resources_are_one_stream_in_their_order() -> None:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    parts = [
        {"resource": resource, "scopeLogs": [{"logRecords": [{"body": {"stringValue": text}}]}]}
        for text in ("one", "two")
    ]
    decoded = decode_json({"resourceLogs": [parts[0], {"scopeLogs": [{"logRecords": [{}]}]}, parts[1]]})
    assert decoded.streams == ((("service_name", "shop"),), ())
    assert decoded.entries["line"].to_pylist() == ["one", "two", ""]
    assert decoded.entries["stream"].to_pylist() == [0, 0, 1]


def test_an_export_of_nothing_is_no_error() -> None:
    for body, content_type in (
        (b"{}", "application/json"),
        (b'{"resourceLogs":[]}', "application/json"),
        (b'{"resourceLogs":null,"other":1}', "application/json"),
        (b"", "application/x-protobuf"),
    ):
        decoded = decode_otlp(body, content_type, "")
        assert (decoded.stream_count, decoded.entries.num_rows) == (1, 0)


def test_attributes_go_where_the_configuration_says() -> None:
    mapping = OtlpMapping(
        index_labels=frozenset(),
        resource_attributes=(
            AttributeRule(Action.DROP, frozenset({"process.pid"})),
            AttributeRule(Action.INDEX_LABEL, regex=re.compile(r"service\..*|host")),
        ),
        scope_attributes=(AttributeRule(Action.DROP, regex=re.compile(".*")),),
        log_attributes=(
            AttributeRule(Action.INDEX_LABEL, frozenset({"http.status_code"})),
            AttributeRule(Action.STRUCTURED_METADATA, frozenset({"ratio"})),
            AttributeRule(Action.DROP, regex=re.compile(".*")),
        ),
        severity_text_as_label=True,
    )
    decoded = decode_json(REQUEST, mapping)
    assert decoded.streams == ((("http_status_code", "500"), ("service_name", "shop"), ("severity_text", "ERROR")),)
    (metadata,) = decoded.entries["metadata"].to_pylist()
    assert set(json.loads(metadata)) == {
        "deployment_environment_name",
        "dropped_attributes_count",
        "event_name",
        "flags",
        "host_arch",
        "k8s_pod_name",
        "observed_timestamp",
        "ratio",
        "resource_dropped_attributes_count",
        "scope_name",
        "scope_version",
        "severity_number",
        "span_id",
        "trace_id",
    }


def test_the_default_labels_are_those_of_the_documentation() -> None:
    attributes = tuple({"key": name, "value": {"stringValue": "x"}} for name in sorted(INDEX_LABELS))
    (labels,) = decode_json(one_record({}, attributes)).streams
    assert [name for name, _ in labels] == sorted(name.replace(".", "_") for name in INDEX_LABELS)


@pytest.mark.parametrize(
    ("body", "content_type", "message"),
    [
        (b"garbage", "application/x-protobuf", "couldn't decode the OTLP body"),
        (b"[]", "application/json", "couldn't decode the JSON body: expected `object`, got `array`"),
        (b'{"resourceLogs": [{"scopeLogs": 1}]}', "application/json", "couldn't decode the JSON body: resourceLogs"),
        (
            json.dumps(one_record({"traceId": "xyz"})).encode(),
            "application/json",
            "couldn't decode the OTLP body: traceId",
        ),
        (
            json.dumps(one_record({"body": {"bytesValue": "?"}})).encode(),
            "application/json",
            "couldn't decode the OTLP body: bytesValue '?' is not base64",
        ),
        (
            json.dumps(one_record({"timeUnixNano": str(1 << 64)})).encode(),
            "application/json",
            "couldn't decode the OTLP body: the time 18446744073709551616 ns",
        ),
        (
            json.dumps(one_record({"timeUnixNano": "-1"})).encode(),
            "application/json",
            "couldn't decode the OTLP body: the time -1 ns of a log record is out of range",
        ),
        (
            json.dumps(one_record({"attributes": None, "flags": "x"})).encode(),
            "application/json",
            "couldn't decode the JSON body: resourceLogs[0].scopeLogs[0].logRecords[0].flags: expected `int`",
        ),
        (
            b'{"resource_logs":[{}]}',
            "application/json",
            "couldn't decode the OTLP body: logs come in `resourceLogs`, and it has only `resource_logs`",
        ),
    ],
)
def test_errors(body: bytes, content_type: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        decode_otlp(body, content_type, "")
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.0, "-0"),
        (0.1, "0.1"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (0.000001, "0.000001"),
        (0.0000015, "0.0000015"),
        (1e-7, "1e-7"),
        (5e-324, "5e-324"),
        (float("nan"), "NaN"),
        (float("inf"), "+Inf"),
        ({"f": float("nan"), "b": b"\x01"}, '{"b":"AQ==","f":"NaN"}'),
    ],
)
def test_values_as_text(value: Value, text: str) -> None:
    assert as_text(value) == text


@settings(deadline=None)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_read_back(value: float) -> None:
    assert float(as_text(value)) == value
