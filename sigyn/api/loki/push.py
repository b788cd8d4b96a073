"""`push`: entries in, 204 once they are durable."""

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.decoding import ingest_body
from sigyn.wire.loki import decode_legacy_push, decode_loki_push


async def push(request: Request) -> Response:
    """`/loki/api/v1/push`: JSON or snappy protobuf, compressed or not."""
    await ingest_body(request, decode_loki_push)
    return Response(status_code=204)


async def legacy_push(request: Request) -> Response:
    """`/api/prom/push`: the same in the formats of Loki's first agents."""
    await ingest_body(request, decode_legacy_push)
    return Response(status_code=204)
