"""`sigyn store backup`: a folder that can be used in the place of the first, made while a server runs."""

import asyncio
import json
import os
import sqlite3
import threading
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from sigyn.model.errors import BadRequest
from sigyn.model.time import HOUR, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings
from sigyn.store.backup import back_up
from tests.cli.commands import Sigyn
from tests.cli.server import running_server
from tests.store.conftest import s3_endpoint
from tests.store.entries import Row, batch, row, stored

__all__ = ["s3_endpoint"]

ALL = {"query": 'sum(count_over_time({a="b"}[1000d]))'}


def push(url: str, number: int) -> None:
    body = {"streams": [{"stream": {"a": "b"}, "values": [[str(system_clock()), f"line {number}"]]}]}
    assert httpx.post(f"{url}/loki/api/v1/push", json=body).status_code == 204


def count(url: str) -> int:
    found = httpx.get(f"{url}/loki/api/v1/query", params=ALL).json()["data"]["result"]
    return int(found[0]["value"][1])


def made(sigyn: Sigyn, data: Path, folder: Path) -> dict[str, int]:
    done = sigyn("store", "backup", "--data", str(data), "--to", str(folder), "-o", "json")
    assert done.code == 0, done.err
    found: dict[str, int] = json.loads(done.out)
    return found


def test_a_backup_beside_a_busy_server_is_a_store_with_all_that_was_acknowledged_before_it(
    tmp_path: Path, sigyn: Sigyn
) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    stop = threading.Event()
    with running_server(data) as running:
        for number in range(20):
            push(running.url, number)

        def go_on() -> None:
            number = 20
            while not stop.is_set():
                push(running.url, number)
                number += 1

        busy = threading.Thread(target=go_on)
        busy.start()
        try:
            before = count(running.url)
            made(sigyn, data, folder)
        finally:
            stop.set()
            busy.join()
        after = count(running.url)
        running.stop()
    checked = sigyn("store", "check", "--data", str(folder))
    assert (checked.code, checked.lines[-1]) == (0, "the store is sound")
    with running_server(folder) as restored:
        assert before <= count(restored.url) <= after
        push(restored.url, 0)
        assert restored.stop() == 0


def fill(settings: StoreSettings, rows: list[Row], *, compact: bool = False) -> None:
    async def work() -> None:
        store = Store.open(settings, clock=lambda: system_clock() - 2 * HOUR)
        for each in rows:
            await store.append(batch([each]))
        if compact:
            store.compact_now()
        await store.close()

    asyncio.run(work())


def rows_of(settings: StoreSettings) -> list[Row]:
    async def work() -> list[Row]:
        store = Store.open(settings)
        found = stored(store)
        await store.close()
        return found

    return asyncio.run(work())


def test_the_next_backup_copies_what_is_new_and_removes_what_nothing_needs(tmp_path: Path, sigyn: Sigyn) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    settings = StoreSettings(data=data, compaction=False)
    fill(settings, [row("a", 1, "x"), row("a", 2, "y")])
    assert made(sigyn, data, folder) | {"bytes": 0, "copied_bytes": 0} == {
        "segments": 2, "entries": 2, "objects": 2, "bytes": 0, "copied": 2, "copied_bytes": 0, "removed": 0,
        "left": 0, "left_bytes": 0, "damaged": [], "archived": [],
    }  # fmt: skip
    again = made(sigyn, data, folder)
    assert (again["copied"], again["removed"]) == (0, 0)
    fill(settings, [row("a", 3, "z")])
    assert made(sigyn, data, folder)["copied"] == 1
    assert sigyn("store", "check", "--data", str(folder)).code == 0  # it changes nothing
    fill(settings, [], compact=True)
    merged = made(sigyn, data, folder)
    assert (merged["segments"], merged["entries"], merged["copied"], merged["removed"]) == (1, 3, 1, 3)
    assert len(list((folder / "objects").rglob("*.parquet"))) == 1
    assert rows_of(StoreSettings(data=folder)) == [row("a", 1, "x"), row("a", 2, "y"), row("a", 3, "z")]


def test_objects_that_are_replaced_while_they_are_copied_are_found_in_what_took_their_place(tmp_path: Path) -> None:
    settings = StoreSettings(data=tmp_path / "data", compaction=False)
    fill(settings, [row("a", time, "x") for time in range(4)])

    def merge_meanwhile(done: int, _all: int) -> None:
        if done == 2:
            fill(settings, [], compact=True)

    found = back_up(settings, tmp_path / "backup", progress=merge_meanwhile)
    assert (found.segments, found.entries, found.damaged) == (1, 4, ())
    assert rows_of(StoreSettings(data=tmp_path / "backup")) == [row("a", time, "x") for time in range(4)]


def test_a_damaged_object_is_named_and_the_rest_is_copied(tmp_path: Path, sigyn: Sigyn) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    fill(StoreSettings(data=data, compaction=False), [row("a", 1, "x"), row("a", 2, "y"), row("a", 3, "z")])
    torn, missing, _ = sorted((data / "objects").rglob("*.parquet"))
    torn.write_bytes(torn.read_bytes()[:-1])
    missing.unlink()
    done = sigyn("store", "backup", "--data", str(data), "--to", str(folder))
    assert done.code == 1
    for each in (torn, missing):
        assert f"object `{each.relative_to(data / 'objects')}` is missing or damaged, and not in the backup" in done.err
    assert len(list((folder / "objects").rglob("*.parquet"))) == 1


def test_no_other_data_are_overwritten(tmp_path: Path, sigyn: Sigyn) -> None:
    def refusal(to: Path, of: Path = tmp_path / "data") -> str:
        refused = sigyn("store", "backup", "--data", str(of), "--to", str(to))
        assert refused.code == 2
        return refused.err

    for name in ("data", "other"):
        fill(StoreSettings(data=tmp_path / name), [row("a", 1, name)])
    assert "lies in the data folder" in refusal(tmp_path / "data")
    assert "lies in the data folder" in refusal(tmp_path / "data" / "objects" / "backup")
    assert "is not empty, it has `catalog.sqlite`, and is no backup" in refusal(tmp_path / "other")
    for name in ("notes.txt", "photos/one.jpg", "objects/one.parquet"):
        folder = tmp_path / name.replace("/", "-")
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text("mine")
        before = sorted(folder.rglob("*"))
        refused = refusal(folder)
        assert f"`{folder}` is not empty, it has `{name.partition('/')[0]}`, and is no backup" in refused
        assert "choose a new folder, or that of the last backup" in refused
        assert sorted(folder.rglob("*")) == before
    made(sigyn, tmp_path / "data", tmp_path / "backup")
    assert "is the backup of another store" in refusal(tmp_path / "backup", of=tmp_path / "other")
    fill(StoreSettings(data=tmp_path / "backup"), [row("a", 2, "used")])
    assert "a server used the backup" in refusal(tmp_path / "backup")
    with pytest.raises(BadRequest, match="in memory"):
        back_up(StoreSettings(data=None), tmp_path / "new")


def test_a_new_disk_and_what_a_first_backup_left_half_done_are_no_obstacle(tmp_path: Path, sigyn: Sigyn) -> None:
    fill(StoreSettings(data=tmp_path / "data"), [row("a", 1, "x")])
    folder = tmp_path / "backup"
    (folder / "lost+found").mkdir(parents=True)
    (folder / "objects" / "one").mkdir(parents=True)
    (folder / "lock").write_text("1\n")
    for name in ("catalog.unfinished", "catalog.unfinished-wal", "backup.json.unfinished"):
        (folder / name).write_bytes(b"torn")
    assert made(sigyn, tmp_path / "data", folder)["segments"] == 1
    assert sigyn("store", "check", "--data", str(folder)).code == 0


def test_alerts_and_recorded_series_go_with_it(tmp_path: Path, sigyn: Sigyn) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    group = "name: g\nrules: [{record: 'a:b', expr: 'sum(count_over_time({a=\"b\"}[5m]))'}]\n"
    with running_server(data) as running:
        assert httpx.post(f"{running.url}/loki/api/v1/rules/ns", content=group).status_code == 202
        made(sigyn, data, folder)
        running.stop()
    with running_server(folder) as restored:
        assert "record: a:b" in httpx.get(f"{restored.url}/loki/api/v1/rules").text
        restored.stop()


def test_of_a_bucket_the_objects_are_copied_too(
    tmp_path: Path, sigyn: Sigyn, s3_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    place = ObjectStoreSettings(
        url="s3://logs/backed-up", endpoint=s3_endpoint, region="us-east-1", access_key_id="k", secret_access_key="s"
    )
    fill(StoreSettings(data=data, compaction=False, objects=place), [row("a", 1, "x")])
    for name, value in (
        ("OBJECTS", place.url),
        ("S3_ENDPOINT", s3_endpoint),
        ("S3_REGION", "us-east-1"),
        ("S3_ACCESS_KEY_ID", "k"),
        ("S3_SECRET_ACCESS_KEY", "s"),
    ):
        monkeypatch.setenv(f"SIGYN_STORAGE_{name}", value)
    assert made(sigyn, data, folder)["objects"] == 1
    assert rows_of(StoreSettings(data=folder)) == [row("a", 1, "x")]
    for file in filter(Path.is_file, (folder / "objects").rglob("*")):  # into a bucket again
        key = file.relative_to(folder / "objects")
        assert httpx.put(f"{s3_endpoint}/logs/restored/{key}", content=file.read_bytes()).status_code == 200
    restored = replace(place, url="s3://logs/restored")
    assert rows_of(StoreSettings(data=folder, objects=restored)) == [row("a", 1, "x")]


def test_a_backup_that_is_used_is_another_store_for_caches(tmp_path: Path, sigyn: Sigyn) -> None:
    data, folder = tmp_path / "data", tmp_path / "backup"
    fill(StoreSettings(data=data), [row("a", 1, "x")])
    made(sigyn, data, folder)

    def identity(of: Path) -> int:
        with sqlite3.connect(of / "catalog.sqlite") as catalog:
            return int(catalog.execute("SELECT value FROM counter WHERE name = 'identity'").fetchone()[0])

    assert identity(data) != identity(folder)


def test_a_place_that_can_not_be_written_to_is_named(tmp_path: Path, sigyn: Sigyn) -> None:
    fill(StoreSettings(data=tmp_path / "data"), [row("a", 1, "x")])
    (tmp_path / "file").write_text("")
    refused = sigyn("store", "backup", "--data", str(tmp_path / "data"), "--to", os.fspath(tmp_path / "file" / "x"))
    assert refused.code == 1
    assert f"`{tmp_path / 'file' / 'x'}` can't be used" in refused.err
