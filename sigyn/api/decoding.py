"""Bodies of pushes into what they say, and that into the store."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from starlette.requests import Request

from sigyn.api.requests import api_of, bounded_body, tenant_of
from sigyn.services.ingest import PushOutcome
from sigyn.wire.push import DecodedPush

if TYPE_CHECKING:
    from sigyn.api.app import Api

Decode = Callable[[bytes, str, str], DecodedPush]
"""Body, Content-Type and Content-Encoding to a push."""


async def ingest_body(request: Request, decode: Decode) -> PushOutcome:
    """Reads, decodes and stores the body of a push; returns when it is durable.

    Raises the errors of the decoder and of the ingest service, and TooLarge.
    """
    tenant = tenant_of(request)
    push = await decode_body(request, decode)
    return await api_of(request).ingest.push(tenant, push)


async def decode_body(request: Request, decode: Decode) -> DecodedPush:
    """The body of a request, decoded; raises the errors of the decoder, and TooLarge."""
    api = api_of(request)
    body = await bounded_body(request, api.settings.max_push_bytes)
    content_type = request.headers.get("content-type", "")
    encoding = request.headers.get("content-encoding", "")
    return await decode_bytes(api, body, lambda body: decode(body, content_type, encoding))


async def decode_bytes(api: "Api", body: bytes, decode: Callable[[bytes], DecodedPush]) -> DecodedPush:
    """Decodes in threads that do nothing else when the body is large.

    So neither the event loop nor running queries hold up a push.
    """
    if len(body) < api.settings.decode_in_thread_bytes:
        return decode(body)
    return await asyncio.get_running_loop().run_in_executor(api.decoders, partial(decode, body))
