"""What people ask of Alertmanager through this server: its alerts and silences, with credentials that stay here.

Alertmanagers that are named together are taken for one cluster, whose members tell each other of
silences: the first that answers is asked.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import httpx
import msgspec

from sigyn.model.errors import BadRequest, NotFound, Unavailable
from sigyn.model.secret_urls import hide_secrets
from sigyn.ruler.notify.access import below, client, without_credentials
from sigyn.ruler.settings import RulerSettings

_LONGEST_REASON = 500


class Matcher(msgspec.Struct, frozen=True, rename="camel"):
    """Which alerts: those whose label `name` is `value`, or matches it; `is_equal` false: those that differ."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True


class Silence(msgspec.Struct, frozen=True, rename="camel"):
    """A silence as Alertmanager takes it. Times are RFC 3339; with an `id` it takes that one's place."""

    matchers: list[Matcher]
    starts_at: str
    ends_at: str
    comment: str
    created_by: str = ""
    id: str | None = None


class Silencing:
    """The Alertmanagers of a ruler, as people ask them. All calls raise Unavailable, and NotFound without any."""

    def __init__(self, settings: RulerSettings) -> None:
        self.names: Sequence[str] = [without_credentials(url) for url in settings.alertmanagers]
        self._settings = settings

    async def alerts(self) -> Any:
        """All alerts that Alertmanager knows, with what silences them."""
        return msgspec.json.decode(await self._ask("GET", "alerts"))

    async def silences(self) -> Any:
        """All silences, also those that are over."""
        return msgspec.json.decode(await self._ask("GET", "silences"))

    async def add(self, silence: Silence) -> str:
        """Creates or replaces a silence; its id. Raises BadRequest with what Alertmanager says against it."""
        answer: Mapping[str, str] = msgspec.json.decode(await self._ask("POST", "silences", silence))
        return answer["silenceID"]

    async def expire(self, id: str) -> None:
        """Ends a silence. Raises NotFound."""
        await self._ask("DELETE", f"silence/{quote(id, safe='')}")

    async def _ask(self, method: str, path: str, body: Silence | None = None) -> bytes:
        if not self.names:
            raise NotFound("no Alertmanager is configured: ruler.alertmanager_url names none")
        content = msgspec.json.encode(body) if body is not None else None
        headers = {"Content-Type": "application/json"} if content else {}
        problems = []
        async with client(self._settings.alertmanager_access, self._settings.notification_timeout) as http:
            for name, url in zip(self.names, self._settings.alertmanagers, strict=True):
                address = below(url, f"api/v2/{path}")
                try:
                    answer = await http.request(method, address, content=content, headers=headers)
                except httpx.HTTPError as error:
                    problems.append(f"{name}: {hide_secrets(repr(error), url)}")
                    continue
                if answer.is_success:
                    return answer.content
                reason = hide_secrets(answer.text.strip(), url)[:_LONGEST_REASON]
                if answer.status_code in (400, 422):
                    raise BadRequest(f"Alertmanager refused it: {reason}")
                if answer.status_code == 404 or "not found" in reason:  # 0.25 says 500 of a silence that it has not
                    raise NotFound(f"Alertmanager does not know it: {reason or path}")
                problems.append(f"{name}: {answer.status_code} {reason}")
        raise Unavailable(f"no Alertmanager answered: {'; '.join(problems)}")
