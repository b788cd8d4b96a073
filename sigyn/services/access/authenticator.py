"""Finds out who asks from what a request carries."""

import asyncio
import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sigyn.model.time import SECOND, Clock, system_clock
from sigyn.services.access.identity import ANYBODY, Grants, Identity, Unauthorized
from sigyn.services.access.passwords import Passwords
from sigyn.services.access.sessions import Sessions
from sigyn.services.access.tokens import PREFIX, Tokens, hash_of

SESSION = "session"
"""The kind of a signed cookie that says who logged in."""

Claims: TypeAlias = Mapping[str, Any]
"""What a session holds: the `name`, the `method` that proved it, a `mark` that changes with the secret behind it."""

_CHECKS = 2
"""Passwords that are checked at a time: who tries many out gets no more of the machine than that."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a request carries to prove who asks.

    authorization  the header of that name
    session        the cookie that a login gave
    certificate    the common name in the client's certificate, which TLS has checked
    """

    authorization: str = ""
    session: str = ""
    certificate: str = ""


@dataclass(frozen=True, slots=True)
class Authenticator:
    """The ways to prove who asks that are open; with none of them anybody may do everything."""

    passwords: Passwords | None = None
    tokens: Tokens | None = None
    sessions: Sessions | None = None
    certificates: bool = False
    oidc: bool = False
    grants: Grants = Grants()
    clock: Clock = system_clock
    _checks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CHECKS), repr=False, compare=False)

    @property
    def on(self) -> bool:
        """Whether anybody has to prove anything."""
        return self.certificates or self.oidc or any((self.passwords, self.tokens))

    @property
    def challenges(self) -> list[str]:
        """Values of WWW-Authenticate."""
        found = ['Basic realm="sigyn", charset="UTF-8"'] if self.passwords else []
        return [*found, *(['Bearer realm="sigyn"'] if self.tokens else [])]

    async def identify(self, credentials: Credentials) -> Identity:
        """Who asks. Raises Unauthorized for nobody who is known, Forbidden for somebody who may do nothing."""
        if not self.on:
            return ANYBODY
        if credentials.authorization:
            return (await self.by_header(credentials.authorization))[0]
        if self.sessions is not None and credentials.session:
            claims = self.sessions.read(SESSION, credentials.session, self.clock() // SECOND)
            identity = self._by_session(claims) if claims is not None else None
            if identity is not None:
                return identity
        if self.certificates and credentials.certificate:
            return Identity(credentials.certificate, "certificate", self.grants.of(credentials.certificate))
        raise Unauthorized("who asks? this server wants to know: " + self._ways())

    async def by_header(self, authorization: str) -> tuple[Identity, Claims]:
        """Who a header names, and what a session of theirs holds. Raises Unauthorized and Forbidden."""
        kind, _, value = authorization.partition(" ")
        match kind.lower():
            case "bearer":
                return self._by_token(value.strip())
            case "basic":
                user, password = _basic(value)
                # Clients that know only users and passwords, as Promtail and Grafana do, give a token for one.
                if self.tokens is not None and password.startswith(PREFIX):
                    return self._by_token(password)
                return await self._by_password(user, password)
        raise Unauthorized("this kind of authorization is not known here: " + self._ways())

    def _by_session(self, claims: Claims) -> Identity | None:
        """Who logged in, unless the password was changed or the token taken back since."""
        name = str(claims.get("name", ""))
        match claims.get("method", "oidc"):
            case "oidc" if self.oidc:
                return Identity(name, "oidc", self.grants.of(name))
            case "basic" if self.passwords is not None:
                mark = self.passwords.fingerprint(name)
                return Identity(name, "basic", self.grants.of(name)) if mark and mark == claims.get("mark") else None
            case "token" if self.tokens is not None:
                return self.tokens.identity_of(str(claims.get("mark", "")), self.clock())
        return None

    def _by_token(self, token: str) -> tuple[Identity, Claims]:
        identity = self.tokens.identity(token, self.clock()) if self.tokens is not None else None
        if identity is None:
            raise Unauthorized("this token is not known, or not valid any more")
        return identity, {"name": identity.name, "method": "token", "mark": hash_of(token)}

    async def _by_password(self, user: str, password: str) -> tuple[Identity, Claims]:
        passwords = self.passwords
        if passwords is not None and not (right := passwords.remembered(user, password)):
            async with self._checks:
                right = await asyncio.to_thread(passwords.check, user, password)
        if passwords is None or not right:
            raise Unauthorized("the user or the password is wrong")
        claims = {"name": user, "method": "basic", "mark": passwords.fingerprint(user)}
        return Identity(user, "basic", self.grants.of(user)), claims

    def _ways(self) -> str:
        ways = [
            ("a user and password", self.passwords is not None),
            ("a bearer token", self.tokens is not None),
            ("a login at /login", self.oidc),
            ("a client certificate", self.certificates),
        ]
        return "give " + " or ".join(way for way, open_ in ways if open_)


def _basic(value: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise Unauthorized("the header Authorization is not that of a user and password") from None
    user, _, password = text.partition(":")
    return user, password
