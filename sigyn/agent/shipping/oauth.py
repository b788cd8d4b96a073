"""Tokens by OAuth 2.0's client credentials flow."""

from dataclasses import dataclass
from pathlib import Path

import httpx
import msgspec

from sigyn.agent.config.clients import OAuth2
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.shipping.access import server_name_hooks, tls_context
from sigyn.model.errors import Unavailable
from sigyn.model.time import SECOND, Clock, system_clock

_EARLY = 30 * SECOND  # a token is renewed before it ends, since pushes take time
_LIFETIME = 3600


@dataclass(frozen=True, slots=True)
class _Token:
    """What a token server answers; `expires_in` in s."""

    access_token: str
    expires_in: int = _LIFETIME


class TokenSource:
    """Fetches a token when there is none that is still good."""

    def __init__(self, config: OAuth2, clock: Clock = system_clock) -> None:
        self._config = config
        self._clock = clock
        self._token = ""
        self._good_until = 0

    async def header(self) -> str:
        """The Authorization header; raises Unavailable, and ConfigurationError for an unreadable secret."""
        if self._clock() >= self._good_until:
            await self._fetch()
        return f"Bearer {self._token}"

    async def _fetch(self) -> None:
        config = self._config
        secret = config.client_secret
        if config.client_secret_file:
            try:
                secret = Path(config.client_secret_file).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise ConfigurationError(f"can't read {config.client_secret_file}: {error.strerror}") from None
        form = {"grant_type": "client_credentials", **config.endpoint_params}
        if config.scopes:
            form["scope"] = " ".join(config.scopes)
        try:
            async with httpx.AsyncClient(
                verify=tls_context(config.tls_config),
                event_hooks=server_name_hooks(config.tls_config),
                proxy=config.proxy_url or None,
                timeout=30,
            ) as client:
                answer = await client.post(config.token_url, data=form, auth=(config.client_id, secret))
                answer.raise_for_status()
                token = msgspec.json.decode(answer.content, type=_Token, strict=False)
        except (httpx.HTTPError, OSError, msgspec.MsgspecError) as error:
            raise Unavailable(f"no token from {config.token_url}: {error}") from None
        self._token = token.access_token
        self._good_until = self._clock() + token.expires_in * SECOND - _EARLY
