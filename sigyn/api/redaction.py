"""`/sigyn/api/v1/redaction`: how much each rule hid; never what."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from sigyn.api.requests import api_of, tenant_of
from sigyn.api.responses import success


async def redaction(request: Request) -> Response:
    """Counts by rule since the start of the server, for the tenant that asks."""
    tenant = tenant_of(request)
    counted = api_of(request).ingest.counters.get(tenant)
    return success(dict(sorted(counted.redacted.items())) if counted else {})


REDACTION_ROUTES: list[BaseRoute] = [Route("/sigyn/api/v1/redaction", redaction)]
