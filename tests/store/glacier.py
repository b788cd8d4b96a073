"""Archives as moto's server has them, with restores that take as long as a test wants."""

import json
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

from sigyn.model.time import DAY, HOUR
from sigyn.store import ObjectStoreSettings, SegmentInfo, Store, StoreSettings, TierSettings
from sigyn.store.retention import RetentionRules
from sigyn.store.settings import RestoreRule

from .entries import batch, row
from .matching import TextMatcher
from .proxy import FaultyProxy

TODAY = 20_000

_MODEL = "s3::keyrestore"
SIGNED = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/s3/aws4_request, "
    "SignedHeaders=host, Signature=0"
}
"""Enough to be somebody: moto holds no signature against a secret."""


class SlowRestores:
    """Restores of an S3 server that end when a test says so."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint

    def hold(self, urls: Sequence[str]) -> None:
        """Objects that were asked for stay under way: without it, moto has them done with the second look."""
        for url in urls:
            with urlopen(Request(url, headers=SIGNED, method="HEAD"), timeout=30) as answer:
                assert answer.headers["x-amz-restore"] == 'ongoing-request="true"'
        self._tell("set-transition", {"progression": "manual", "times": 1 << 40})

    def finish(self) -> None:
        """They are restored now, as are those that are asked for from here on."""
        self._tell("set-transition", {"progression": "immediate"})

    def begin(self) -> None:
        """Objects that are asked for from here on are under way with the first look."""
        self._tell("set-transition", {"progression": "manual", "times": 1})

    def _tell(self, what: str, transition: dict[str, object]) -> None:
        body = json.dumps({"model_name": _MODEL, "transition": transition}).encode()
        url = f"{self._endpoint}/moto-api/state-manager/{what}"
        urlopen(Request(url, body, {"Content-Type": "application/json"}), timeout=30).close()


@contextmanager
def slow_restores(endpoint: str) -> Iterator[SlowRestores]:
    """Restores take their time until the end of the block."""
    slow = SlowRestores(endpoint)
    slow.begin()
    try:
        yield slow
    finally:
        slow.finish()


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = TODAY * DAY + 6 * HOUR

    def __call__(self) -> int:
        return self.now


class Archived:
    """A store whose segments, one a day, are in an archive in front of which a proxy counts."""

    def __init__(self, proxy: FaultyProxy, folder: Path, retention: RetentionRules | None = None) -> None:
        self.proxy = proxy
        self.clock = Clock()
        self.folder = uuid.uuid4().hex
        archive = ObjectStoreSettings(
            url=f"s3://logs/{self.folder}", endpoint=proxy.url, region="us-east-1",
            access_key_id="key", secret_access_key="secret", storage_class="GLACIER",
        )  # fmt: skip
        tier = TierSettings(name="cold", after=30 * DAY, objects=archive, restore=RestoreRule("bulk", 2))
        self.settings = StoreSettings(
            data=folder / "data", tiers=(tier,), compaction=False,
            recent_bytes=0, metadata_bytes=0, cache_bytes=0, delete_cancel_period=0,
        )  # fmt: skip
        self._retention = retention

    def open(self) -> Store:
        """The store, as it was left."""
        more = {"retention": self._retention} if self._retention else {}
        store = Store.open(self.settings, clock=self.clock, **more)
        store.match_deletes(TextMatcher(store.streams))
        return store

    async def filled(self, *days: int, tenant: str = "fake") -> Store:
        """A store with entries of so many days ago, in the archive where they are old enough."""
        store = self.open()
        for day in days:
            for hour in range(2):
                await store.append(batch([row("a", (TODAY - day) * DAY + hour * HOUR, f"{day} days")], tenant))
        store.compact_now()
        self.clock.now += 2 * HOUR
        store.move_now()
        await store.close()
        return self.open()

    def requests(self, method: str = "", what: str = "") -> int:
        """Requests for objects so far, with this method and this behind the address."""
        return sum(f".parquet{what}" in each.path and method in ("", each.method) for each in self.proxy.requests)

    def urls(self, segments: tuple[SegmentInfo, ...]) -> list[str]:
        """Where the objects of segments are."""
        return [f"{self.proxy.url}/logs/{self.folder}/{each.key.partition(':')[2]}" for each in segments]
