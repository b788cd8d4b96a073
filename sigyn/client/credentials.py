"""Who asks a server: the headers of a request that say it."""

import base64


def credentials(*, tenant: str = "", username: str = "", password: str = "", bearer_token: str = "") -> dict[str, str]:
    """X-Scope-OrgID for the tenant, Authorization for the token or else the user; nothing for what is empty."""
    headers = {"X-Scope-OrgID": tenant} if tenant else {}
    if bearer_token:
        headers["Authorization"] = f"Bearer {bearer_token}"
    elif username:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    return headers
