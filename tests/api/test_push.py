"""push: what is taken, and how each refusal looks."""

import gzip
import json
from collections.abc import Callable

import httpx
import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from structlog.testing import capture_logs

from sigyn.api.settings import ApiSettings
from sigyn.model.errors import BadRequest, SigynError, TooManyRequests, Unavailable

from .conftest import NOW, Server

PUSH = "/loki/api/v1/push"
PROTOBUF = "application/x-protobuf"
BODY = {"streams": [{"stream": {"app": "shop"}, "values": [[str(NOW), "one"], [str(NOW), "two", {"k": "v"}]]}]}

OTLP = ExportLogsServiceRequest()
OTLP.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=NOW).body.string_value = "a line"


def lines(server: Server) -> list[tuple[str, list[str]]]:
    return [(tenant, push.entries["line"].to_pylist()) for tenant, push in server.services.pushed]


def test_json_is_stored_before_it_is_acknowledged(server: Server) -> None:
    answer = server.client.post(PUSH, json=BODY)
    assert (answer.status_code, answer.content) == (204, b"")
    assert lines(server) == [("fake", ["one", "two"])]


def test_gzip_and_json_without_its_type(server: Server) -> None:
    compressed = gzip.compress(json.dumps(BODY).encode())
    headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    assert server.client.post(PUSH, content=compressed, headers=headers).status_code == 204
    # curl sends this type with --data-raw.
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.client.post(PUSH, content=json.dumps(BODY), headers=headers).status_code == 204
    assert len(lines(server)) == 2


def test_large_bodies_are_decoded_too(server: Server) -> None:
    many = {"streams": [{"stream": {"app": "shop"}, "values": [[str(NOW + i), "x" * 100] for i in range(2000)]}]}
    assert server.client.post(PUSH, json=many).status_code == 204
    assert len(lines(server)[0][1]) == 2000


def test_legacy_push(server: Server) -> None:
    body = {"streams": [{"labels": '{app="shop"}', "entries": [{"ts": "2026-01-15T11:00:00Z", "line": "old"}]}]}
    assert server.client.post("/api/prom/push", json=body).status_code == 204
    assert lines(server) == [("fake", ["old"])]


@pytest.mark.parametrize("body", ["", "[]", '{"streams":{}}', '{"streams":[{"stream":{},"values":[["x","y"]]}]}'])
def test_bodies_that_are_no_push(server: Server, body: str) -> None:
    answer = server.client.post(PUSH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400
    assert answer.text.strip()
    assert not server.services.pushed


def test_refusals_of_the_ingest_service(server: Server) -> None:
    for failure, status in ((BadRequest("bad label"), 400), (Unavailable("disk full"), 503)):
        server.services.failure = failure
        answer = server.client.post(PUSH, json=BODY)
        assert (answer.status_code, answer.text.strip()) == (status, str(failure))
    with capture_logs() as logged:
        for _ in range(2):
            server.services.failure = Unavailable("bucket away")
            assert server.client.post("/otlp/v1/logs", json={}).status_code == 503
    told = [(line["path"], line["error"]) for line in logged if line["log_level"] == "warning"]
    assert told == [("/otlp/v1/logs", "bucket away")], "once a minute"
    server.services.failure = SigynError("torn")
    with capture_logs() as logged:
        assert server.client.post(PUSH, json=BODY).status_code == 500
    assert [line["error"] for line in logged if line["event"] == "request failed"] == ["torn"]
    server.services.failure = TooManyRequests("slow down", retry_after=2.4)
    answer = server.client.post(PUSH, json=BODY)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")


def test_too_large_bodies(start: Callable[[ApiSettings], Server]) -> None:
    server = start(ApiSettings(max_push_bytes=50))
    assert server.client.post(PUSH, json=BODY).status_code == 413
    # Without a Content-Length the bound holds all the same.
    assert server.client.post(PUSH, content=iter([b"x" * 40, b"x" * 40])).status_code == 413
    assert not server.services.pushed


@pytest.mark.parametrize("path", ["/otlp/v1/logs", "/v1/logs"])
def test_senders_of_otlp_are_told_in_their_encoding_what_was_wrong(server: Server, path: str) -> None:
    # The Status of a span has its message where that of an RPC has it, so that it reads these as well.
    reason = "no such label: größe " * 20
    failures: list[tuple[Exception, int]] = [
        (BadRequest(reason), 400),
        (Unavailable(reason), 503),
        (TooManyRequests(reason, retry_after=2), 429),
    ]
    for server.services.failure, status in failures:
        refused = server.client.post(path, content=OTLP.SerializeToString(), headers={"Content-Type": PROTOBUF})
        assert (refused.status_code, refused.headers["content-type"]) == (status, PROTOBUF)
        assert Status.FromString(refused.content).message == reason
        refused = server.client.post(path, json=MessageToDict(OTLP), headers={"Accept": "text/plain"})
        assert refused.headers["content-type"].partition(";")[0] == "application/json"
        assert (refused.status_code, refused.json()) == (status, {"message": reason})
    assert refused.headers["retry-after"] == "2"


def test_senders_of_otlp_try_again_after_a_fault_of_ours(server: Server) -> None:
    server.services.failure = RuntimeError("a defect")
    url = f"http://127.0.0.1:{server.port}"  # each on a connection of its own: uvicorn closes it behind a defect
    answer = httpx.post(f"{url}/v1/logs", content=OTLP.SerializeToString(), headers={"Content-Type": PROTOBUF})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "the server's log" in Status.FromString(answer.content).message
    assert httpx.post(url + PUSH, json=BODY).status_code == 500


def test_json_that_does_not_say_that_it_is(server: Server) -> None:
    answer = server.client.post("/v1/logs", content=b' {"resourceLogs":[]}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 400
    assert "or JSON with `Content-Type: application/json`" in answer.text
