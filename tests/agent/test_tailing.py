"""Files tailed inside a process, into a store that is not always there."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sigyn.agent.tailing import start_tailing
from sigyn.model.errors import TooManyRequests, Unavailable
from sigyn.services.admission import Refusals
from sigyn.services.ingest import PushOutcome, PushOverBurst, StreamsRefused
from sigyn.wire.push import DecodedPush


class Store:
    """Keeps lines; fails as often as it is told to."""

    def __init__(self, *failures: Exception) -> None:
        self.lines: list[str] = []
        self.timestamps: list[int] = []
        self.hangs = False  # keeps entries, but never answers
        self.streams: set[tuple[tuple[str, str], ...]] = set()
        self._failures = list(failures)

    async def push(self, decoded: DecodedPush) -> None:
        if self._failures:
            raise self._failures.pop(0)
        self.lines += decoded.entries["line"].to_pylist()
        self.timestamps += decoded.entries["timestamp"].cast("int64").to_pylist()
        self.streams.update(decoded.streams)
        if self.hangs:
            await asyncio.Event().wait()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(20):
            while len(self.lines) < count:
                await asyncio.sleep(0.01)


def test_lines_go_to_the_store_and_are_not_read_again(tmp_path: Path) -> None:
    async def scenario() -> None:
        log, positions = tmp_path / "app.log", tmp_path / "positions.yaml"
        log.write_bytes(b"one\ntw\xff\n")
        store = Store(Unavailable("down"), TooManyRequests("slow down", retry_after=0.01))
        tailing = start_tailing([str(tmp_path / "*.log")], store.push, positions)
        await store.until(2)
        assert store.lines == ["one", "tw�"]
        assert store.streams == {(("filename", str(log)), ("job", "files"))}
        await tailing.close()
        with log.open("a") as file:
            file.write("three\n")
        tailing = start_tailing([str(tmp_path / "*.log")], store.push, positions)
        await store.until(3)
        await tailing.close()
        assert store.lines == ["one", "tw�", "three"]

    asyncio.run(scenario())


class Limit:
    """A store of a tenant that may push `most` lines at once; `refuse` says how it refuses more."""

    def __init__(self, most: int, refuse: Callable[[], Exception]) -> None:
        self.lines: list[str] = []
        self.pushes = 0
        self._most, self._refuse = most, refuse

    async def push(self, decoded: DecodedPush) -> None:
        self.pushes += 1
        if len(decoded.entries) > self._most:
            raise self._refuse()
        self.lines += decoded.entries["line"].to_pylist()


def _over_stream_rate() -> Exception:
    return StreamsRefused("per stream rate limit exceeded", PushOutcome(0, 0, Refusals()))


@pytest.mark.parametrize("refuse", [lambda: PushOverBurst("over the burst"), _over_stream_rate])
def test_lines_over_a_rate_limit_are_stored_in_parts(tmp_path: Path, refuse: Callable[[], Exception]) -> None:
    """They are no lines that are refused for good, and no push that passes when it is made often enough."""

    async def scenario() -> None:
        log, store = tmp_path / "app.log", Limit(3, refuse)
        lines = [f"line {number}" for number in range(20)]
        log.write_text("".join(f"{line}\n" for line in lines))
        tailing = start_tailing([str(log)], store.push, tmp_path / "positions.yaml")
        async with asyncio.timeout(60):
            while len(store.lines) < len(lines):
                await asyncio.sleep(0.01)
        await tailing.close()
        assert store.lines == lines

    asyncio.run(scenario())


def test_a_line_that_is_over_the_burst_alone_holds_up_no_others(tmp_path: Path) -> None:
    async def scenario() -> None:
        log, store = tmp_path / "app.log", Limit(0, lambda: PushOverBurst("over the burst"))
        log.write_text("one\n")
        tailing = start_tailing([str(log)], store.push, tmp_path / "positions.yaml")
        async with asyncio.timeout(20):
            while not store.pushes:
                await asyncio.sleep(0.01)
        await tailing.close()
        assert f"{log}: " in (tmp_path / "positions.yaml").read_text()

    with capture_logs() as logs:
        asyncio.run(scenario())
    assert [each["event"] for each in logs] == ["lines of files were refused"]


def test_files_are_looked_for_and_opened_while_the_event_loop_does_something_else(tmp_path: Path) -> None:
    """So that a disk that hangs holds up nobody else on the loop."""

    async def scenario() -> None:
        log = tmp_path / "app.log"
        log.write_text("one\n")
        tailing = start_tailing([str(tmp_path / "*.log")], Store().push, tmp_path / "positions.yaml")
        deadline = time.monotonic() + 20
        while not tailing.files:
            assert time.monotonic() < deadline, "nobody opens the file"
            time.sleep(0.01)  # the loop has no turn meanwhile
        await tailing.close()
        assert tailing.files == [str(log)]

    asyncio.run(scenario())


def test_closing_stores_what_was_read(tmp_path: Path) -> None:
    async def scenario() -> None:
        log = tmp_path / "app.log"
        log.write_text("".join(f"line {number}\n" for number in range(20_000)))
        store = Store()
        tailing = start_tailing([str(log)], store.push, tmp_path / "positions.yaml")
        await store.until(1)
        await tailing.close()
        read = len(store.lines)
        tailing = start_tailing([str(log)], store.push, tmp_path / "positions.yaml")
        await store.until(20_000)
        await tailing.close()
        assert read > 0
        assert store.lines == [f"line {number}" for number in range(20_000)]

    asyncio.run(scenario())


def test_what_a_killed_process_had_stored_is_stored_again_as_it_was(tmp_path: Path) -> None:
    async def until_killed(store: Store) -> None:
        tailing = start_tailing([str(log)], store.push, positions)
        await store.until(2)
        # Stored, but the process ends before it has noted so.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        assert tailing.files == [str(log)]

    async def scenario(store: Store) -> None:
        tailing = start_tailing([str(log)], store.push, positions)
        await store.until(5)
        await tailing.close()

    log, positions = tmp_path / "app.log", tmp_path / "positions.yaml"
    log.write_text("one\ntwo\n")
    store = Store()
    store.hangs = True
    asyncio.run(until_killed(store))
    store.hangs = False
    with log.open("a") as file:
        file.write("three\n")
    asyncio.run(scenario(store))
    assert store.lines == ["one", "two", "one", "two", "three"]
    assert store.timestamps[:2] == store.timestamps[2:4]
    assert not list(tmp_path.glob("*.pending"))


def test_a_broken_note_of_what_was_being_stored_is_left_aside(tmp_path: Path) -> None:
    async def scenario() -> None:
        tailing = start_tailing([str(log)], store.push, positions)
        await store.until(1)
        await tailing.close()

    log, positions = tmp_path / "app.log", tmp_path / "positions.yaml"
    log.write_text("one\n")
    positions.with_name("positions.yaml.pending").write_bytes(b"\x93torn")
    store = Store()
    asyncio.run(scenario())
    assert store.lines == ["one"]
