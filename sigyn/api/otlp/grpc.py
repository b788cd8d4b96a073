"""OpenTelemetry's LogsService over gRPC, with the decoder and the ingest path of the HTTP endpoint."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from sigyn.model.errors import BadRequest, SigynError, TooLarge, TooManyRequests, Unavailable

SERVICE = "opentelemetry.proto.collector.logs.v1.LogsService"

Export = Callable[[bytes, str], Awaitable[ExportLogsServiceResponse]]
"""Takes a message and the X-Scope-OrgID that came with it."""


async def start_grpc(address: str, export: Export, max_message_bytes: int) -> tuple[grpc.aio.Server, int]:
    """A running server and its port; raises Unavailable when the address can't be had."""
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", max_message_bytes),
            ("grpc.so_reuseport", 0),
        ]
    )
    # Without a deserializer the handler gets the bytes, which the decoder reads as it reads HTTP bodies.
    handler = grpc.unary_unary_rpc_method_handler(
        _handler(export), response_serializer=ExportLogsServiceResponse.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Export": handler}),))
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise Unavailable(f"can't listen on {address} for OTLP over gRPC: {error}") from None
    await server.start()
    return server, port


def _handler(export: Export) -> Callable[[bytes, Any], Awaitable[ExportLogsServiceResponse]]:
    async def handle(message: bytes, context: Any) -> ExportLogsServiceResponse:
        headers = dict(context.invocation_metadata() or ())
        try:
            return await export(message, headers.get("x-scope-orgid", ""))
        except SigynError as error:
            return await context.abort(_code(error), str(error))

    return handle


def _code(error: SigynError) -> grpc.StatusCode:
    """The code that makes an SDK retry what can succeed later, and drop what can't (OTLP's specification)."""
    match error:
        case TooManyRequests() | Unavailable():
            return grpc.StatusCode.UNAVAILABLE
        case TooLarge():
            return grpc.StatusCode.INVALID_ARGUMENT
        case BadRequest():
            return grpc.StatusCode.INVALID_ARGUMENT
    return grpc.StatusCode.UNAUTHENTICATED if error.status == 401 else grpc.StatusCode.INTERNAL
