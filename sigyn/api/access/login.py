"""People of the page log in, here or at an OpenID provider, and get a session; `/logout` ends it."""

import secrets
from hmac import compare_digest
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sigyn.api.access.asking import ASKING
from sigyn.api.access.door import SESSION_COOKIE, Access
from sigyn.api.requests import api_of, url_arguments
from sigyn.api.responses import success
from sigyn.model.errors import BadRequest, NotFound
from sigyn.model.time import SECOND
from sigyn.services.access.authenticator import SESSION, Claims
from sigyn.services.access.identity import Unauthorized
from sigyn.services.access.sessions import Sessions

if TYPE_CHECKING:
    from sigyn.services.access.oidc import OidcProvider

_LOGIN_COOKIE = "sigyn_login"
_LOGIN = "login"
_LOGIN_SECONDS = 600


async def login(request: Request) -> Response:
    """Sends the browser to the provider, and lets it keep what its answer is checked by."""
    access, provider, sessions = _login_of(request)
    state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    url = await provider.begin(_callback(request, access), state, nonce, verifier)
    kept = {"state": state, "nonce": nonce, "verifier": verifier, "next": _own_path(request)}
    now = api_of(request).clock() // SECOND
    response = RedirectResponse(url, 303)
    _set_cookie(request, response, _LOGIN_COOKIE, sessions.sign(_LOGIN, kept, now + _LOGIN_SECONDS), _LOGIN_SECONDS)
    return response


async def callback(request: Request) -> Response:
    """Takes the provider's answer, and lets the browser keep who logged in."""
    access, provider, sessions = _login_of(request)
    now = api_of(request).clock() // SECOND
    arguments = url_arguments(request)
    kept = sessions.read(_LOGIN, request.cookies.get(_LOGIN_COOKIE, ""), now)
    if kept is None or not compare_digest(kept["state"].encode(), arguments.first("state").encode()):
        raise BadRequest("this login was not begun here, or too long ago: begin again at /login")
    if not arguments.first("code"):
        raise Unauthorized(f"the provider let nobody in: {arguments.first('error') or 'it sent no code'}")
    name = await provider.finish(_callback(request, access), arguments.first("code"), kept["nonce"], kept["verifier"])
    access.authenticator.grants.of(name)
    response = RedirectResponse(kept["next"], 303)
    _keep_session(request, response, sessions, {"name": name, "method": "oidc"})
    response.delete_cookie(_LOGIN_COOKIE)
    return response


async def ways(request: Request) -> Response:
    """`/sigyn/api/v1/login`: how people can log in here, so that the page knows what to ask for."""
    access = api_of(request).access
    authenticator = access.authenticator
    open_ways = {
        "basic": authenticator.passwords is not None,
        "token": authenticator.tokens is not None,
        "oidc": access.oidc is not None,
        "certificate": authenticator.certificates,
    }
    return success({"ways": [way for way, open_ in open_ways.items() if open_]})


async def begin_session(request: Request) -> Response:
    """Gives the browser a session for a user and password, or a token, in the header Authorization."""
    access = api_of(request).access
    sessions = access.authenticator.sessions
    if sessions is None:
        raise NotFound("nobody logs in here: auth.type names neither basic nor token")
    identity, claims = await access.authenticator.by_header(request.headers.get("authorization", ""))
    response = success({"name": identity.name})
    _keep_session(request, response, sessions, claims)
    return response


async def logout(_request: Request) -> Response:
    """Takes the session from the browser."""
    response = RedirectResponse("./", 303)
    response.delete_cookie(SESSION_COOKIE)
    return response


async def whoami(_request: Request) -> Response:
    """`/sigyn/api/v1/whoami`: who asks, and what they may do."""
    identity = ASKING.get()
    grant = identity.grant
    return success(
        {
            "name": identity.name,
            "method": identity.method,
            "scopes": sorted(grant.scopes),
            "tenants": sorted(grant.tenants),
        }
    )


def _login_of(request: Request) -> "tuple[Access, OidcProvider, Sessions]":
    access = api_of(request).access
    if access.oidc is None or access.authenticator.sessions is None:
        raise NotFound("nobody logs in here: auth.type does not name oidc")
    return access, access.oidc, access.authenticator.sessions


def _callback(request: Request, access: Access) -> str:
    return (access.external_url or str(request.base_url)).rstrip("/") + "/login/callback"


def _own_path(request: Request) -> str:
    """Where to go after the login: a path of ours, whatever was asked for."""
    asked = url_arguments(request).first("next")
    ours = asked.startswith("/") and not asked.startswith(("//", "/\\")) and asked.isprintable()
    return asked if ours else "/"


def _keep_session(request: Request, response: Response, sessions: Sessions, claims: Claims) -> None:
    api = api_of(request)
    seconds = api.access.session_seconds
    text = sessions.sign(SESSION, claims, api.clock() // SECOND + seconds)
    _set_cookie(request, response, SESSION_COOKIE, text, seconds)


def _set_cookie(request: Request, response: Response, name: str, value: str, seconds: int) -> None:
    secure = request.url.scheme == "https" or api_of(request).access.external_url.startswith("https:")
    response.set_cookie(name, value, max_age=seconds, secure=secure, httponly=True, samesite="lax")


LOGIN_ROUTES: list[BaseRoute] = [
    Route("/login", login),
    Route("/login/callback", callback),
    Route("/logout", logout, methods=["POST"]),
    Route("/sigyn/api/v1/login", ways, methods=["GET"]),
    Route("/sigyn/api/v1/login", begin_session, methods=["POST"]),
    Route("/sigyn/api/v1/whoami", whoami),
]
