"""Commands that ask a store without a server, wherever its parts are."""

import asyncio
from pathlib import Path

import pytest

from sigyn.model.sizes import format_size
from sigyn.model.time import DAY, HOUR
from sigyn.store import ObjectStoreSettings, Store, StoreSettings, TierSettings
from tests.cli.commands import Sigyn
from tests.postgres import Postgres
from tests.store.entries import batch, row

NOW = 20_600 * DAY  # 2026-05-27


@pytest.mark.parametrize("catalog", ["sqlite", "postgresql"])
def test_tiers_and_catalog_come_from_the_settings(
    tmp_path: Path, catalog: str, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    url = ""
    if catalog == "postgresql":
        postgres: Postgres = request.getfixturevalue("postgres")
        url = postgres.url(postgres.new_schema())
    data, warm = tmp_path / "prefix" / "sigyn", f"file://{tmp_path}/warm"
    tiers = (TierSettings(name="warm", after=DAY, objects=ObjectStoreSettings(url=warm)),)
    times = [NOW]

    async def fill() -> None:
        settings = StoreSettings(data=data, catalog=url, tiers=tiers, compaction=False)
        store = Store.open(settings, clock=lambda: times[-1])
        for age, line in ((3 * DAY, "old"), (HOUR, "new")):
            await store.append(batch([row("shop", NOW - age, line)]))
            store.compact_now()
        times.append(NOW + 2 * HOUR)
        store.move_now()
        await store.close()

    asyncio.run(fill())
    assert len(list((tmp_path / "warm").rglob("*.parquet"))) == 1
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")}
    asked = ("--data", str(data), "--from", "2026-05-01", "--to", "2026-06-01")
    if not url:
        refused = sigyn("query", '{app="shop"}', *asked, "-o", "raw")
        assert refused.code == 1
        assert "1 segments are in tier `warm`, which `storage.tiers` does not name" in refused.err
    monkeypatch.setenv("SIGYN_STORAGE_TIERS", f"warm after 1d in {warm}")
    monkeypatch.setenv("SIGYN_STORAGE_CATALOG", url)
    assert sigyn("query", '{app="shop"}', *asked, "-o", "raw", "--forward").lines == ["old", "new"]
    assert sigyn("labels", "app", *asked).lines == ["shop"]
    assert sigyn("explain", '{app="shop"}', *asked, "-o", "json").code == 0
    config = tmp_path / "loki.yaml"
    config.write_text(f"common: {{path_prefix: {data.parent}}}\n")
    assert sigyn("query", '{app="shop"}', *asked[2:], "-o", "raw", f"-config.file={config}").lines == ["new", "old"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.parquet")} == before


def test_sizes_are_written_alike(tmp_path: Path, sigyn: Sigyn) -> None:
    data = tmp_path / "data"

    async def fill() -> None:
        store = Store.open(StoreSettings(data=data, compaction=False), clock=lambda: NOW)
        await store.append(batch([row("shop", NOW - 2 * HOUR, "x" * 3 * 1024)]))
        store.compact_now()
        await store.close()

    asyncio.run(fill())
    explained = sigyn("explain", '{app="shop"}', "--data", str(data), "--from", "2026-05-01", "--to", "2026-06-01")
    assert "1 entries, 3.0 KiB of lines" in explained.out
    assert "3.0 KiB" in sigyn("store", "plan", "--data", str(data)).out


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        ((1 << 20) - 1, "1.0 MiB"),
        (20 << 30, "20.0 GiB"),
        ((1 << 40) - 1, "1.0 TiB"),
        (5000 << 40, "5000.0 TiB"),
    ],
)
def test_a_size_is_in_the_unit_that_suits_it(count: int, text: str) -> None:
    assert format_size(count) == text
