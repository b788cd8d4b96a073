"""The demonstration on top of a server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.routing import BaseRoute

from sigyn.api.app import Api
from sigyn.demo.feed import feed
from sigyn.demo.rules import put_rules, remove_rules
from sigyn.model.errors import BadRequest, NotFound
from sigyn.model.tenants import SINGLE_TENANT
from sigyn.store.store import Store


@asynccontextmanager
async def attach_demo(api: Api, store: Store) -> AsyncIterator[Sequence[BaseRoute]]:  # noqa: ARG001 (an Attachment)
    """Logs of four services, and rules over them, for as long as the server runs."""
    with suppress(BadRequest):  # a limit of this server allows no such rules; there are logs to see
        await put_rules(api.ruler)
    logging = asyncio.create_task(feed(api.ingest, SINGLE_TENANT, api.clock))
    try:
        yield ()
    finally:
        with suppress(NotFound):
            await remove_rules(api.ruler)
        logging.cancel()
        with suppress(asyncio.CancelledError):
            await logging
