"""The page on top of a server."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from starlette.routing import BaseRoute

from sigyn.api.app import Api
from sigyn.store.store import Store
from sigyn.ui.dashboards.library import DashboardLibrary
from sigyn.ui.dashboards.routes import dashboard_routes
from sigyn.ui.links import LINK_ROUTES
from sigyn.ui.page import PAGE_ROUTES


@asynccontextmanager
async def attach_page(api: Api, store: Store) -> AsyncIterator[Sequence[BaseRoute]]:  # noqa: ARG001 (an Attachment)
    """Routes of the page, and of the dashboards that it keeps in the store."""
    yield [*PAGE_ROUTES, *LINK_ROUTES, *dashboard_routes(DashboardLibrary(store.documents("dashboards")))]
