"""The demonstration on top of a server."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from starlette.routing import BaseRoute

from sigyn.api.app import Api
from sigyn.demo.feed import feed
from sigyn.services.tenants import SINGLE_TENANT
from sigyn.store.store import Store


@asynccontextmanager
async def attach_demo(api: Api, store: Store) -> AsyncIterator[Sequence[BaseRoute]]:  # noqa: ARG001 (an Attachment)
    """Logs of four services, for as long as the server runs."""
    logging = asyncio.create_task(feed(api.ingest, SINGLE_TENANT, api.clock))
    try:
        yield ()
    finally:
        logging.cancel()
        with suppress(asyncio.CancelledError):
            await logging
