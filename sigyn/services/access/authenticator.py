"""Finds out who asks from what a request carries."""

import asyncio
import base64
import binascii
from dataclasses import dataclass, field

from sigyn.model.time import SECOND, Clock, system_clock
from sigyn.services.access.identity import ANYBODY, Grants, Identity, Unauthorized
from sigyn.services.access.passwords import Passwords
from sigyn.services.access.sessions import Sessions
from sigyn.services.access.tokens import PREFIX, Tokens

SESSION = "session"
"""The kind of a signed cookie that says who logged in."""


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
    grants: Grants = Grants()
    clock: Clock = system_clock
    _checks: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_CHECKS), repr=False, compare=False)

    @property
    def on(self) -> bool:
        """Whether anybody has to prove anything."""
        return self.certificates or any((self.passwords, self.tokens, self.sessions))

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
            return await self._by_header(credentials.authorization)
        if self.sessions is not None and credentials.session:
            claims = self.sessions.read(SESSION, credentials.session, self.clock() // SECOND)
            if claims is not None:
                name = str(claims.get("name", ""))
                return Identity(name, "oidc", self.grants.of(name))
        if self.certificates and credentials.certificate:
            return Identity(credentials.certificate, "certificate", self.grants.of(credentials.certificate))
        raise Unauthorized("who asks? this server wants to know: " + self._ways())

    async def _by_header(self, authorization: str) -> Identity:
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

    def _by_token(self, token: str) -> Identity:
        identity = self.tokens.identity(token, self.clock()) if self.tokens is not None else None
        if identity is None:
            raise Unauthorized("this token is not known, or not valid any more")
        return identity

    async def _by_password(self, user: str, password: str) -> Identity:
        passwords = self.passwords
        if passwords is not None and not (right := passwords.remembered(user, password)):
            async with self._checks:
                right = await asyncio.to_thread(passwords.check, user, password)
        if passwords is None or not right:
            raise Unauthorized("the user or the password is wrong")
        return Identity(user, "basic", self.grants.of(user))

    def _ways(self) -> str:
        ways = [
            ("a user and password", self.passwords is not None),
            ("a bearer token", self.tokens is not None),
            ("a login at /login", self.sessions is not None),
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
