"""Bodies of pushes into what they say, and that into the store."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from starlette.requests import Request

from sigyn.api.push_memory import HeldMemory
from sigyn.api.requests import bounded_body, push_api_of, tenant_of
from sigyn.model.errors import TooLarge
from sigyn.services.ingest import PushOutcome
from sigyn.wire.push import DecodedPush

if TYPE_CHECKING:
    from sigyn.api.push_api import PushApi

Decode = Callable[[bytes, str, str, int], DecodedPush]
"""Body, Content-Type, Content-Encoding and the bytes that it may have decompressed to a push."""


async def ingest_body(request: Request, decode: Decode) -> PushOutcome:
    """Reads, decodes and stores the body of a push; returns when it is durable.

    Raises the errors of the decoder and of the ingest service, TooLarge, and TooManyRequests.
    """
    tenant = tenant_of(request)
    api = push_api_of(request)
    with api.push_memory.hold() as held:
        return await api.ingest.push(tenant, await decode_body(request, decode, held))


async def decode_body(request: Request, decode: Decode, held: HeldMemory) -> DecodedPush:
    """The body of a request, decoded; raises the errors of the decoder, TooLarge, and TooManyRequests.

    `held` counts the body while it comes, and then what it says.
    """
    api = push_api_of(request)
    with _refused_with(api.settings.raise_max_push):
        body = await bounded_body(request, api.settings.max_push_bytes, held.add)
    content_type = request.headers.get("content-type", "")
    encoding = request.headers.get("content-encoding", "")
    limit = api.settings.max_decompressed_bytes
    with _refused_with(api.settings.raise_max_decompressed):
        return await decode_bytes(api, body, lambda body: decode(body, content_type, encoding, limit), held)


@contextmanager
def _refused_with(advice: str) -> Iterator[None]:
    """A refusal of what is too large ends with this."""
    try:
        yield
    except TooLarge as error:
        raise TooLarge(f"{error}{advice}") from None


async def decode_bytes(
    api: "PushApi", body: bytes, decode: Callable[[bytes], DecodedPush], held: HeldMemory
) -> DecodedPush:
    """Decodes in threads that do nothing else when the body is large.

    So neither the event loop nor running queries hold up a push. `held` counts the entries.
    """
    if len(body) < api.settings.decode_in_thread_bytes:
        push = decode(body)
    else:
        push = await asyncio.get_running_loop().run_in_executor(api.decoders, partial(decode, body))
    held.add(push.entries.nbytes)
    return push
