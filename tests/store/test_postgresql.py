"""A catalog in PostgreSQL when the database, the connection or another process does what it should not."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, closing
from pathlib import Path

import psycopg
import pytest

from sigyn.model.errors import BadRequest, NotFound, Unavailable
from sigyn.model.labels import labels_of
from sigyn.store import FolderInUse, Store, StoreSettings, check_store, plan_store, postgresql, rebuild_catalog
from sigyn.store.open_catalog import has_catalog, open_catalog
from sigyn.store.postgresql import PostgresDatabase, name_of, postgres_catalog
from sigyn.store.schema import TABLES
from tests.postgres import Postgres

from .entries import EARLIEST, LATEST, batch, row, stored
from .lost_catalog import lose_catalog
from .matching import TextMatcher
from .test_catalog import new
from .wire import Wire

pytestmark = pytest.mark.anyio


_STATEMENT = {"delete": b"INSERT INTO delete_request"}
_FORGETTING = b"DELETE FROM stream"


def wait_for(condition: Callable[[], object]) -> None:
    """Until it is true."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_database_that_can_not_be_reached_is_named_without_its_password(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    settings = StoreSettings(data=tmp_path, catalog=f"postgresql://sigyn:hush@127.0.0.1:{port}/logs")
    expected = f"catalog `postgresql://127.0.0.1:{port}/logs` failed: connection"
    with pytest.raises(Unavailable, match=expected) as refused:
        Store.open(settings)
    assert "hush" not in str(refused.value)
    assert "hush" not in repr(settings)
    with pytest.raises(BadRequest, match="can't be understood"):
        Store.open(StoreSettings(data=tmp_path, catalog="postgresql://127.0.0.1/logs?colour=blue"))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("search_path%3Dnowhere", "no schema has been selected to create in"),
        ("role%3Dpg_monitor", "permission denied for schema public"),
    ],
)
def test_a_database_that_takes_no_tables_is_told_in_its_words(postgres: Postgres, setting: str, said: str) -> None:
    with pytest.raises(Unavailable, match=f"catalog `postgresql://.*` failed: {said}"):
        postgres_catalog(f"{postgres.new_database('UTF8')}?options=-c{setting}")


def test_a_role_that_may_not_write_is_told_with_what_to_do(postgres: Postgres) -> None:
    url = postgres.new_database("UTF8")
    database = url.rpartition("/")[2]
    with pytest.raises(Unavailable) as refused:
        postgres_catalog(f"{url}?options=-cdefault_transaction_read_only%3Don")
    assert str(refused.value) == (
        f"catalog `{url.replace('sigyn@', '')}` takes no writes: default_transaction_read_only is on for the role "
        f"`sigyn`, the database `{database}` or the whole server; reset it there, as with ALTER ROLE sigyn RESET "
        "default_transaction_read_only, or name a role that may write in storage.catalog"
    )


async def test_a_database_that_became_a_standby_is_told_as_one(tmp_path: Path, own_postgres: Postgres) -> None:
    store = Store.open(StoreSettings(data=tmp_path, catalog=own_postgres.url(), compaction=False))
    await store.append(batch([row("a", 1, "before")]))
    own_postgres.become_standby()
    expected = "takes no writes: the database is a standby; name the primary in storage.catalog, or both and"
    with pytest.raises(Unavailable, match=expected):
        await store.append(batch([row("a", 2, "lost")]))
    (fault,) = store.faults()
    assert expected in fault
    assert stored(store) == [row("a", 1, "before")]
    await store.close()


async def test_pushes_fail_while_the_database_is_away_and_go_on_when_it_is_back(
    tmp_path: Path, own_postgres: Postgres
) -> None:
    settings = StoreSettings(data=tmp_path, catalog=own_postgres.url())
    store = Store.open(settings)
    await store.append(batch([row("a", 1, "before")]))
    own_postgres.stop(signal.SIGQUIT)
    for _ in range(3):
        with pytest.raises(Unavailable, match="catalog `postgresql://"):
            await store.append(batch([row("b", 2, "lost")]))
    assert stored(store) == [row("a", 1, "before")]
    own_postgres.start()
    await store.append(batch([row("b", 3, "after")]))
    expected = [row("a", 1, "before"), row("b", 3, "after")]
    assert stored(store) == expected
    store.compact_now()
    await store.close()
    store = Store.open(settings)
    assert stored(store) == expected
    assert store.gauges().uncompacted_segments == 0
    await store.close()


async def test_a_database_that_answers_and_takes_nothing_is_a_fault(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.new_database("UTF8")
    database = url.rpartition("/")[2]
    disconnect = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"
    store = Store.open(StoreSettings(data=tmp_path, catalog=url, compaction=False))
    assert store.faults() == []
    postgres.execute(f"ALTER DATABASE {database} SET default_transaction_read_only = on")  # as a standby is
    postgres.execute(disconnect)
    (fault,) = store.faults()
    assert fault.startswith("catalog: ")
    assert f"the database `{database}`" in fault
    postgres.execute(f"ALTER DATABASE {database} RESET default_transaction_read_only")
    postgres.execute(disconnect)
    assert store.faults() == []
    await store.close()


async def test_a_connection_that_was_closed_is_made_anew(tmp_path: Path, postgres: Postgres) -> None:
    store = Store.open(StoreSettings(data=tmp_path, catalog=postgres.url(postgres.new_schema()), compaction=False))
    await store.append(batch([row("a", 1, "x")]))
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sigyn'")
    await store.append(batch([row("b", 2, "y")]))
    postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sigyn'")
    assert store.demoted.of("fake") == []
    assert len(stored(store)) == 2
    await store.close()


async def test_a_commit_whose_answer_is_lost_is_found_out(tmp_path: Path, postgres: Postgres) -> None:
    with Wire(postgres.port).running() as wire:
        schema = postgres.new_schema()
        settings = StoreSettings(data=tmp_path, catalog=postgres.url(schema, port=wire.port), compaction=False)
        store = Store.open(settings)
        wire.cut = b"INSERT INTO segment"
        await store.append(batch([row("a", 1, "x")]))
        assert stored(store) == [row("a", 1, "x")]
        assert len(postgres.execute(f"SELECT 1 FROM {schema}.segment")) == 1
        await store.close()


async def test_what_was_done_though_it_was_reported_as_failed_is_taken_over(tmp_path: Path, postgres: Postgres) -> None:
    with Wire(postgres.port).running() as wire:
        schema = postgres.new_schema()
        settings = StoreSettings(data=tmp_path, catalog=postgres.url(schema, port=wire.port), compaction=False)
        store = Store.open(settings)
        store.match_deletes(TextMatcher(store.streams))
        await store.append(batch([row("a", 1, "x")]))
        acts: dict[str, Callable[[], Awaitable[object]]] = {
            "push": lambda: store.append(batch([row("b", 2, "y"), row("b", 3, "z")])),
            "compact": lambda: asyncio.to_thread(store.compact_now),
            "delete": lambda: asyncio.to_thread(store.deletions.add, "fake", "b:y", EARLIEST, LATEST),
        }
        for act in acts:
            wire.cut, wire.open = _STATEMENT.get(act, b"INSERT INTO segment"), False
            with pytest.raises(Unavailable):
                await acts[act]()
            assert not wire.cut
            wire.open = True
            await store.append(batch([row("c", 4, act)]))  # makes a new connection
            if act == "push":
                wait_for(lambda: row("b", 3, "z") in stored(store))
            elif act == "compact":
                wait_for(lambda: store.gauges().uncompacted_segments == 1)
                # What was replaced goes in the background, whose COMMIT must not be the one that is cut.
                wait_for(lambda: not postgres.execute(f"SELECT 1 FROM {schema}.segment WHERE state = 'replaced'"))
            else:
                wait_for(lambda: store.delete_requests("fake") and row("b", 2, "y") not in stored(store))
        kept = [row("a", 1, "x"), row("b", 3, "z"), *(row("c", 4, act) for act in ("compact", "delete", "push"))]
        assert stored(store) == kept
        store.compact_now()
        store.sweep_now()
        assert stored(store) == kept
        assert len(list((tmp_path / "objects").rglob("*.parquet"))) == store.gauges().segments
        await store.close()
        assert check_store(settings).findings == ()


def test_streams_that_may_or_may_not_be_forgotten_are_looked_up(tmp_path: Path, postgres: Postgres) -> None:
    for is_done in (True, False):
        with Wire(postgres.port).running() as wire:
            schema = postgres.new_schema()
            catalog = open_catalog(StoreSettings(data=tmp_path, catalog=postgres.url(schema, port=wire.port)))
            (one,) = catalog.commit([new("k1", "a", "b")])
            catalog.commit([], replaced=[one.id])
            catalog.forget([one.id])
            unused = catalog.unused_streams(())
            assert unused.ids["fake"].tolist() == [1, 2]
            wire.cut, wire.refused = (_FORGETTING, None) if is_done else (None, _FORGETTING)
            wire.open = False
            with pytest.raises(Unavailable):
                catalog.forget_streams("fake", unused.ids["fake"], unused.newest)
            wire.refused, wire.open = None, True
            (two,) = catalog.commit([new("k2", "a")])
            (id,) = two.streams.ids.tolist()
            assert (id > 2) == is_done
            unused = catalog.unused_streams([two])
            assert catalog.forget_streams("fake", unused.ids["fake"], unused.newest) == (2 if is_done else 1)
            assert catalog.registry.labels("fake", id) == labels_of({"app": "a"})
            assert catalog.registry.find("fake", labels_of({"app": "a"})) == id
            with pytest.raises(NotFound):
                catalog.registry.labels("fake", 2)
            assert list(catalog.streams("fake")) == [(id, labels_of({"app": "a"}))]
            catalog.close()


async def test_a_catalog_has_one_owner(tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigyn.store.postgresql._LOCK_SECONDS", 0.2)
    catalog = postgres.url(postgres.new_schema())
    store = Store.open(StoreSettings(data=tmp_path / "one", catalog=catalog))
    with pytest.raises(FolderInUse, match=r"is in use by a Sigyn on 127\.0\.0\.1, process \d+ of the database"):
        Store.open(StoreSettings(data=tmp_path / "two", catalog=catalog))
    other = Store.open(StoreSettings(data=tmp_path / "two", catalog=postgres.url(postgres.new_schema())))
    await other.close()
    await store.append(batch([row("a", 1, "x")]))
    assert plan_store(StoreSettings(data=tmp_path / "one", catalog=catalog), {}, 0).now[0].rows == 1
    await store.close()


def test_the_owner_that_is_named_is_that_of_the_schema(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sigyn.store.postgresql._LOCK_SECONDS", 0.0)
    urls = [postgres.url(postgres.new_schema()) for _ in range(3)]
    with ExitStack() as opened:
        for url in urls:
            opened.enter_context(closing(postgres_catalog(url)))
        named = set()
        for url in urls:
            with pytest.raises(FolderInUse) as refused:
                postgres_catalog(url)
            named.add(str(refused.value))
    assert len(named) == 3


async def test_a_push_that_finds_another_owner_is_to_be_sent_again(
    tmp_path: Path, postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Wire(postgres.port).running() as wire:
        schema = postgres.new_schema()
        store = Store.open(
            StoreSettings(data=tmp_path / "one", catalog=postgres.url(schema, port=wire.port), compaction=False)
        )
        wire.open = False
        wire.close_all()
        other = Store.open(StoreSettings(data=tmp_path / "two", catalog=postgres.url(schema), compaction=False))
        monkeypatch.setattr("sigyn.store.postgresql._LOCK_SECONDS", 0.0)
        wire.open = True
        with pytest.raises(Unavailable, match=r"is in use by a Sigyn on .*; this process owned it before"):
            await store.append(batch([row("a", 1, "x")]))
        await other.close()
        await store.close()


async def test_who_lost_the_catalog_to_another_writes_nothing_any_more(tmp_path: Path, postgres: Postgres) -> None:
    with Wire(postgres.port).running() as wire:
        schema = postgres.new_schema()
        store = Store.open(
            StoreSettings(data=tmp_path / "one", catalog=postgres.url(schema, port=wire.port), compaction=False)
        )
        wire.open = False
        wire.close_all()
        with pytest.raises(Unavailable):
            await store.append(batch([row("a", 1, "x")]))
        other = Store.open(StoreSettings(data=tmp_path / "two", catalog=postgres.url(schema), compaction=False))
        await other.close()
        wire.open = True
        for _ in range(2):
            with pytest.raises(Unavailable, match="was used by another Sigyn"):
                await store.append(batch([row("a", 1, "x")]))
        (fault,) = store.faults()
        assert fault.startswith("catalog: ")
        assert "was used by another Sigyn" in fault
        await store.close()


@pytest.mark.parametrize("is_cut", [True, False])
async def test_a_database_that_went_back_is_not_written_to_before_a_restart(
    tmp_path: Path, postgres: Postgres, is_cut: bool
) -> None:
    schema = postgres.new_schema()
    settings = StoreSettings(data=tmp_path, catalog=postgres.url(schema), compaction=False)
    store = Store.open(settings)
    await store.append(batch([row("a", 1, "x")]))
    tables = [f"{schema}.{table}" for table in ("ownership", *TABLES)]
    for table in tables:
        postgres.execute(f"CREATE TABLE {table}_before AS TABLE {table}")
    await store.append(batch([row("b", 2, "y")]))
    back = "; ".join(f"TRUNCATE {table}; INSERT INTO {table} TABLE {table}_before" for table in tables)
    postgres.execute(f"BEGIN; {back}; COMMIT")
    if is_cut:  # as when a copy takes over that had not got everything
        postgres.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'sigyn'")
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"the database was put back.*start this process again"):
            await store.append(batch([row("c", 3, "z")]))
    assert stored(store) == [row("a", 1, "x"), row("b", 2, "y")]
    await store.close()
    store = Store.open(settings)
    await store.append(batch([row("c", 3, "z")]))
    assert stored(store) == [row("a", 1, "x"), row("c", 3, "z")]
    store.sweep_now()
    assert store.gauges().objects_unknown == 3  # those of the two that were refused are among them
    await store.close()


async def test_a_catalog_of_before_commits_were_counted_is_taken_over(tmp_path: Path, postgres: Postgres) -> None:
    schema = postgres.new_schema()
    settings = StoreSettings(data=tmp_path, catalog=postgres.url(schema), compaction=False)
    store = Store.open(settings)
    await store.append(batch([row("a", 1, "x")]))
    await store.close()
    postgres.execute(f"ALTER TABLE {schema}.ownership DROP COLUMN commits")
    store = Store.open(settings)
    await store.append(batch([row("b", 2, "y")]))
    assert stored(store) == [row("a", 1, "x"), row("b", 2, "y")]
    await store.close()


async def test_a_process_that_is_killed_leaves_the_catalog_to_the_next(tmp_path: Path, postgres: Postgres) -> None:
    catalog = postgres.url(postgres.new_schema())
    script = (
        "import sys, time; from pathlib import Path; from sigyn.store import StoreSettings;"
        "from sigyn.store.open_catalog import open_catalog;"
        "c = open_catalog(StoreSettings(data=Path(sys.argv[1]), catalog=sys.argv[2]));"
        "print(flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path), catalog], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    store = Store.open(StoreSettings(data=tmp_path, catalog=catalog))
    await store.close()
    process.wait()
    process.stdout.close()


async def test_a_store_with_a_file_moves_to_postgresql_by_rebuilding(tmp_path: Path, postgres: Postgres) -> None:
    before = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(before)
    await store.append(batch([row("a", 1, "x"), row("b", 2, "y")]))
    await store.close()
    after = StoreSettings(data=tmp_path, catalog=postgres.url(postgres.new_schema()), compaction=False)
    assert not has_catalog(after)
    assert rebuild_catalog(after).entries == 2
    with pytest.raises(BadRequest, match="drop its tables"):
        rebuild_catalog(after)
    store = Store.open(after)
    assert len(stored(store)) == 2
    await store.append(batch([row("c", 3, "z")]))
    await store.close()
    lose_catalog(after)
    assert not has_catalog(after)


async def test_a_rebuild_that_is_broken_off_leaves_no_empty_catalog(tmp_path: Path, postgres: Postgres) -> None:
    before = StoreSettings(data=tmp_path, compaction=False)
    store = Store.open(before)
    await store.append(batch([row("a", 1, "x"), row("b", 2, "y")]))
    await store.close()
    with Wire(postgres.port).running() as wire:
        after = StoreSettings(
            data=tmp_path, catalog=postgres.url(postgres.new_schema(), port=wire.port), compaction=False,
            orphan_grace_seconds=-60,
        )  # fmt: skip
        wire.refused = b"INSERT INTO segment"
        with pytest.raises(Unavailable, match="failed"):
            rebuild_catalog(after)
        wire.refused = None
        assert not has_catalog(after)
        with pytest.raises(Unavailable, match="there are segments"):  # an empty catalog would have them swept
            Store.open(after)
        assert rebuild_catalog(after).entries == 2
        store = Store.open(after)
        store.sweep_now()
        assert len(stored(store)) == 2
        await store.close()


def test_texts_that_postgresql_can_not_hold_come_back(postgres: Postgres) -> None:
    catalog = open_catalog(StoreSettings(data=None, catalog=postgres.url(postgres.new_schema())))
    for text in ("\0", "\1", "\0\1", "\1\0", "\x010", "\x011\0", "a\0b\0\1\1", "%s ? ' \\"):
        catalog.add_delete_request(text, text, 0, 1)
        assert (catalog.delete_requests()[-1].tenant, catalog.delete_requests()[-1].query) == (text, text)
        assert catalog.cancel_delete_request(text, catalog.delete_requests()[-1].id)
    catalog.close()


async def test_a_database_without_an_encoding_gives_texts_as_they_were(tmp_path: Path, postgres: Postgres) -> None:
    settings = StoreSettings(data=tmp_path, catalog=postgres.new_database("SQL_ASCII"), compaction=False)
    store = Store.open(settings)
    await store.append(batch([row("grün", 1, "x"), row("日本", 2, "y")]))
    await store.close()
    store = Store.open(settings)
    assert stored(store) == [row("grün", 1, "x"), row("日本", 2, "y")]
    assert store.streams.labels("fake", 1) == labels_of({"app": "grün"})
    await store.close()


@pytest.mark.parametrize("read_only", [False, True])
def test_a_database_that_can_not_hold_every_label_is_refused(postgres: Postgres, read_only: bool) -> None:
    url = postgres.new_database("LATIN1")
    with pytest.raises(BadRequest, match=r"has the encoding LATIN1.*ENCODING 'UTF8'"):
        postgres_catalog(url, read_only=read_only)
    with psycopg.connect(url) as connection:
        assert connection.execute("SELECT 1 FROM pg_tables WHERE schemaname = 'public'").fetchall() == []


def test_what_is_read_as_of_one_instant_knows_nothing_of_later_commits(postgres: Postgres) -> None:
    url = postgres.url(postgres.new_schema())
    with closing(postgres_catalog(url)) as catalog, closing(PostgresDatabase(url, read_only=True)) as reader:
        before = catalog.add_delete_request("fake", '{a="b"}', 1, 2)
        with reader.as_of_one_instant() as rows_of:
            assert len(list(rows_of("SELECT id FROM delete_request"))) == 1
            catalog.add_delete_request("fake", '{a="c"}', 1, 2)
            assert [id for (id,) in rows_of("SELECT id FROM delete_request")] == [before.id]
        with (
            pytest.raises(Unavailable, match=f"catalog `{name_of(url)}` failed"),
            reader.as_of_one_instant() as rows_of,
        ):
            list(rows_of("SELECT id FROM nothing"))


async def test_a_database_that_leaves_statements_without_an_answer_counts_as_away(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Wire(postgres.port).running() as wire:
        catalog = postgres.url(postgres.new_schema(), port=wire.port)
        store = Store.open(StoreSettings(data=tmp_path, catalog=catalog, compaction=False))
        await store.append(batch([row("a", 1, "before")]))
        monkeypatch.setattr(postgresql, "ANSWER_SECONDS", 0.5)
        monkeypatch.setattr(postgresql, "_CONNECT_SECONDS", 2)
        wire.silent = True
        with pytest.raises(Unavailable, match=r"no answer within 0\.5 s|timeout"):
            await store.append(batch([row("a", 2, "meanwhile")]))
        wire.close_all()
        wire.silent = False
        monkeypatch.undo()
        await store.append(batch([row("a", 3, "after")]))
        assert {row.line for row in stored(store)} == {"before", "after"}
        await store.close()
