"""`sigyn store`: check, rebuild-catalog, plan."""

import asyncio
import json
import os
import shutil
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

from sigyn.model.rfc3339 import format_rfc3339
from sigyn.model.time import DAY, HOUR, SECOND, system_clock
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings
from tests.cli.commands import Sigyn
from tests.cli.server import running_server
from tests.store.conftest import s3_endpoint
from tests.store.entries import Row, batch, row

__all__ = ["s3_endpoint"]

# Days of different windows, which are never kept in one segment.
ROWS = [row(app, day * DAY, f"{app} {day}") for app in "ab" for day in (20_015, 20_016)]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A data folder with two tenants, merged, one object for each tenant and day."""
    return made(StoreSettings(data=tmp_path / "data", compaction=False))


def made(settings: StoreSettings) -> Path:
    """Fills a folder."""

    async def fill() -> None:
        now = system_clock() - 2 * HOUR
        store = Store.open(settings, clock=lambda: now)
        for tenant in ("one", "two"):
            await store.append(batch(ROWS, tenant))
        store.compact_now()
        await store.close()

    asyncio.run(fill())
    assert settings.data is not None
    return settings.data


def objects_of(data: Path) -> list[Path]:
    """The objects, by name."""
    return sorted((data / "objects").rglob("*.parquet"))


def test_a_sound_store_is_said_to_be_sound(data: Path, sigyn: Sigyn) -> None:
    checked = sigyn("store", "check", "--data", str(data))
    assert (checked.code, checked.lines[-1]) == (0, "the store is sound")
    assert "4 segments, 8 entries" in checked.out
    assert "4 were read and are whole" in checked.out
    assert "their sizes are right" in sigyn("store", "check", "--quick", "--data", str(data)).out


def test_each_kind_of_damage_is_named(data: Path, sigyn: Sigyn) -> None:
    missing, torn, corrupt, _ = objects_of(data)
    shutil.copy(missing, missing.with_name("1-orphan.parquet"))
    missing.unlink()
    torn.write_bytes(torn.read_bytes()[:-1])
    body = bytearray(corrupt.read_bytes())
    body[50] ^= 1
    corrupt.write_bytes(body)
    checked = sigyn("store", "check", "--data", str(data), "-o", "json")
    found = json.loads(checked.out)
    assert checked.code == 1
    assert not found["is_sound"]
    assert {(each["problem"], each["is_damage"]) for each in found["findings"]} == {
        ("missing", True), ("torn", True), ("corrupt", True), ("orphan", False),
    }  # fmt: skip
    assert found["verified"] == 1
    shown = sigyn("store", "check", "--data", str(data))
    assert shown.code == 1
    assert f"corrupt  {corrupt.relative_to(data / 'objects')}" in " ".join(shown.out.split(" "))
    assert shown.lines[-1].startswith("the store is damaged")
    quick = json.loads(sigyn("store", "check", "--quick", "--data", str(data), "-o", "json").out)
    assert sorted(each["problem"] for each in quick["findings"]) == ["missing", "orphan", "torn"]


def test_an_orphan_alone_is_no_damage(data: Path, sigyn: Sigyn) -> None:
    (data / "objects" / "one" / "stray.parquet").write_bytes(b"x")
    checked = sigyn("store", "check", "--data", str(data))
    assert checked.code == 0
    assert "orphan" in checked.out


def test_a_quarantined_object_is_damage(data: Path, sigyn: Sigyn) -> None:
    objects_of(data)[0].write_bytes(b"")

    async def read() -> None:
        store = Store.open(StoreSettings(data=data, compaction=False))
        with store.snapshot("one", 0, 2**62) as snapshot:
            for segment in snapshot.segments:
                snapshot.read(segment, ["line"])
        await store.close()

    asyncio.run(read())
    checked = sigyn("store", "check", "--data", str(data), "-o", "json")
    assert checked.code == 1
    assert [each["problem"] for each in json.loads(checked.out)["findings"]] == ["quarantined"]


def test_a_data_folder_that_can_not_be_looked_into_is_named_in_one_line(
    tmp_path: Path, data: Path, sigyn: Sigyn
) -> None:
    strange = tmp_path / ("x" * 300)  # as with a folder of another user's the system does not say whether it is there
    commands = {
        "check": ("store", "check", "--data", str(strange)),
        "plan": ("store", "plan", "--data", str(strange)),
        "backup of": ("store", "backup", "--data", str(strange), "--to", str(tmp_path / "copy")),
        "backup to": ("store", "backup", "--data", str(data), "--to", str(strange)),
        "query": ("query", "--data", str(strange), '{app="a"}'),
    }
    for name, command in commands.items():
        refused = sigyn(*command)
        assert refused.code == 1, name
        assert refused.err.startswith("error: "), name
        assert "File name too long" in refused.err, name
        assert refused.err.count("\n") == 1, name


def test_a_folder_in_use_is_left_alone_but_can_be_planned_for(data: Path, sigyn: Sigyn) -> None:
    async def meanwhile() -> None:
        store = Store.open(StoreSettings(data=data, compaction=False))
        for command in ("check", "rebuild-catalog"):
            refused = sigyn("store", command, "--data", str(data))
            assert refused.code == 1
            assert "is in use by process" in refused.err
        assert sigyn("store", "plan", "--data", str(data)).code == 0
        await store.close()

    asyncio.run(meanwhile())


def test_a_catalog_comes_back_from_the_objects(data: Path, sigyn: Sigyn) -> None:
    kept = sigyn("store", "rebuild-catalog", "--data", str(data))
    assert kept.code == 2
    assert "there is a catalog" in kept.err
    for file in data.glob("catalog*"):
        file.unlink()
    assert "rebuild-catalog" in sigyn("store", "check", "--data", str(data)).err
    assert sigyn("store", "plan", "--data", str(data)).code == 1
    (data / "objects" / "torn.parquet").write_bytes(b"PAR1")
    rebuilt = sigyn("store", "rebuild-catalog", "--data", str(data))
    assert rebuilt.code == 0
    assert "4 segments with 8 entries" in rebuilt.out
    assert f"read from `{data}/objects` (hot)" in rebuilt.err
    assert "`torn.parquet` is no readable segment" in rebuilt.err
    assert sigyn("store", "check", "--data", str(data)).code == 0


def test_a_plan_tells_moves_and_prices(tmp_path: Path, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(StoreSettings(data=tmp_path / "data", compaction=False))
    monkeypatch.setenv("SIGYN_STORAGE_TIERS", f"warm after 7d in file://{tmp_path / 'warm'}")
    monkeypatch.setenv("SIGYN_STORAGE_PRICES", "hot=1000000; warm=1")
    planned = json.loads(sigyn("store", "plan", "--data", str(data), "-o", "json").out)
    assert [
        (each["action"], each["tenant"], each["tier"], each["reason"], each["segments"]) for each in planned["steps"]
    ] == [
        ("move", "one", "hot", "warm", 2),
        ("move", "two", "hot", "warm", 2),
    ]
    size = sum(path.stat().st_size for path in objects_of(data))
    assert sum(each["object_bytes"] for each in planned["now"]) == size
    assert sum(each["month"] for each in planned["now"]) == pytest.approx(size * 1_000_000 / 2**30)
    assert {each["tier"] for each in planned["then"]} == {"warm"}
    assert sum(each["month"] for each in planned["then"]) == pytest.approx(size / 2**30)
    shown = sigyn("store", "plan", "--data", str(data))
    assert "to be done:" in shown.lines
    assert not (tmp_path / "warm").exists()


def test_a_plan_tells_merges_and_a_missing_price(tmp_path: Path, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fill() -> None:
        old = system_clock() - HOUR
        store = Store.open(StoreSettings(data=tmp_path, compaction=False), clock=lambda: old)
        for _ in range(9):
            await store.append(batch(ROWS))
        await store.close()

    asyncio.run(fill())
    monkeypatch.setenv("SIGYN_STORAGE_PRICES", "warm=1")
    planned = json.loads(sigyn("store", "plan", "--data", str(tmp_path), "-o", "json").out)
    assert [(each["action"], each["segments"], each["rows"]) for each in planned["steps"]] == [("merge", 9, 36)]
    assert [each["segments"] for each in planned["then"]] == [2]
    assert [each["month"] for each in planned["now"]] == [None]
    assert "no price" in sigyn("store", "plan", "--data", str(tmp_path)).out


def test_a_plan_tells_what_retention_deletes(tmp_path: Path, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    data = made(StoreSettings(data=tmp_path / "data", compaction=False))
    monkeypatch.setenv("SIGYN_RETENTION_ENABLED", "true")
    monkeypatch.setenv("SIGYN_RETENTION_STREAMS", '{app="a"}=72h')
    planned = json.loads(sigyn("store", "plan", "--data", str(data), "-o", "json").out)
    deleted = [(each["action"], each["tenant"], each["reason"], each["rows"]) for each in planned["steps"]]
    assert deleted == [("delete", "one", "retention.period", 2), ("delete", "two", "retention.period", 2)]
    assert [each["rows"] for each in planned["now"]] == [4, 4]
    assert [each["rows"] for each in planned["then"]] == [2, 2]
    assert "retention.period 3d" in sigyn("store", "plan", "--data", str(data)).out
    assert len(objects_of(data)) == 4


@pytest.mark.parametrize("by", ["variable", "file"])
def test_a_plan_tells_when_delete_requests_remove_something(
    tmp_path: Path, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    data = made(StoreSettings(data=tmp_path / "data", compaction=False))
    made_at = 20_100 * DAY

    async def request() -> None:
        store = Store.open(StoreSettings(data=data, compaction=False), clock=lambda: made_at)
        for tenant in ("one", "two"):
            store.deletions.add(tenant, '{app="a"}', 0, made_at)
        await store.close()

    asyncio.run(request())
    overrides, config = tmp_path / "overrides.yaml", tmp_path / "loki.yaml"
    overrides.write_text("overrides: {two: {deletion_mode: disabled}}\n")
    limits = f"limits_config: {{per_tenant_override_config: {overrides}}}\n"
    config.write_text(limits + ("compactor: {delete_request_cancel_period: 30s}\n" if by == "file" else ""))
    if by == "variable":
        monkeypatch.setenv("SIGYN_DELETES_CANCEL_PERIOD", "30s")
    asked = ("--data", str(data), f"-config.file={config}")
    planned = json.loads(sigyn("store", "plan", *asked, "-o", "json").out)
    assert sorted((each["tenant"], each["mode"], each["due"]) for each in planned["deletes"]) == [
        ("one", "filter-and-delete", made_at + 30 * SECOND),
        ("two", "disabled", None),
    ]
    shown = sigyn("store", "plan", *asked).out
    assert format_rfc3339(made_at + 30 * SECOND) in shown
    assert "disabled" in shown
    for tenant, left in (("one", ["b 20015", "b 20016"]), ("two", ["a 20015", "b 20015", "a 20016", "b 20016"])):
        found = sigyn(
            "query", '{app=~"a|b"}', *asked, "--tenant", tenant, "--from", "2024-10-01", "--to", "2024-11-01",
            "-o", "raw", "--forward",
        )  # fmt: skip
        assert found.lines == left


def test_a_plan_tells_what_goes_once_it_is_compacted(
    tmp_path: Path, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = system_clock()
    settings = StoreSettings(data=tmp_path, compaction=False)
    old = [row("a", now - days * DAY, f"{days} days") for days in range(10)] + [row("b", now - 9 * DAY, "for ever")]

    async def fill() -> None:
        store = Store.open(settings)
        await store.append(batch(old))
        await store.close()

    asyncio.run(fill())
    plan = ("store", "plan", "--data", str(tmp_path))
    monkeypatch.setenv("SIGYN_RETENTION_STREAMS", '{app="a"}=72h')
    assert json.loads(sigyn(*plan, "-o", "json").out)["uncompacted"] == []
    monkeypatch.setenv("SIGYN_RETENTION_ENABLED", "true")
    planned = json.loads(sigyn(*plan, "-o", "json").out)
    (later,) = planned["uncompacted"]
    assert planned["steps"] == []
    assert (later["action"], later["tenant"], later["segments"]) == ("delete", "fake", 1)
    assert 5 <= later["rows"] <= 7  # of ten, by the hour of the day: a day goes when all of it is over
    assert planned["then"][0]["rows"] == 11
    shown = sigyn(*plan).out
    assert "to be done: nothing" in shown
    assert "once these segments are compacted" in shown
    assert "retention.period 3d" in shown

    async def compact() -> None:
        store = Store.open(settings)
        store.compact_now()
        await store.close()

    asyncio.run(compact())
    compacted = json.loads(sigyn(*plan, "-o", "json").out)
    assert compacted["uncompacted"] == []
    assert 3 <= sum(each["rows"] for each in compacted["steps"] if each["action"] == "delete") <= 8


def test_wrong_tiers_are_refused(sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    for text, reason in (
        ("warm in s3://x", "warm after 7d in s3://logs/warm"),
        ("hot after 7d in s3://x", "`hot` is where segments are written"),
        ("warm after 7d in s3://x; cold after 7d in s3://y", "in order of age"),
        ("warm after 7d in s3://x; cold after 8d in s3://x", "two tiers are in `s3://x`"),
        ("warm after soon in s3://x", "write a duration"),
    ):
        monkeypatch.setenv("SIGYN_STORAGE_TIERS", text)
        refused = sigyn("store", "plan")
        assert refused.code == 2
        assert reason in refused.err
    monkeypatch.delenv("SIGYN_STORAGE_TIERS")
    for text in ("hot", "hot=much", "hot=-1", "hot=nan"):
        monkeypatch.setenv("SIGYN_STORAGE_PRICES", text)
        assert "write prices such as" in sigyn("store", "plan").err
    monkeypatch.setenv("SIGYN_STORAGE_TIERS", "slow after 7d in s3://x")
    monkeypatch.setenv("SIGYN_STORAGE_PRICES", "hot=1; slwo=2")
    for command in (("store", "plan"), ("serve", "-verify-config")):
        refused = sigyn(*command)
        assert refused.code == 2
        assert "storage.prices has a price for `slwo`, which is no tier: write prices for hot, slow, or" in refused.err
    monkeypatch.setenv("SIGYN_STORAGE_PRICES", "hot=1; slow=2; cold=0.5")  # which has a price by default
    assert sigyn("serve", "-verify-config").code == 0


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("s3://x as GLACEIR", "no storage class of s3://x (did you mean `GLACIER`"),
        ("gs://x as COOLLINE", "no storage class of gs://x (did you mean `COLDLINE`"),
        ("az://x as Frozen", "no storage class of az://x (known here: ARCHIVE, COLD, COOL, HOT)"),
    ],
)
def test_a_storage_class_that_a_cloud_does_not_have(
    sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch, place: str, hint: str
) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_ENDPOINT")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SIGYN_STORAGE_TIERS", f"cold after 7d in {place}")
    monkeypatch.setenv("SIGYN_STORAGE_AZURE_ACCOUNT_NAME", "logs")
    refused = sigyn("serve", "-verify-config")
    assert refused.code == 2
    assert hint in refused.err
    for setting in ("S3", "GCS", "AZURE"):
        monkeypatch.setenv(f"SIGYN_STORAGE_{setting}_ENDPOINT", "https://storage.example.org")
    assert sigyn("serve", "-verify-config").code == 0  # a service of one's own may have classes of its own


def test_archived_objects_are_named_and_no_damage(
    tmp_path: Path, s3_endpoint: str, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "S3_ENDPOINT": s3_endpoint,
        "S3_REGION": "us-east-1",
        "S3_ACCESS_KEY_ID": "key",
        "S3_SECRET_ACCESS_KEY": "secret",
        "TIERS": f"cold after 30d in s3://logs/{tmp_path.name} as GLACIER",
    }.items():
        monkeypatch.setenv(f"SIGYN_STORAGE_{name}", value)
    data = made(StoreSettings(data=tmp_path / "data", compaction=False))
    bucket = ObjectStoreSettings(
        url=f"s3://logs/{tmp_path.name}", endpoint=s3_endpoint, region="us-east-1",
        access_key_id="key", secret_access_key="secret", storage_class="GLACIER",
    )  # fmt: skip
    tier = TierSettings(name="cold", after=30 * DAY, objects=bucket)

    async def move() -> None:
        store = Store.open(StoreSettings(data=data, tiers=(tier,), compaction=False))
        store.move_now()
        await store.close()

    asyncio.run(move())
    checked = sigyn("store", "check", "--data", str(data), "-o", "json")
    assert checked.code == 0
    assert [each["problem"] for each in json.loads(checked.out)["findings"]] == ["archived"] * 4
    with running_server(data, variables=dict(os.environ) | {"SIGYN_SERVER_AUTH_ENABLED": "true"}) as running:
        asked = sigyn("query", '{app="a"}', "--since", "10000d", "--tenant", "one", "--addr", running.url)
        assert asked.code == 0
        assert "to be restored from tier `cold` first, such as `cold:one/" in asked.err
        assert "entries between 2024-10-19T00:00:00Z and 2024-10-20T00:00:00Z are missing here" in asked.err
        now = [row("a", system_clock(), "fresh")]
        assert push(running.url, "one", now) == 204
        asked = sigyn("query", '{app="a"}', "--since", "10000d", "--tenant", "one", "-o", "raw", "--addr", running.url)
        assert asked.lines == ["fresh"]
        assert "to be restored" in asked.err
        assert running.stop() == 0


def push(url: str, tenant: str, rows: list[Row]) -> int:
    """Pushes rows; the status of the answer."""
    streams = [{"stream": dict(each.labels), "values": [[str(each.timestamp), each.line]]} for each in rows]
    headers = {"Content-Type": "application/json", "X-Scope-OrgID": tenant}
    request = Request(f"{url}/loki/api/v1/push", json.dumps({"streams": streams}).encode(), headers)
    with urlopen(request) as answer:
        return int(answer.status)


def test_no_catalog_is_made_where_there_are_no_objects(sigyn: Sigyn, tmp_path: Path) -> None:
    refused = sigyn("store", "rebuild-catalog", "--data", str(tmp_path / "typo"))
    assert refused.code == 1
    assert f"`{tmp_path}/typo` has no folder `objects` to make a catalog from" in refused.err
    assert not (tmp_path / "typo").exists()
