"""Who asks, for as long as a request is served."""

from contextvars import ContextVar

from sigyn.model.errors import BadRequest
from sigyn.model.tenants import SINGLE_TENANT, split_tenants
from sigyn.services.access.identity import ANYBODY, Identity, Unauthorized

ASKING: ContextVar[Identity] = ContextVar("asking", default=ANYBODY)
"""Set by the door; who asks in the request that this task serves."""


def tenants_from(header: str, auth_enabled: bool) -> list[str]:
    """The tenants in X-Scope-OrgID, sorted; the header is ignored while tenants are off, as Loki does.

    Whoever may work for one tenant alone need not name it. Raises Unauthorized, Forbidden and BadRequest.
    """
    identity = ASKING.get()
    if not auth_enabled:
        tenants = [SINGLE_TENANT]
    elif header:
        tenants = split_tenants(header)
    elif identity.only_tenant:
        tenants = [identity.only_tenant]
    else:
        raise Unauthorized("no org id")
    identity.check_tenants(tenants)
    return tenants


def tenant_from(header: str, auth_enabled: bool) -> str:
    """The one tenant in X-Scope-OrgID; raises Unauthorized, Forbidden and BadRequest."""
    tenants = tenants_from(header, auth_enabled)
    if len(tenants) > 1:
        raise BadRequest(f"multiple org IDs present: {', '.join(tenants)}; only queries are for several tenants")
    return tenants[0]
