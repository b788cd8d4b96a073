"""The door of HTTP and WebSockets: who asks, may they, and the record of what they asked for."""

import re
import time
from dataclasses import dataclass, field
from urllib.parse import parse_qs, quote, urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from sigyn.api.access.asking import ASKING
from sigyn.api.access.headers import with_security_headers
from sigyn.api.access.scopes import needed_scope
from sigyn.api.requests import ARGUMENTS
from sigyn.api.responses import error_response, plain
from sigyn.model.errors import SigynError
from sigyn.model.time import Clock, system_clock
from sigyn.services.access.audit import AuditLog, AuditRecord
from sigyn.services.access.authenticator import Authenticator, Credentials
from sigyn.services.access.identity import ANYBODY, PUSH, Forbidden, Identity, Unauthorized
from sigyn.services.access.oidc import OidcProvider

SESSION_COOKIE = "sigyn_session"
_LOGIN = re.compile(r"/login(?:/callback)?|/logout|/sigyn/api/v1/login")
_OPEN = re.compile(
    _LOGIN.pattern  # who logs in is not known yet
    + r"|/|/favicon\.svg|/assets/[^/]+|/explore|/d/.+|/trace/.+"  # the page and links to it hold nobody's data
)
CLIENT_CERTIFICATE = "client_certificate"
"""Where a connection keeps the common name of the client's certificate."""

_SAFE = ("GET", "HEAD", "OPTIONS")
_REFUSED = (401, 403)


@dataclass(frozen=True, slots=True)
class Access:
    """How the door works: who is let in, what is open to all, what is recorded.

    oidc          where people of the page log in
    external_url  what the server is called outside, for the way back from a login; empty: as asked
    session_seconds  that a login lasts
    """

    authenticator: Authenticator = field(default_factory=Authenticator)
    open_paths: frozenset[str] = frozenset({"/ready", "/metrics"})
    audit: AuditLog = field(default_factory=lambda: AuditLog(None, to_log=False))
    oidc: OidcProvider | None = None
    external_url: str = ""
    session_seconds: int = 12 * 3600


class Door:
    """ASGI middleware that lets a request in, or answers 401 and 403 in place of the application."""

    def __init__(self, app: ASGIApp, access: Access, clock: Clock = system_clock) -> None:
        self._app = app
        self._access = access
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        needed = needed_scope(scope.get("method", "GET"), scope["path"])
        identity, status, began = ANYBODY, 101, time.perf_counter()

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                status = message["status"]
            await send(with_security_headers(message))

        try:
            identity = await self._identify(connection)
            identity.check_scope(needed)
            ASKING.set(identity)
        except SigynError as error:
            await self._refuse(connection, error, receive, noting_status)
        else:
            await self._app(scope, receive, noting_status)
        finally:
            if self._access.audit.on and (needed != PUSH or status in _REFUSED):
                self._record(connection, identity, needed, status, time.perf_counter() - began)

    async def _identify(self, connection: HTTPConnection) -> Identity:
        if _of_another_site(connection):
            raise Forbidden("this was asked for by a page of another site")
        path = connection.scope["path"]
        if path in self._access.open_paths or _OPEN.fullmatch(path):
            return ANYBODY
        return await self._access.authenticator.identify(credentials_of(connection))

    async def _refuse(self, connection: HTTPConnection, error: SigynError, receive: Receive, send: Send) -> None:
        scope = connection.scope
        if scope["type"] == "websocket":
            websocket = WebSocket(scope, receive, send)
            await websocket.send_denial_response(self._answer(connection, error, plain(str(error), error.status)))
            return
        response = self._answer(connection, error, error_response(Request(scope), error))
        await response(scope, receive, send)

    def _answer(self, connection: HTTPConnection, error: SigynError, response: Response) -> Response:
        if not isinstance(error, Unauthorized):
            return response
        wants_page = "text/html" in connection.headers.get("accept", "")
        if self._access.oidc and wants_page and connection.scope.get("method") == "GET":
            asked = connection.url.path + (f"?{connection.url.query}" if connection.url.query else "")
            return RedirectResponse(f"/login?next={quote(asked, safe='')}", 303)
        # The page asks for the password itself; at a challenge the browser would, in a window of its own.
        if "x-requested-with" not in connection.headers:
            for challenge in self._access.authenticator.challenges:
                response.headers.append("WWW-Authenticate", challenge)
        return response

    def _record(self, connection: HTTPConnection, identity: Identity, action: str, status: int, seconds: float) -> None:
        scope = connection.scope
        parameters = dict(parse_qs(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True))
        parameters |= scope.get(ARGUMENTS, {})
        if _LOGIN.fullmatch(scope["path"]):
            parameters = {name: ["<hidden>"] for name in parameters}  # with `code` somebody could log in
        client = scope.get("client")
        self._access.audit.write(
            AuditRecord(
                time=self._clock(),
                identity=identity.name,
                method=identity.method,
                tenants=connection.headers.get("x-scope-orgid", "") or identity.only_tenant or "",
                client=client[0] if client else "",
                action=action,
                request=f"{scope.get('method', 'WEBSOCKET')} {scope['path']}",
                parameters=parameters,
                status=status,
                seconds=seconds,
            )
        )


def credentials_of(connection: HTTPConnection) -> Credentials:
    """What a request carries to prove who asks."""
    return Credentials(
        connection.headers.get("authorization", ""),
        connection.cookies.get(SESSION_COOKIE, ""),
        connection.scope.get("state", {}).get(CLIENT_CERTIFICATE, ""),
    )


def _of_another_site(connection: HTTPConnection) -> bool:
    """Whether a page of another site makes a browser change something, or open a WebSocket.

    Browsers send cookies, passwords and certificates along, and reach what listens on their machine alone.
    A bearer token they don't send by themselves.
    """
    headers: Headers = connection.headers
    if connection.scope.get("method") in _SAFE or headers.get("authorization", "").lower().startswith("bearer "):
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
