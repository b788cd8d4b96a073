"""OTLP over HTTP: `/otlp/v1/logs`, where Loki has it, and `/v1/logs`, where SDKs look by default."""

from functools import partial

from google.protobuf.json_format import MessageToDict
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.decoding import decode_body
from sigyn.api.otlp.export import store_logs
from sigyn.api.requests import push_api_of, tenant_of
from sigyn.api.responses import OTLP_PATHS, json_response
from sigyn.wire.loki import JSON, PROTOBUF, media_type
from sigyn.wire.otlp import decode_otlp


async def logs(request: Request) -> Response:
    """Takes an ExportLogsServiceRequest, and answers in the encoding of the request."""
    api = push_api_of(request)
    tenant = tenant_of(request)
    decode = partial(decode_otlp, mapping=api.settings_of(tenant).otlp, clock=api.clock)
    with api.push_memory.hold() as held:
        response = await store_logs(api, tenant, await decode_body(request, decode, held))
    if media_type(request.headers.get("content-type", "")) == JSON:
        return json_response(MessageToDict(response))
    return Response(response.SerializeToString(), media_type=PROTOBUF)


OTLP_ROUTES: list[BaseRoute] = [
    *(Route(path, logs, methods=["POST"]) for path in OTLP_PATHS),
]
