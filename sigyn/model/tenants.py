"""Tenant ids: who a request is for.

Rules from Loki's documentation (Manage tenant isolation).
"""

import re

from sigyn.model.errors import BadRequest

SINGLE_TENANT = "fake"
"""Loki's tenant when authentication is off."""

MAX_TENANT_BYTES = 150

_NOT_ALLOWED = re.compile(r"[^a-zA-Z0-9!\-_.*'()]")


def check_tenant(tenant: str) -> str:
    """`tenant` if it may be a tenant's id; raises BadRequest.

    Letters, digits and `! - _ . * ' ( )`, at most 150 bytes, neither `.` nor `..`.
    """
    if not tenant:
        raise BadRequest("the tenant id is empty; set the header X-Scope-OrgID")
    if len(tenant.encode()) > MAX_TENANT_BYTES:
        raise BadRequest(f"tenant ID is too long: {len(tenant.encode())} bytes, max {MAX_TENANT_BYTES} bytes")
    if wrong := _NOT_ALLOWED.search(tenant):
        raise BadRequest(f"tenant ID '{tenant}' contains unsupported character '{wrong[0]}'")
    if tenant in (".", ".."):
        raise BadRequest(f"tenant ID '{tenant}' is not allowed: it must not be '.' or '..'")
    return tenant


def split_tenants(header: str) -> list[str]:
    """The tenants of a query over several, `a|b` in X-Scope-OrgID, each once, sorted; raises BadRequest."""
    return sorted({check_tenant(tenant) for tenant in header.split("|")})
