"""Archived objects come back: a query of a real server has them restored, and so does `sigyn store restore`."""

import asyncio
import json
import os
import re
import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings
from tests.cli.commands import Sigyn
from tests.cli.server import RunningServer, running_server
from tests.docs.test_pages import blocks, page
from tests.store.conftest import s3_endpoint
from tests.store.entries import batch, row
from tests.store.glacier import SIGNED, SlowRestores, slow_restores

__all__ = ["s3_endpoint"]

DAYS = (20_453, 20_454, 20_470)
"""31 December 2025, 1 January and 17 January 2026."""


@dataclass(frozen=True, slots=True)
class Archive:
    """A data folder whose segments, one a day, are in a bucket's archive."""

    endpoint: str
    data: Path
    bucket: str

    def variables(self, rule: str = "") -> Mapping[str, str]:
        """What a server or a command needs to know; `rule` is what follows the class of the tier."""
        return {
            "SIGYN_STORAGE_S3_ENDPOINT": self.endpoint,
            "SIGYN_STORAGE_S3_REGION": "us-east-1",
            "SIGYN_STORAGE_S3_ACCESS_KEY_ID": "key",
            "SIGYN_STORAGE_S3_SECRET_ACCESS_KEY": "secret",
            "SIGYN_STORAGE_TIERS": f"cold after 30d in {self.bucket} as GLACIER {rule}".strip(),
            "SIGYN_STORAGE_DATA": str(self.data),
        }

    def fill(self, tenant: str = "fake") -> None:
        """Fills the folder, and moves it all."""
        bucket = ObjectStoreSettings(
            url=self.bucket, endpoint=self.endpoint, region="us-east-1",
            access_key_id="key", secret_access_key="secret", storage_class="GLACIER",
        )  # fmt: skip
        tier = TierSettings(name="cold", after=30 * DAY, objects=bucket)

        async def fill() -> None:
            now = system_clock() - 2 * HOUR
            settings = StoreSettings(data=self.data, tiers=(tier,), compaction=False)
            store = Store.open(settings, clock=lambda: now)
            for number, day in enumerate(DAYS):
                app = "shop" if number < 2 else "till"
                await store.append(batch([row(app, day * DAY, f"day {number}")], tenant))
            store.compact_now()
            await store.close()
            store = Store.open(settings)
            store.move_now()
            await store.close()

        asyncio.run(fill())

    def urls(self) -> list[str]:
        """Where the objects of segments are."""
        bucket = self.bucket.removeprefix("s3://logs/")
        with urlopen(f"{self.endpoint}/logs?list-type=2&prefix={bucket}/") as listing:
            keys = re.findall(r"<Key>([^<]+\.parquet)</Key>", listing.read().decode())
        return [f"{self.endpoint}/logs/{key}" for key in keys]

    def size(self) -> int:
        """Bytes of them all."""
        total = 0
        for url in self.urls():
            with urlopen(Request(url, headers=SIGNED, method="HEAD")) as answer:
                total += int(answer.headers["Content-Length"])
        return total


@pytest.fixture
def archive(s3_endpoint: str, tmp_path: Path) -> Archive:
    made = Archive(s3_endpoint, tmp_path / "data", f"s3://logs/{tmp_path.name}")
    made.fill()
    return made


@pytest.fixture
def slow(s3_endpoint: str) -> Iterator[SlowRestores]:
    with slow_restores(s3_endpoint) as running:
        yield running


def ask(sigyn: Sigyn, running: RunningServer) -> tuple[list[str], str]:
    """The lines of a query over everything, and what is said beside them."""
    asked = sigyn("query", '{app=~".+"}', "--since", "3000d", "-o", "raw", "--addr", running.url)
    assert asked.code == 0
    return asked.lines, asked.err


def counter(running: RunningServer, name: str) -> float:
    with urlopen(f"{running.url}/metrics") as answer:
        found = re.search(rf"^sigyn_store_{name}_total (\S+)$", answer.read().decode(), re.MULTILINE)
    assert found
    return float(found[1])


def test_a_query_has_restored_what_it_needs(archive: Archive, slow: SlowRestores, sigyn: Sigyn) -> None:
    variables = os.environ | archive.variables("restore bulk for 3d")
    with running_server(archive.data, variables=variables) as running:
        lines, told = ask(sigyn, running)
        assert lines == []
        assert re.search(
            r"entries between 2025-12-31T00:00:00Z and 2026-01-17T00:00:00Z are missing here: 3 objects \(\S+\) of "
            r"tier `cold` are archived, and were asked to be restored at \S+ \(bulk\), which takes 5 to 12 hours as a "
            "rule; ask again then",
            told.replace("\n", " "),
        ), told
        slow.hold(archive.urls())
        assert "being restored since" in ask(sigyn, running)[1]
        assert counter(running, "restores_asked") == 3
        assert running.stop() == 0
    with running_server(archive.data, variables=variables) as running:
        assert "being restored since" in ask(sigyn, running)[1]
        assert counter(running, "restores_asked") == 0
        slow.finish()
        assert ask(sigyn, running) == (["day 2", "day 1", "day 0"], "")
        assert running.stop() == 0


def test_a_tenant_has_only_so_much_restored(archive: Archive, sigyn: Sigyn) -> None:
    variables = os.environ | archive.variables("restore bulk") | {"SIGYN_QUERY_MAX_RESTORED_OBJECTS": "1"}
    with running_server(archive.data, variables=variables) as running:
        told = ask(sigyn, running)[1]
        assert "1 object" in told
        assert "was asked to be restored" in told
        assert "2 objects" in told
        assert "query.max_restored_objects: 1" in told
        assert (counter(running, "restores_asked"), counter(running, "restores_refused")) == (1, 2)
        assert running.stop() == 0


def test_a_command_says_what_there_is_and_asks_for_it(
    archive: Archive, slow: SlowRestores, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in archive.variables().items():
        monkeypatch.setenv(name, value)

    def restore(*flags: str) -> dict[str, object]:
        done = sigyn("store", "restore", "--from", "2025-01-01", *flags, "-o", "json")
        assert done.code == 0, done.err
        (tier,) = json.loads(done.out)
        return {key: value for key, value in tier.items() if value}

    with running_server(archive.data, variables=os.environ | archive.variables()) as running:
        assert "which `sigyn store restore` tells it to" in ask(sigyn, running)[1]
        size = archive.size()
        assert restore("--dry-run") == {
            "tier": "cold", "speed": "standard", "takes": "3 to 5 hours", "archived": 3, "archived_bytes": size,
        }  # fmt: skip
        assert restore("--dry-run", "--tenant", "other") == {"tier": "cold", "speed": "standard"}
        assert restore("--dry-run", "--selector", '{app="shop"}', "--speed", "bulk")["archived"] == 2
        assert restore("--dry-run", "--to", "2025-12-31T12:00:00Z")["archived"] == 1
        shown = sigyn("store", "restore", "--from", "2025-01-01", "--dry-run")
        assert re.search(r"cold +archived +3", shown.out)
        assert "nothing was asked for" in shown.err
        assert restore()["asked"] == 3
        slow.hold(archive.urls())
        assert restore()["restoring"] == 3
        told = ask(sigyn, running)[1]
        assert "being restored since" in told
        assert "(standard), which takes 3 to 5 hours" in told
        slow.finish()
        assert restore()["readable"] == 3
        assert ask(sigyn, running)[0] == ["day 2", "day 1", "day 0"]
        assert running.stop() == 0


def test_a_delete_request_says_what_it_waits_for(archive: Archive, sigyn: Sigyn) -> None:
    variables = os.environ | archive.variables() | {"SIGYN_DELETES_CANCEL_PERIOD": "0s"}
    with running_server(archive.data, variables=variables) as running:
        url = f"{running.url}/loki/api/v1/delete"
        wanted = urlencode({"query": '{app="shop"} |= "day"', "start": "0"})
        urlopen(Request(f"{url}?{wanted}", method="POST"), timeout=30).close()
        deadline = time.monotonic() + 60
        while "waits_for" not in (request := requests_at(url)[0]):
            assert time.monotonic() < deadline, request
            time.sleep(0.1)
        assert request["waits_for"] == "2 objects to be restored from an archive (sigyn store restore)"
        assert request["status"] != "processed"
        told = ask(sigyn, running)[1]
        assert "to be restored from tier `cold` first" in told
        assert running.stop() == 0


def requests_at(url: str) -> list[dict[str, Any]]:
    with urlopen(url, timeout=30) as answer:
        found: list[dict[str, Any]] = json.loads(answer.read())
    return found


def test_a_command_without_an_archive_says_so(tmp_path: Path, sigyn: Sigyn) -> None:
    done = sigyn("store", "restore", "--from", "1d", "--data", str(tmp_path))
    assert done.code == 1
    assert "no tier is in S3 or Azure" in done.err


def test_the_commands_of_the_page_do_what_it_says(
    archive: Archive, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in archive.variables("restore bulk for 3d").items():
        monkeypatch.setenv(name, value)
    (block,) = [text for text in blocks(page("storage.md"), "sh") if "sigyn store restore" in text]
    outcomes = [sigyn(*shlex.split(line)[1:], "--data", str(archive.data)) for line in block.splitlines()]
    assert [done.code for done in outcomes] == [0] * len(outcomes)
    assert re.search(r"cold +archived +1", outcomes[0].out)
    assert re.search(r"cold +asked to be restored +1", outcomes[1].out)
