"""OTLP over gRPC where something is wrong with us: senders keep what they sent."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2_grpc import LogsServiceStub
from structlog.testing import capture_logs

from sigyn.api.app import Api
from sigyn.api.ops.metrics import Metrics
from sigyn.api.otlp.grpc import start_grpc
from sigyn.api.settings import ApiSettings
from sigyn.model.errors import BadRequest, SigynError, TooManyRequests
from sigyn.ruler.ruler import Ruler
from sigyn.ruler.settings import RulerSettings
from sigyn.services.tail import TailHub

from .fakes import MemoryServices


@dataclass
class Called:
    """How a call ended, and how it was counted."""

    code: grpc.StatusCode
    message: str
    counted: set[str]


def export(failure: Exception) -> Called:
    """Sends a record to a server whose ingest fails so."""
    with ThreadPoolExecutor(1) as decoders:
        return asyncio.run(_export(decoders, failure))


async def _export(decoders: ThreadPoolExecutor, failure: Exception) -> Called:
    services = MemoryServices(failure=failure)
    metrics = Metrics(services.counters)
    tails = TailHub(queue_entries=1, most_tails=lambda _tenant: 1)
    api = Api(
        queries=services,
        ingest=services,
        operations=services,
        deletes=services,
        tails=tails,
        settings=ApiSettings(),
        metrics=metrics,
        decoders=decoders,
        ruler=Ruler(RulerSettings(), services, None),
    )
    request = ExportLogsServiceRequest()
    request.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "line"
    server, port = await start_grpc(api, "127.0.0.1:0")
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as failed:
                await LogsServiceStub(channel).Export(request, timeout=10)
    finally:
        await server.stop(0)
        tails.close()
    samples = [sample for family in metrics.registry.collect() for sample in family.samples]
    counted = {one.labels["status_code"] for one in samples if one.name == "loki_request_duration_seconds_count"}
    return Called(failed.value.code(), failed.value.details() or "", counted)


def test_a_defect_is_tried_again_and_logged() -> None:
    with capture_logs() as logged:
        called = export(RuntimeError("a defect"))
    assert called.code is grpc.StatusCode.UNAVAILABLE  # UNKNOWN and INTERNAL make senders drop their data
    assert called.message == "internal server error: the server's log has the details"
    assert called.counted == {"UNAVAILABLE"}
    (line,) = logged
    assert (line["event"], line["log_level"]) == ("request failed", "error")
    assert line["path"] == "/opentelemetry.proto.collector.logs.v1.LogsService/Export"
    assert line["error"] == "RuntimeError('a defect')"
    assert isinstance(line["exc_info"], RuntimeError)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (SigynError("a segment is lost"), grpc.StatusCode.UNAVAILABLE),
        (TooManyRequests("slower"), grpc.StatusCode.UNAVAILABLE),
        (BadRequest("not so"), grpc.StatusCode.INVALID_ARGUMENT),
    ],
)
def test_what_was_refused_has_its_reason(failure: SigynError, code: grpc.StatusCode) -> None:
    with capture_logs() as logged:
        called = export(failure)
    assert (called.code, called.message, called.counted) == (code, str(failure), {code.name})
    assert [line["event"] for line in logged] == (["request failed"] if failure.status == 500 else [])
