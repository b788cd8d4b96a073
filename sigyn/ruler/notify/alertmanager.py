"""Alertmanagers, over their API v2: each hears of everything, from a queue of its own."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

import httpx
import msgspec
import structlog

from sigyn.languages.relabel import relabel
from sigyn.model.labels import Labels
from sigyn.model.secret_urls import hide_secrets
from sigyn.ruler.notify.access import below, client, is_hopeless, post, without_credentials
from sigyn.ruler.notify.bodies import alertmanager_alerts
from sigyn.ruler.notify.message import Notice
from sigyn.ruler.notify.retry import pause
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.statistics import RulerStatistics

_log = structlog.get_logger("sigyn.ruler")

_BATCH = 64
"""Alerts in a request, as Prometheus sends them."""


class Alertmanager:
    """One Alertmanager. What waits is kept by alert, the newest notice of each; the oldest go when it is too much.

    Each tenant's alerts are sent on their own, with its name in a header as Loki does: Mimir's Alertmanager, or a proxy
    before several, keeps tenants apart by it.

    A notice that is lost is not lost for good: alerts that fire, or were resolved lately, are told again.
    """

    def __init__(self, url: str, settings: RulerSettings, statistics: RulerStatistics) -> None:
        self.name = without_credentials(url)
        self._endpoint = below(url, "api/v2/alerts")
        self._settings = settings
        self._statistics = statistics
        self._waiting: dict[tuple[str, Labels], Notice] = {}
        self._something = asyncio.Event()

    def put(self, tenant: str, notices: Iterable[Notice]) -> None:
        """Takes notices of a tenant to be sent."""
        for notice in filter(None, map(self._relabelled, notices)):
            self._waiting.pop((tenant, notice.labels), None)
            self._waiting[tenant, notice.labels] = notice
        while len(self._waiting) > self._settings.notification_queue_capacity:
            del self._waiting[next(iter(self._waiting))]
            self._statistics.notifications_dropped[self.name] += 1
        self._count()
        if self._waiting:
            self._something.set()

    def _relabelled(self, notice: Notice) -> Notice | None:
        """A notice as it leaves; None for one that is not told."""
        if not self._settings.alert_relabel:
            return notice
        labels = relabel(dict(notice.labels), self._settings.alert_relabel)
        return replace(notice, labels=tuple(sorted(labels.items()))) if labels else None

    async def run(self) -> None:
        """Sends what waits, until it is cancelled."""
        failures = 0
        async with client(self._settings.alertmanager_access, self._settings.notification_timeout) as http:
            while True:
                await self._something.wait()
                tenant, _ = next(iter(self._waiting))
                own = (item for item in self._waiting.items() if item[0][0] == tenant)
                failures = 0 if await self._sent(http, tenant, dict(islice(own, _BATCH))) else failures + 1
                if failures:
                    await pause(failures)

    async def _sent(self, http: httpx.AsyncClient, tenant: str, batch: Mapping[tuple[str, Labels], Notice]) -> bool:
        """Sends a batch of a tenant; whether it is dealt with."""
        body = msgspec.json.encode(alertmanager_alerts(list(batch.values())))
        try:
            answer = await post(
                http, self._endpoint, body, {"Content-Type": "application/json", "X-Scope-OrgID": tenant}
            )
        except httpx.HTTPError as error:
            self._failed(len(batch), hide_secrets(repr(error), self._endpoint))
            return False
        if answer.is_success:
            self._statistics.notifications_sent[self.name] += len(batch)
        else:
            self._failed(len(batch), f"{answer.status_code} {hide_secrets(answer.text, self._endpoint)[:500].strip()}")
            if not is_hopeless(answer.status_code):
                return False
            self._statistics.notifications_dropped[self.name] += len(batch)
        for key, notice in batch.items():
            if self._waiting.get(key) is notice:  # not one that came meanwhile
                del self._waiting[key]
        self._count()
        if not self._waiting:
            self._something.clear()
        return True

    def _failed(self, count: int, error: str) -> None:
        self._statistics.notification_errors[self.name] += count
        _log.warning("an Alertmanager was not told", alertmanager=self.name, alerts=count, error=error)

    def _count(self) -> None:
        self._statistics.notifications_waiting[self.name] = len(self._waiting)
