"""Who asks a server: the headers of a request that say it."""

import base64

from sigyn.model.errors import BadRequest


def credentials(*, tenant: str = "", username: str = "", password: str = "", bearer_token: str = "") -> dict[str, str]:
    """X-Scope-OrgID for the tenant, Authorization for the token or else the user; nothing for what is empty.

    Raises BadRequest for what no header can hold, such as the line break at the end of a file with a token.
    """
    headers = {"X-Scope-OrgID": tenant} if tenant else {}
    if bearer_token:
        headers["Authorization"] = f"Bearer {bearer_token}"
    elif username:
        headers["Authorization"] = "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            raise BadRequest(f"what is to go into the header {name} has a line break, or is not ASCII")
    return headers
