"""Bodies of pushes into what they say, and that into the store."""

import asyncio
from collections.abc import Callable
from functools import partial

from starlette.requests import Request

from sigyn.api.requests import api_of, bounded_body, tenant_of
from sigyn.wire.push import DecodedPush

Decode = Callable[[bytes, str, str], DecodedPush]
"""Body, Content-Type and Content-Encoding to a push."""


async def ingest_body(request: Request, decode: Decode) -> DecodedPush:
    """Reads, decodes and stores the body of a push; returns it when it is durable.

    Large bodies are decoded in threads that do nothing else, so that neither the event loop nor
    queries hold up a push. Raises the errors of the decoder and of the ingest service, and TooLarge.
    """
    api = api_of(request)
    tenant = tenant_of(request)
    body = await bounded_body(request, api.settings.max_push_bytes)
    headers = request.headers
    decode_body = partial(decode, body, headers.get("content-type", ""), headers.get("content-encoding", ""))
    if len(body) < api.settings.decode_in_thread_bytes:
        push = decode_body()
    else:
        push = await asyncio.get_running_loop().run_in_executor(api.decoders, decode_body)
    await api.ingest.push(tenant, push)
    return push
