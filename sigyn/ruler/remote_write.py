"""Recorded series, written to Prometheus and its kin as they are recorded.

What was sent is remembered by URL as a place in the series store, so that nothing is lost while the
receiver is away, or over a restart; only what is too old to be kept is.
"""

import asyncio
from collections.abc import Callable, Sequence

import httpx
import structlog

from sigyn.model.secret_urls import hide_secrets
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.limits import RuleLimits
from sigyn.ruler.notify.access import client, is_hopeless, post, without_credentials
from sigyn.ruler.notify.message import with_external
from sigyn.ruler.notify.retry import pause
from sigyn.ruler.series_store import SeriesStore, StoredSample, by_tenant
from sigyn.ruler.settings import RulerSettings
from sigyn.ruler.statistics import RulerStatistics
from sigyn.wire.remote_write import HEADERS, WrittenSample, encode_write

_log = structlog.get_logger("sigyn.ruler")

_BATCH = 2_000
"""Samples in a request, as Prometheus sends them."""


class RemoteWriter:
    """Writes to one URL."""

    def __init__(
        self,
        url: str,
        series: SeriesStore,
        database: RulerDatabase,
        settings: RulerSettings,
        statistics: RulerStatistics,
        limits_of: Callable[[str], RuleLimits],
    ) -> None:
        self.name = without_credentials(url)
        self._url = url
        self._series = series
        self._database = database
        self._settings = settings
        self._statistics = statistics
        self._limits_of = limits_of
        self._something = asyncio.Event()
        self._something.set()  # what a former process left
        self._last = self._sent_before()

    def wake(self) -> None:
        """Tells that there may be something to send."""
        self._something.set()

    async def run(self) -> None:
        """Sends, until it is cancelled."""
        failures = 0
        async with client(self._settings.remote_write_access, self._settings.notification_timeout) as http:
            while True:
                self._something.clear()
                samples = await asyncio.to_thread(self._series.after, self._last, _BATCH)
                if not samples:
                    await self._something.wait()
                    continue
                for tenant, run in by_tenant(samples):
                    if self._limits_of(tenant).remote_write and not await self._sent(http, tenant, run):
                        failures += 1
                        await pause(failures)
                        break
                    failures, self._last = 0, run[-1].id
                    await asyncio.to_thread(self._remember, self._last)

    async def _sent(self, http: httpx.AsyncClient, tenant: str, samples: Sequence[StoredSample]) -> bool:
        """Sends samples; whether they are dealt with."""
        external = self._settings.external_labels
        body = encode_write(
            [WrittenSample(with_external(one.labels, external), one.timestamp, one.value) for one in samples]
        )
        headers = HEADERS | ({"X-Scope-OrgID": tenant} if self._settings.remote_write_tenant_header else {})
        try:
            answer = await post(http, self._url, body, headers)
        except httpx.HTTPError as error:
            self._failed(len(samples), hide_secrets(repr(error), self._url))
            return False
        if answer.is_success:
            self._statistics.samples_sent[self.name] += len(samples)
            return True
        self._failed(len(samples), f"{answer.status_code} {hide_secrets(answer.text, self._url)[:500].strip()}")
        if is_hopeless(answer.status_code):
            self._statistics.samples_dropped[self.name] += len(samples)
            return True
        return False

    def _failed(self, count: int, error: str) -> None:
        self._statistics.samples_failed[self.name] += count
        _log.warning("recorded series were not written", url=self.name, samples=count, error=error)

    def _sent_before(self) -> int:
        """The place up to which everything was sent; a URL that is new gets what is recorded from now on."""
        rows = self._database.read("SELECT sent FROM remote WHERE url = ?", self.name)
        if rows:
            return int(rows[0][0])
        self._remember(newest := self._series.newest())
        return newest

    def _remember(self, sent: int) -> None:
        self._database.write(
            "INSERT INTO remote (url, sent) VALUES (?, ?) ON CONFLICT (url) DO UPDATE SET sent = excluded.sent",
            self.name, sent,
        )  # fmt: skip
