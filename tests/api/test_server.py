"""A whole server: what is sent in any protocol is found again, also after a restart."""

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import grpc
import httpx
import pyarrow as pa
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from websockets.sync.client import connect

from .process import ServerProcess, command, server_process


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    with server_process(tmp_path_factory.mktemp("data")) as server:
        yield server
        assert server.stop() == 0


def otlp_request(service: str, *lines: str) -> ExportLogsServiceRequest:
    request = ExportLogsServiceRequest()
    resource = request.resource_logs.add()
    resource.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value=service)))
    scope = resource.scope_logs.add()
    for line in lines:
        record = scope.log_records.add(time_unix_nano=time.time_ns(), severity_text="ERROR")
        record.body.string_value = line
        record.attributes.append(KeyValue(key="user.id", value=AnyValue(string_value="7")))
    return request


def test_json_push_is_queryable_at_once(running: ServerProcess) -> None:
    now = time.time_ns()
    running.push({"app": "json"}, (now, "first"), (now + 1, "second"))
    assert running.lines('{app="json"}') == ["first", "second"]
    assert running.lines('{app="json"} |= "sec"') == ["second"]


def test_otlp_over_http(running: ServerProcess) -> None:
    body = otlp_request("http-service", "over http").SerializeToString()
    answer = running.client.post("/v1/logs", content=body, headers={"Content-Type": "application/x-protobuf"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/x-protobuf")
    assert running.lines('{service_name="http-service"} | user_id="7" | detected_level="error"') == ["over http"]


def test_otlp_json(running: ServerProcess) -> None:
    attribute = {"key": "service.name", "value": {"stringValue": "json-service"}}
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": "as json"}}
    body = {"resourceLogs": [{"resource": {"attributes": [attribute]}, "scopeLogs": [{"logRecords": [record]}]}]}
    answer = running.client.post("/otlp/v1/logs", json=body)
    assert (answer.status_code, answer.json()) == (200, {})
    assert running.lines('{service_name="json-service"}') == ["as json"]


def test_otlp_over_grpc(running: ServerProcess) -> None:
    with grpc.insecure_channel(running.grpc) as channel:
        export = LogsServiceStub(channel).Export
        response = export(otlp_request("grpc-service", "one", "two"), timeout=10, compression=grpc.Compression.Gzip)
        assert not response.HasField("partial_success")
        assert running.lines('{service_name="grpc-service"}') == ["one", "two"]
        assert export(ExportLogsServiceRequest(), timeout=10).partial_success.rejected_log_records == 0


def test_otlp_tells_what_was_refused(running: ServerProcess) -> None:
    request = otlp_request("partial", "good", "x" * 300_000)
    with grpc.insecure_channel(running.grpc) as channel:
        partial = LogsServiceStub(channel).Export(request, timeout=10).partial_success
        assert partial.rejected_log_records == 1
        assert "max" in partial.error_message.lower()
        with pytest.raises(grpc.RpcError) as refused:
            LogsServiceStub(channel).Export(otlp_request("partial", "x" * 300_000), timeout=10)
        assert refused.value.code() == grpc.StatusCode.INVALID_ARGUMENT
    assert running.lines('{service_name="partial"}') == ["good"]


def test_tail_sees_what_is_pushed(running: ServerProcess) -> None:
    query = urlencode({"query": '{app="tailed"} |= "yes"'})
    with connect(f"ws{running.url.removeprefix('http')}/loki/api/v1/tail?{query}") as connection:
        now = time.time_ns()
        running.push({"app": "tailed"}, (now, "no"), (now + 1, "yes"))
        stream = json.loads(connection.recv(timeout=10))["streams"][0]
        assert stream["values"] == [[str(now + 1), "yes"]]
        assert stream["stream"]["service_name"] == "tailed"


def test_export_is_what_was_pushed(running: ServerProcess) -> None:
    now = time.time_ns()
    running.push({"app": "export"}, *((now + i, f"line {i}") for i in range(3000)))
    answer = running.client.get(
        "/sigyn/api/v1/export", params={"query": '{app="export"}', "format": "arrow", "end": str(now + 10_000)}
    )
    assert pa.ipc.open_stream(answer.content).read_all()["line"].to_pylist() == [f"line {i}" for i in range(3000)]


def test_metadata_endpoints(running: ServerProcess) -> None:
    now = time.time_ns()
    running.push({"app": "meta", "pod": "a"}, *((now + i, f"took={i}ms user u{i}") for i in range(20)))
    get = running.client.get
    assert get("/loki/api/v1/label/app/values", params={"query": '{pod="a"}'}).json()["data"] == ["meta"]
    query = {"query": '{app="meta"}'}
    assert get("/loki/api/v1/series", params={"match[]": '{app="meta"}'}).json()["data"] == [
        {"app": "meta", "pod": "a", "service_name": "meta"}
    ]
    stats = get("/loki/api/v1/index/stats", params={**query, "end": str(now + 100)}).json()
    assert (stats["streams"], stats["entries"]) == (1, 20)
    volume = get("/loki/api/v1/index/volume", params={**query, "end": str(now + 100)}).json()["data"]["result"]
    assert [row["metric"] for row in volume] == [{"app": "meta"}]
    fields = get("/loki/api/v1/detected_fields", params={**query, "end": str(now + 100)}).json()["fields"]
    assert {field["label"]: field["type"] for field in fields} == {"detected_level": "string", "took": "duration"}
    patterns = get("/loki/api/v1/patterns", params={**query, "end": str(now + 100)}).json()["data"]
    assert [pattern["pattern"] for pattern in patterns] == ["took=<_> user <_>"]


def test_metrics_count_pushes_and_commits(running: ServerProcess) -> None:
    running.push({"app": "counted"}, (time.time_ns(), "x"))
    text = running.client.get("/metrics").text
    counters = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert float(counters['loki_distributor_lines_received_total{tenant="fake"}']) >= 1
    assert float(counters["sigyn_store_commits_total"]) >= 1
    assert "# HELP sigyn_store_pushes_failed_total Pushes that could not be stored, as the object store" in text
    assert "# HELP sigyn_store_waiting_bytes Bytes of entries that are not yet durable." in text


def test_grpc_requests_are_measured(running: ServerProcess) -> None:
    with grpc.insecure_channel(running.grpc) as channel:
        LogsServiceStub(channel).Export(otlp_request("measured", "x"), timeout=10)
    text = running.client.get("/metrics").text
    route = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    assert f'loki_request_duration_seconds_count{{method="gRPC",route="{route}",status_code="OK",ws="false"}}' in text


def test_what_was_acknowledged_survives_a_restart(tmp_path: Path) -> None:
    now = time.time_ns()
    with server_process(tmp_path) as server:
        server.push({"app": "kept"}, (now, "kept"))
        assert server.stop() == 0
    with server_process(tmp_path) as server:
        assert server.lines('{app="kept"}') == ["kept"]
        assert server.stop() == 0


def test_a_second_server_is_told_why_it_cannot_start(running: ServerProcess, tmp_path: Path) -> None:
    address = running.url.removeprefix("http://")
    taken = subprocess.run(command(tmp_path, http=address), capture_output=True, text=True, timeout=30, check=False)
    assert taken.returncode != 0
    assert f"can't listen on {address}: address already in use" in taken.stderr
    taken = subprocess.run(
        command(tmp_path, grpc=running.grpc), capture_output=True, text=True, timeout=30, check=False
    )
    assert taken.returncode != 0
    assert f"can't listen on {running.grpc}" in taken.stderr


def test_requests_under_way_finish_before_the_server_stops(tmp_path: Path) -> None:
    with server_process(tmp_path) as server:
        now = time.time_ns()
        server.push({"app": "kept"}, *((now - i, f"line {i}") for i in range(5000)))
        with httpx.Client(base_url=server.url) as client:
            parameters = {"query": '{app="kept"}'}
            with client.stream("GET", "/sigyn/api/v1/export", params=parameters) as answer:
                server.process.terminate()
                assert sum(1 for _ in answer.iter_lines()) == 5000
        assert server.process.wait(timeout=20) == 0
