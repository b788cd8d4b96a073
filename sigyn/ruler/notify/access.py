"""HTTP clients for the servers that the ruler sends to."""

import ssl
from collections.abc import Mapping
from hashlib import sha256

import httpx

from sigyn.model.errors import BadRequest
from sigyn.model.time import SECOND
from sigyn.ruler.settings import HttpAccess


def client(access: HttpAccess, timeout: int) -> httpx.AsyncClient:
    """A client; `timeout` in ns. Raises BadRequest when a certificate can't be read."""
    headers = {"User-Agent": "sigyn"}
    if access.bearer_token:
        headers["Authorization"] = f"Bearer {access.bearer_token}"
    auth = httpx.BasicAuth(access.username, access.password) if access.username else None
    return httpx.AsyncClient(headers=headers, auth=auth, timeout=timeout / SECOND, verify=_tls(access), trust_env=False)


_MOST_REDIRECTS = 5


async def post(http: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
    """The answer to a POST. Raises httpx.HTTPError.

    Redirects that keep the method and the body (307, 308) are followed, without our credentials to another
    server. Others are answers: to follow them means to GET a page, which says nothing of what was sent.
    """
    answer = await http.post(url, content=body, headers=headers)
    for _ in range(_MOST_REDIRECTS):
        if answer.status_code not in (307, 308) or answer.next_request is None:
            break
        answer = await http.send(answer.next_request, auth=None)
    return answer


def _tls(access: HttpAccess) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=access.ca_file or None)
        if access.cert_file:
            context.load_cert_chain(access.cert_file, access.key_file or None)
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(filter(None, (access.ca_file, access.cert_file, access.key_file)))
        raise BadRequest(f"the certificates {files} of the ruler can't be used: {error}") from None
    if access.skip_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def check_access(access: HttpAccess) -> None:
    """Raises BadRequest when a certificate can't be read: better at the start than with the first alert."""
    _tls(access)


def below(url: str, path: str) -> str:
    """The URL of something below that of a server, whose parameters stay."""
    place, mark, query = url.partition("?")
    return f"{place.rstrip('/')}/{path}{mark}{query}"


def is_hopeless(status: int) -> bool:
    """Whether sending the same again would be refused again."""
    return 400 <= status < 500 and status not in (408, 425, 429)


def without_credentials(url: str) -> str:
    """A URL for logs and metrics: a hash stands for what is behind the question mark, so that two still differ."""
    parsed = httpx.URL(url)
    if parsed.userinfo:
        parsed = parsed.copy_with(username=None, password=None)
    elif not parsed.query:
        return url
    if not parsed.query:
        return str(parsed)
    return f"{parsed.copy_with(query=None)}?<hidden:{sha256(parsed.query).hexdigest()[:8]}>"
