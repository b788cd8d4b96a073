"""Waiting for a service on behalf of a client that may go away."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import Request

from sigyn.api.requests import api_of, tenants_of
from sigyn.model.errors import Cancelled, QueryTimeout
from sigyn.model.time import SECOND

Answer = TypeVar("Answer")


async def while_client_waits(request: Request, work: Coroutine[Any, Any, Answer], timeout: int | None = None) -> Answer:
    """The result of `work`, which is cancelled when the client goes away or waits for too long.

    `timeout` is that of the work in ns, None: the tenant's `query_timeout`. The query service answers in part
    when its own timeout is over; the one here, a little longer, is for work that doesn't listen.
    Raises Cancelled and QueryTimeout.
    """
    settings = api_of(request).settings_of(tenants_of(request))
    seconds = ((settings.query_timeout if timeout is None else timeout) + settings.timeout_grace) / SECOND
    task = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(_client_gone(request))
    try:
        done, _ = await asyncio.wait({task, gone}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if task in done:
            return task.result()
        if gone in done:
            raise Cancelled("the client closed the connection before the answer was ready")
        raise QueryTimeout(
            f"the query took longer than {seconds:g} s: narrow its range or selector, or raise `query_timeout`"
        )
    finally:
        gone.cancel()
        # Not awaited: work that doesn't listen would hold up the answer that the client gets.
        if task.cancel():
            task.add_done_callback(_forget)


def _forget(task: asyncio.Future[Answer]) -> None:
    if not task.cancelled():
        task.exception()


async def _client_gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
