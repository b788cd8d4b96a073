"""OpenID Connect: people log in at a provider, which says who they are."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from sigyn.model.errors import Unavailable
from sigyn.services.access.identity import Unauthorized

_DISCOVERY = "/.well-known/openid-configuration"
_ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA"]
_SECONDS = 10


@dataclass(frozen=True, slots=True)
class OidcSettings:
    """How a provider knows us. `name_claims` are looked at in order for a name that grants can use."""

    issuer: str
    client_id: str
    client_secret: str = field(default="", repr=False)
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    name_claims: tuple[str, ...] = ("email", "preferred_username", "sub")


class OidcProvider:
    """The authorization code flow, with PKCE, against a provider that is found by discovery."""

    def __init__(self, settings: OidcSettings) -> None:
        self._settings = settings
        self._metadata: Mapping[str, Any] = {}

    async def begin(self, redirect_uri: str, state: str, nonce: str, verifier: str) -> str:
        """Where a browser is sent to log in; raises Unavailable when the provider can't be reached."""
        metadata = await self._discovered()
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        parameters = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(self._settings.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return str(httpx.URL(metadata["authorization_endpoint"]).copy_merge_params(parameters))

    async def finish(self, redirect_uri: str, code: str, nonce: str, verifier: str) -> str:
        """The name of who logged in. Raises Unauthorized for a code that is worth nothing, and Unavailable."""
        metadata = await self._discovered()
        settings = self._settings
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        form |= {"code_verifier": verifier, "client_id": settings.client_id}
        # The specification of basic authentication at a token endpoint has both parts escaped.
        pair = (quote(settings.client_id, safe=""), quote(settings.client_secret, safe=""))
        try:
            async with httpx.AsyncClient(timeout=_SECONDS, auth=pair if settings.client_secret else None) as client:
                token = await client.post(metadata["token_endpoint"], data=form)
            async with httpx.AsyncClient(timeout=_SECONDS) as client:
                keys = (await client.get(metadata["jwks_uri"])).raise_for_status().json()
            answer = token.json()
        except (httpx.HTTPError, ValueError) as error:
            raise _unreachable(settings.issuer, error) from None
        if not token.is_success or not isinstance(answer, dict):
            raise Unauthorized("the provider refused the login; its log says why")
        return self._name(str(answer.get("id_token", "")), keys, nonce)

    def _name(self, id_token: str, keys: Any, nonce: str) -> str:
        settings = self._settings
        checks = jwt.JWTClaimsRegistry(
            leeway=60,
            iss={"essential": True, "value": settings.issuer},
            aud={"essential": True, "value": settings.client_id},
            exp={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=_ALGORITHMS).claims
            checks.validate(claims)
        except (JoseError, ValueError, KeyError) as error:
            raise Unauthorized(f"the provider's token can't be trusted: {error}") from None
        name = _name_of(claims, settings.name_claims)
        if not name:
            raise Unauthorized(
                f"the provider's token has none of {', '.join(settings.name_claims)} that can be trusted: "
                "an address that is not verified is nobody's name"
            )
        return name

    async def _discovered(self) -> Mapping[str, Any]:
        if not self._metadata:
            url = self._settings.issuer.rstrip("/") + _DISCOVERY
            try:
                async with httpx.AsyncClient(timeout=_SECONDS) as client:
                    metadata = (await client.get(url)).raise_for_status().json()
            except (httpx.HTTPError, ValueError) as error:
                raise _unreachable(self._settings.issuer, error) from None
            if metadata.get("issuer") != self._settings.issuer:
                raise Unavailable(f"auth.oidc_issuer is `{self._settings.issuer}`, but {url} says otherwise")
            self._metadata = metadata
        return self._metadata


def _name_of(claims: Mapping[str, Any], name_claims: Sequence[str]) -> str:
    """The first of the claims that there is and that names somebody; empty without one.

    Anybody can claim an address that is not verified. Where addresses are the names of accounts as well, it stands in
    `preferred_username` too, and is worth no more there.
    """
    unverified = ""
    if str(claims.get("email_verified", True)).lower() != "true":  # some providers say it as text
        unverified = str(claims.get("email") or "").casefold()
    names = (str(claims[claim]) for claim in name_claims if claims.get(claim))
    return next((name for name in names if not unverified or name.casefold() != unverified), "")


def _unreachable(issuer: str, error: Exception) -> Unavailable:
    return Unavailable(f"the OpenID provider {issuer} can't be asked: {error}")
