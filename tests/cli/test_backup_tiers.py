"""Backups of stores whose objects are in tiers, and whose catalog is in PostgreSQL."""

import asyncio
import json
import os
import threading
import uuid
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from sigyn.model.errors import BadRequest
from sigyn.model.time import DAY, HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings, rebuild_catalog
from sigyn.store.backup import back_up
from sigyn.store.catalog import DeleteRequest
from sigyn.store.check import check_store
from sigyn.store.demoted import DemotedLabel
from sigyn.store.errors import PlaceInUse
from sigyn.store.open_catalog import open_catalog
from sigyn.store.ownership import OWNER_KEY
from sigyn.store.places import objects_of
from tests.agent.processes import until
from tests.cli.commands import Sigyn
from tests.cli.server import running_server
from tests.postgres import Postgres
from tests.store.conftest import s3_endpoint
from tests.store.entries import Row, batch, row, stored

__all__ = ["s3_endpoint"]

NOW = system_clock()
OLD = [row("a", NOW - age * DAY + number, f"{age} days, {number}") for age in (1, 10, 45) for number in range(2)]


def tiered(folder: Path, **more: object) -> StoreSettings:
    """A store with a warm and a cold folder."""
    tiers = [
        TierSettings(name=name, after=days * DAY, objects=ObjectStoreSettings(url=f"file://{folder / name}"))
        for name, days in (("warm", 7), ("cold", 30))
    ]
    given = StoreSettings(data=folder / "data", tiers=tuple(tiers), compaction=False, recent_bytes=0)
    return replace(given, **more)  # type: ignore[arg-type]


def fill(settings: StoreSettings, rows: list[Row], *, move: bool = True) -> None:
    """Merges rows, as of two hours ago, and moves them to where they belong."""

    async def work() -> None:
        store = Store.open(settings, clock=lambda: system_clock() - 2 * HOUR)
        for each in rows:
            await store.append(batch([each]))
        store.compact_now()
        await store.close()
        if move:
            store = Store.open(settings)
            store.move_now()
            await store.close()

    asyncio.run(work())


def rows_of(settings: StoreSettings) -> list[Row]:
    async def work() -> list[Row]:
        store = Store.open(settings)
        found = stored(store)
        assert not store.quarantined()
        await store.close()
        return found

    return asyncio.run(work())


def segments_in(folder: Path) -> int:
    return len(list(folder.rglob("*.parquet")))


def test_what_is_in_tiers_is_copied_once_wherever_it_moves(tmp_path: Path) -> None:
    settings, folder = tiered(tmp_path), tmp_path / "backup"
    fill(settings, OLD, move=False)
    assert back_up(settings, folder).copied == 3
    fill(settings, [row("b", NOW - 45 * DAY, "new")])
    assert [segments_in(tmp_path / name) for name in ("data", "warm", "cold")] == [1, 1, 2]
    made = back_up(settings, folder)
    assert (made.segments, made.entries, made.copied, made.removed, made.is_whole) == (4, 7, 1, 0, True)
    assert check_store(StoreSettings(data=folder)).findings == ()
    assert rows_of(StoreSettings(data=folder)) == rows_of(settings)


def test_a_copy_moves_its_segments_to_tiers_of_its_own(tmp_path: Path) -> None:
    settings = tiered(tmp_path)
    fill(settings, OLD)
    back_up(settings, tmp_path / "copy" / "data")
    restored = tiered(tmp_path / "copy")
    fill(restored, [])
    assert [segments_in(tmp_path / "copy" / name) for name in ("data", "warm", "cold")] == [1, 1, 1]
    assert rows_of(restored) == rows_of(settings)


def test_a_tier_that_is_left_is_read_where_it_is_once_its_mark_is_given_up(tmp_path: Path) -> None:
    settings, folder = tiered(tmp_path), tmp_path / "backup"
    fill(settings, OLD)
    made = back_up(settings, folder, leave=["cold"])
    assert (made.segments, made.copied, made.left, made.is_whole) == (3, 2, 1, True)
    restored = replace(settings, data=folder, tiers=settings.tiers[1:])
    with pytest.raises(PlaceInUse, match="the objects in tier `cold`"):
        rows_of(restored)  # the server that it is a backup of may go on
    later = [row("a", NOW - 44 * DAY, "after the backup"), row("a", NOW - 44 * DAY + 1, "after the backup")]
    fill(settings, later)
    objects_of(settings).delete([f"cold:{OWNER_KEY}"])

    async def swept() -> None:
        store = Store.open(replace(restored, orphan_grace_seconds=0))
        store.sweep_now()
        await store.close()

    asyncio.run(swept())
    assert segments_in(tmp_path / "cold") == 2  # what is newer than the backup is no orphan: a catalog made anew has it
    assert rows_of(restored) == sorted(OLD, key=repr)
    for file in folder.glob("catalog*"):
        file.unlink()
    assert rebuild_catalog(restored).segments == 4
    assert rows_of(restored) == sorted([*OLD, *later], key=repr)


def test_a_tier_that_is_not_there_can_not_be_left(tmp_path: Path, sigyn: Sigyn) -> None:
    settings = tiered(tmp_path)
    fill(settings, OLD)
    with pytest.raises(
        BadRequest, match=r"there is no tier `could` to be left as it is: `storage\.tiers` names `warm`, `cold`"
    ):
        back_up(settings, tmp_path / "backup", leave=["could"])
    with pytest.raises(BadRequest, match=r"lies among the objects in `.*/cold`"):
        back_up(settings, tmp_path / "cold" / "backup")
    asked = ("store", "backup", "--data", str(tmp_path / "data"), "--to", str(tmp_path / "backup"), "--leave", "cold")
    assert "`storage.tiers` names none" in sigyn(*asked).err


def s3(endpoint: str, *, storage_class: str = "") -> ObjectStoreSettings:
    """A prefix of its own."""
    return ObjectStoreSettings(
        url=f"s3://logs/{uuid.uuid4().hex}", endpoint=endpoint, region="us-east-1", access_key_id="key",
        secret_access_key="secret", storage_class=storage_class,
    )  # fmt: skip


def variables_of(settings: StoreSettings) -> dict[str, str]:
    """Of a process that has the store."""
    assert settings.objects is not None
    tiers = [
        f"{tier.name} after {tier.after // DAY}d in {tier.objects.url}"
        + (f" as {tier.objects.storage_class}" if tier.objects.storage_class else "")
        for tier in settings.tiers
    ]
    storage = {
        "OBJECTS": settings.objects.url,
        "TIERS": "; ".join(tiers),
        "CATALOG": settings.catalog,
        "S3_ENDPOINT": settings.objects.endpoint or "",
        "S3_REGION": "us-east-1",
        "S3_ACCESS_KEY_ID": "key",
        "S3_SECRET_ACCESS_KEY": "secret",
    }
    return {f"SIGYN_STORAGE_{name}": value for name, value in storage.items() if value}


def test_what_is_archived_is_named_unless_it_was_copied_before(
    tmp_path: Path, s3_endpoint: str, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch
) -> None:
    cold = TierSettings(name="cold", after=30 * DAY, objects=s3(s3_endpoint, storage_class="GLACIER"))
    settings = tiered(tmp_path, objects=s3(s3_endpoint), tiers=(cold,))
    fill(settings, OLD, move=False)
    assert back_up(settings, tmp_path / "before").is_whole
    fill(settings, [])
    for name, value in variables_of(settings).items():
        monkeypatch.setenv(name, value)
    asked = ("store", "backup", "--data", str(tmp_path / "data"), "--to")
    assert sigyn(*asked, str(tmp_path / "before")).code == 0
    done = sigyn(*asked, str(tmp_path / "after"))
    assert done.code == 1
    assert "1 object, such as `cold:" in done.err
    assert "(--leave)" in done.err
    left = sigyn(*asked, str(tmp_path / "left"), "--leave", "cold")
    assert (left.code, "1 segment of " in left.out, "stay in cold" in left.out) == (0, True, True)
    assert rows_of(StoreSettings(data=tmp_path / "before")) == sorted(OLD, key=repr)


def test_all_of_a_catalog_in_postgresql_is_in_the_copy(tmp_path: Path, postgres: Postgres) -> None:
    settings = tiered(tmp_path, catalog=postgres.url(postgres.new_schema()))
    fill(settings, OLD)
    label = DemotedLabel("trace\0id", "too many", 3, "\1x", 5)
    with closing(open_catalog(settings)) as catalog:
        request = catalog.add_delete_request("fake", '{a="b\0"}', 1, 2)
        catalog.demote("fake", [label])
        segments = catalog.live()
        streams = list(catalog.streams("fake"))
    made = back_up(settings, tmp_path / "backup")
    assert (made.segments, made.entries, made.is_whole) == (3, 6, True)

    def content(of: StoreSettings) -> tuple[list[DeleteRequest], list[DemotedLabel], list[int], object]:
        with closing(open_catalog(of, read_only=True)) as found:
            ids = [segment.id for segment in found.live()]
            return found.delete_requests(), found.demoted("fake"), ids, list(found.streams("fake"))

    expected = ([request], [label], [segment.id for segment in segments], streams)
    assert content(StoreSettings(data=tmp_path / "backup")) == expected
    again = back_up(settings, tmp_path / "backup")
    assert (again.copied, again.removed) == (0, 0)
    # And back into a database.
    restored = StoreSettings(data=tmp_path / "restored", catalog=postgres.url(postgres.new_schema()))
    (tmp_path / "restored").mkdir()
    (tmp_path / "backup" / "objects").rename(tmp_path / "restored" / "objects")
    assert rebuild_catalog(restored).segments == 3
    assert rows_of(restored) == sorted(OLD, key=repr)


class Load:
    """Pushes of single lines by several clients until it ends, each acknowledged line noted."""

    def __init__(self, url: str) -> None:
        self.acknowledged: list[str] = []
        self.sent: list[str] = []
        self._url = url
        self._stop = threading.Event()
        self._clients = [threading.Thread(target=self._push, args=(number,)) for number in range(4)]
        for client in self._clients:
            client.start()

    def _push(self, client: int) -> None:
        with httpx.Client() as http:
            number = 0
            while not self._stop.is_set():
                line = f"{client}/{number}"
                time = NOW - (number % 3) * 20 * DAY - number
                body = {"streams": [{"stream": {"app": "load"}, "values": [[str(time), line]]}]}
                self.sent.append(line)
                with suppress(httpx.TransportError):  # killed
                    if http.post(f"{self._url}/loki/api/v1/push", json=body).status_code == 204:
                        self.acknowledged.append(line)
                number += 1

    def end(self) -> None:
        self._stop.set()
        for client in self._clients:
            client.join()


def lines(url: str, selector: str) -> Counter[str]:
    """How often each line is found."""
    asked = {"query": selector, "since": "2000h", "limit": "5000"}
    answer = httpx.get(f"{url}/loki/api/v1/query_range", params=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    assert "warnings" not in answer.json(), answer.text
    return Counter(line for stream in answer.json()["data"]["result"] for _, line in stream["values"])


@pytest.mark.parametrize("catalog", ["sqlite", "postgresql"])
def test_a_backup_of_a_busy_server_that_is_killed_has_each_acknowledged_line_once(
    tmp_path: Path, s3_endpoint: str, postgres: Postgres, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch, catalog: str
) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    settings = StoreSettings(
        data=data,
        catalog=postgres.url(postgres.new_schema()) if catalog == "postgresql" else "",
        objects=s3(s3_endpoint),
        tiers=tuple(
            TierSettings(name=name, after=days * DAY, objects=s3(s3_endpoint))
            for name, days in (("warm", 7), ("cold", 30))
        ),
    )
    fill(replace(settings, compaction=False), OLD, move=False)  # the server moves them while it takes in
    limits = {"SIGYN_LIMITS_REJECT_OLD_SAMPLES": "false", "SIGYN_QUERY_MAX_QUERY_LENGTH": "0"}
    variables = variables_of(settings) | limits
    with running_server(data, variables=os.environ | variables) as running:
        load = Load(running.url)
        try:
            until(lambda: len(load.acknowledged) > 50, "some load")
            backed_up(sigyn, data, folder, variables, monkeypatch)
            before = set(load.acknowledged)
            done = backed_up(sigyn, data, folder, variables, monkeypatch)
            running.process.kill()
        finally:
            load.end()
        sent = set(load.sent)
    assert done["segments"] > 0
    monkeypatch.undo()
    assert check_store(StoreSettings(data=folder)).is_sound
    with running_server(folder, variables=os.environ | limits) as restored:
        assert lines(restored.url, '{app="a"}') == Counter(each.line for each in OLD)
        found = lines(restored.url, '{app="load"}')
        assert set(found.values()) == {1}
        assert before <= set(found) <= sent


def backed_up(
    sigyn: Sigyn, data: Path, folder: Path, variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> dict[str, int]:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = sigyn("store", "backup", "--data", str(data), "--to", str(folder), "-o", "json")
    assert done.code == 0, done.err
    found: dict[str, int] = json.loads(done.out)
    return found
