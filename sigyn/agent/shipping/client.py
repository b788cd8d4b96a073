"""One client: sends posts to its server until they are taken."""

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx
import structlog

from sigyn.agent.config.clients import ClientConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.shipping.access import authorization_header, http_client
from sigyn.agent.shipping.batch import variant_of
from sigyn.agent.shipping.oauth import TokenSource
from sigyn.agent.shipping.record import Post
from sigyn.agent.shipping.split import halves
from sigyn.model.errors import Unavailable
from sigyn.model.secret_urls import hide_secrets, hide_user
from sigyn.model.time import SECOND, Clock, system_clock

_log = structlog.get_logger("sigyn.agent.client")
_TOO_MANY = 429
_TRIES_WHOLE = 3  # a server that is only busy has room again by then: 2 s with the back-off of the default
_LONGEST_WAIT = 3600.0  # seconds: what a server asks beyond is a mistake, such as a date of the wrong year


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What became of an attempt; `wait` is what the server asked for, in seconds."""

    delivered: bool
    again: bool
    status: str
    reason: str
    wait: float = 0.0


class PushClient:
    """Pushes to one URL. `patient` clients never give up what a retry may deliver."""

    def __init__(
        self,
        config: ClientConfig,
        counters: AgentCounters,
        *,
        patient: bool,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Clock = system_clock,
    ) -> None:
        """Raises ConfigurationError for certificates that can't be read."""
        self.config = config
        self.name = config.name or config.url
        self.variant = variant_of(config.external_labels)
        self.waiting = False  # between two attempts: the server is away or busy
        self._shown = hide_user(config.url)
        self._patient = patient
        self._sleep = sleep
        self._clock = clock
        self._counters = counters
        self._http = http_client(config, config.timeout / SECOND)
        self._tokens = TokenSource(config.oauth2) if config.oauth2 else None
        self._random = random.Random()
        parts = urlsplit(config.url)
        self.host = parts.netloc.rpartition("@")[2]

    async def send(self, post: Post) -> None:
        """Returns when the post was taken, or when it is certain that it never will be (it is counted then).

        A server that lets through so many bytes a second, and no more than some seconds' at once, refuses a larger
        post for ever, with the status for which one waits and tries again. So a post that is refused several times
        is sent in halves, down to the size that passes.
        """
        # Who gives up after some tries is not to have as many for each part.
        waiting, tries_whole, passed = [post], _TRIES_WHOLE if self._patient else math.inf, 0
        retries = limited = 0
        while waiting:
            piece = waiting[-1]
            if not retries:
                self._counters.encoded_bytes.labels(self.host).inc(len(piece.body))
            outcome = await self._attempt(piece)
            if outcome.delivered:
                self._delivered(piece)
                passed = max(passed, piece.raw_bytes)
            elif not outcome.again or (not self._patient and retries + 1 >= self._most_tries):
                self._given_up(piece, outcome)
            else:
                limited += outcome.status == str(_TOO_MANY) and not outcome.wait
                parts = halves(piece) if limited >= tries_whole and piece.raw_bytes > passed else None
                await self._wait(piece, outcome, retries, smaller=parts is not None)
                retries += 1
                if parts:
                    waiting[-1:] = parts[::-1]
                    tries_whole, retries = 1, 0
                continue
            waiting.pop()
            retries = limited = 0

    @property
    def _most_tries(self) -> float:
        return self.config.backoff_config.max_retries or math.inf

    async def _wait(self, post: Post, outcome: _Outcome, retries: int, *, smaller: bool) -> None:
        """Waits for the next attempt, at the post or, if it is to be `smaller`, at its first half."""
        wait = outcome.wait or self._back_off(retries)
        _log.warning(
            "push failed, will try again in halves" if smaller else "push failed, will try again",
            url=self._shown, status=outcome.status, reason=outcome.reason, seconds=round(wait, 2),
        )  # fmt: skip
        self._counters.batch_retries.labels(self.host, self._tenant(post)).inc()
        self.waiting = True
        try:
            await self._sleep(wait)
        finally:
            self.waiting = False

    async def put_json(self, url: str, body: bytes) -> int:
        """Puts something on the same server, in the name of this client; the status of the answer, 0 for none."""
        try:
            headers = await self._headers_of(self.config.tenant_id, "application/json")
            answer = await self._http.put(url, content=body, headers=headers)
        except (httpx.RequestError, OSError, ConfigurationError, Unavailable):
            return 0
        return answer.status_code

    async def close(self) -> None:
        """Closes connections."""
        await self._http.aclose()

    async def _attempt(self, post: Post) -> _Outcome:
        began = time.perf_counter()
        try:
            answer = await self._http.post(self.config.url, content=post.body, headers=await self._headers(post))
        except (httpx.RequestError, OSError, ConfigurationError, Unavailable) as error:
            # httpx lets errors of TLS that come after the handshake pass as they are.
            reason = hide_secrets(str(error), self.config.url) or type(error).__name__
            return _Outcome(False, True, "failed", reason)
        finally:
            seconds = time.perf_counter() - began
        # A response and its stream refer to each other, and hold the body until garbage is collected.
        answer.stream = httpx.ByteStream(b"")
        status = answer.status_code
        self._counters.request_duration.labels(str(status), self.host).observe(seconds)
        if answer.request.method != "POST":  # 302 and its like: a page that was got, such as a login, took nothing
            return _Outcome(
                False, True, str(answer.history[0].status_code), f"sent on to {hide_user(str(answer.request.url))}"
            )
        if 200 <= status < 300:
            return _Outcome(True, False, str(status), "")
        limited = status == _TOO_MANY
        again = status >= 500 or (limited and not self.config.drop_rate_limited_batches)
        reason = hide_secrets(answer.text.strip(), self.config.url)[:1024]
        return _Outcome(False, again, str(status), reason, self._retry_after(answer) if again else 0.0)

    async def _headers(self, post: Post) -> dict[str, str]:
        return await self._headers_of(self._tenant(post), "application/x-protobuf")

    async def _headers_of(self, tenant: str, content_type: str) -> dict[str, str]:
        headers = {"Content-Type": content_type, "User-Agent": "sigyn-agent", **self.config.headers}
        if tenant:
            headers["X-Scope-OrgID"] = tenant
        authorization = await self._tokens.header() if self._tokens else await authorization_header(self.config)
        if authorization:
            headers["Authorization"] = authorization
        return headers

    def _tenant(self, post: Post) -> str:
        return post.tenant or self.config.tenant_id

    def _back_off(self, retries: int) -> float:
        """Doubled each time up to the maximum; the upper half at random, so that agents don't come back together."""
        backoff = self.config.backoff_config
        whole = min(backoff.min_period * 2.0 ** min(retries, 60), backoff.max_period) / SECOND
        return whole * self._random.uniform(0.5, 1.0)

    def _retry_after(self, answer: httpx.Response) -> float:
        """Seconds that the server asks to wait, as a number or as a date; 0 when it doesn't say, or not clearly."""
        text = answer.headers.get("Retry-After", "").strip()
        try:
            if text.isascii() and text.isdigit():
                seconds = float(text)
            else:
                seconds = parsedate_to_datetime(text).timestamp() - self._clock() / SECOND
        except (ValueError, OverflowError):
            return 0.0
        return min(max(0.0, seconds), _LONGEST_WAIT)

    def _delivered(self, post: Post) -> None:
        self._counters.sent_entries.labels(self.host).inc(post.entries)
        self._counters.sent_bytes.labels(self.host).inc(len(post.body))
        now = self._clock()
        for file, timestamp in post.latest.items():
            self._counters.stream_lag.set(file, self.host, max(0.0, (now - timestamp) / SECOND))

    def _given_up(self, post: Post, outcome: _Outcome) -> None:
        reason = "rate_limited" if outcome.status == str(_TOO_MANY) else "ingester_error"
        labels = (self.host, self._tenant(post), reason)
        self._counters.dropped_entries.labels(*labels).inc(post.entries)
        self._counters.dropped_bytes.labels(*labels).inc(post.raw_bytes)
        _log.error(
            "push refused, its entries are dropped",
            url=self._shown, status=outcome.status, reason=outcome.reason, entries=post.entries,
        )  # fmt: skip
