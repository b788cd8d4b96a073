"""OTLP over gRPC: OpenTelemetry's LogsService, with the decoder and the ingest path of the HTTP endpoint."""

import time
from functools import partial
from typing import TYPE_CHECKING, Any

import grpc
import structlog
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from sigyn.api.access.asking import tenant_from
from sigyn.api.access.grpc import GrpcDoor
from sigyn.api.decoding import decode_bytes
from sigyn.api.otlp.export import store_logs
from sigyn.api.otlp.status import status_code
from sigyn.model.errors import SigynError, Unavailable
from sigyn.wire.otlp import decode_otlp_message

if TYPE_CHECKING:
    from sigyn.api.app import Api

_log = structlog.get_logger("sigyn.api")

SERVICE = "opentelemetry.proto.collector.logs.v1.LogsService"


async def start_grpc(
    api: "Api", address: str, credentials: grpc.ServerCredentials | None = None
) -> tuple[grpc.aio.Server, int]:
    """A running server and its port, with TLS by `credentials`; raises Unavailable when the address can't be had."""
    server = grpc.aio.server(
        interceptors=[GrpcDoor(api.access, api.clock)],
        options=[
            ("grpc.max_receive_message_length", api.settings.max_push_bytes),
            ("grpc.so_reuseport", 0),  # two servers on one port would share its requests unnoticed
        ],
    )
    # Without a deserializer the handler gets the bytes, which the decoder reads as it reads HTTP bodies.
    handler = grpc.unary_unary_rpc_method_handler(
        LogsService(api).export, response_serializer=ExportLogsServiceResponse.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": handler}),))
    try:
        port = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
    except RuntimeError:  # which names no reason; gRPC itself writes it to stderr
        raise Unavailable(
            f"can't listen on {address} for OTLP over gRPC: where another program, such as a collector, has that port, "
            "give --otlp-grpc (server.otlp_grpc) another one, or '' to do without"
        ) from None
    await server.start()
    return server, port


class LogsService:
    """`opentelemetry.proto.collector.logs.v1.LogsService`."""

    def __init__(self, api: "Api") -> None:
        self._api = api

    async def export(self, message: bytes, context: Any) -> ExportLogsServiceResponse:
        """Takes an ExportLogsServiceRequest as bytes."""
        headers = dict(context.invocation_metadata() or ())
        api = self._api
        code = grpc.StatusCode.UNAVAILABLE  # what the door makes of a defect
        began = time.perf_counter()
        api.metrics.request_began()
        try:
            tenant = tenant_from(headers.get("x-scope-orgid", ""), api.settings.auth_enabled)
            decode = partial(decode_otlp_message, mapping=api.settings_of(tenant).otlp, clock=api.clock)
            with api.push_memory.hold() as held:
                held.add(len(message))
                response = await store_logs(api, tenant, await decode_bytes(api, message, decode, held))
            code = grpc.StatusCode.OK
        except SigynError as error:
            code = status_code(error)
            if error.status == SigynError.status:
                _log.error("request failed", method="gRPC", path=f"/{SERVICE}/Export", error=str(error))
            await context.abort(code, str(error))
            raise
        finally:
            seconds = time.perf_counter() - began
            api.metrics.request_ended("gRPC", f"/{SERVICE}/Export", code.name, seconds)
        return response
