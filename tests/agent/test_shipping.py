"""Batches on their way to servers that are busy or away."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.positions import Positions
from sigyn.agent.shipping.batch import OpenBatch
from sigyn.agent.shipping.client import PushClient
from sigyn.agent.shipping.encode import EntryEncoder, encode_entry, encode_stream
from sigyn.wire.loki_messages import PushRequest
from tests.agent.full_disk import full_disk
from tests.agent.processes import Sink, free_port, push_sink
from tests.agent.shipping import client, counted, entries, run, shipping, until


@pytest.fixture
def sink() -> Iterator[Sink]:
    with push_sink() as sink:
        yield sink


def test_entries_arrive_by_tenant_with_external_labels(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        config = client(sink.url, external_labels={"env": "dev", "job": "other"}, tenant_id="mine")
        async with shipping(tmp_path, config) as (shipper, positions, _):
            shipper.add(entries("a"), {"f": "1"}, 1)
            labels = {"job": "x", "__tenant_id__": "t2"}
            shipper.add([AgentEntry(labels, 5, "b", {"k": "v"})], {"f": "2"}, 1)
            await until(lambda: positions["f"] == "2")
        got = sorted((entry.line, entry.labels, entry.tenant, entry.timestamp) for entry in sink.entries)
        assert got == [("a", '{env="dev", job="x"}', "mine", 1), ("b", '{env="dev", job="x"}', "t2", 5)]
        assert [entry.metadata for entry in sink.entries if entry.line == "b"] == [{"k": "v"}]
        assert 'f: "2"' in (tmp_path / "positions.yaml").read_text()

    run(scenario)


def test_each_client_gets_everything_with_its_own_labels(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        with push_sink() as other:
            one = client(sink.url, external_labels={"to": "one"})
            two = client(other.url, external_labels={"to": "two"}, name="two")
            async with shipping(tmp_path, one, two) as (shipper, positions, _):
                shipper.add(entries("a"), {"f": "1"}, 1)
                await until(lambda: positions["f"] == "1")
            assert [entry.labels for entry in sink.entries] == ['{job="x", to="one"}']
            assert [entry.labels for entry in other.entries] == ['{job="x", to="two"}']

    run(scenario)


def test_busy_servers_are_asked_again_and_refusals_are_final(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        sink.answers += [(500, {}), (429, {"Retry-After": "1"}), (204, {}), (400, {})]
        async with shipping(tmp_path, client(sink.url)) as (shipper, positions, counters):
            shipper.add(entries("kept"), {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")
            assert sink.times[2] - sink.times[1] >= 1.0
            shipper.add(entries("refused"), {"f": "2"}, 1)
            await until(lambda: positions["f"] == "2")
            (dropped,) = counted(counters, "promtail_dropped_entries_total").items()
            assert 'reason="ingester_error"' in dropped[0]
            assert dropped[1] == 1
            assert list(counted(counters, "promtail_sent_entries_total").values()) == [1]
            assert list(counted(counters, "promtail_batch_retries_total").values()) == [2]
        assert sink.lines() == ["kept"]

    run(scenario)


@pytest.mark.parametrize("asked", ["\u00b2", "soon", "Fri, 99 Foo 2026", "-5", "0"])
def test_a_time_to_wait_that_nobody_understands_is_none(tmp_path: Path, sink: Sink, asked: str) -> None:
    async def scenario() -> None:
        sink.answers += [(429, {"Retry-After": asked})]
        async with shipping(tmp_path, client(sink.url)) as (shipper, _, _):
            shipper.add(entries("kept"), {}, 1)
            await until(lambda: sink.lines() == ["kept"])
            assert shipper.failed() is None

    run(scenario)


@pytest.mark.parametrize("asked", ["9" * 400, "99999999", "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_no_server_silences_an_agent_for_more_than_an_hour(sink: Sink, asked: str) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    async def scenario() -> None:
        sink.answers += [(503, {"Retry-After": asked})]
        pusher = PushClient(client(sink.url), AgentCounters(), patient=True, sleep=sleep)
        batch = OpenBatch(0)
        batch.add(entries("kept"), {})
        await pusher.send(batch.seal(1, [{}]).posts[0])
        await pusher.close()

    run(scenario)
    assert waits == [3600.0]
    assert sink.lines() == ["kept"]


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_page_that_a_push_was_sent_on_to_has_taken_nothing(tmp_path: Path, sink: Sink, status: int) -> None:
    """A proxy that wants a login sends a push on to a page, which answers 200 to a GET without the entries."""

    async def scenario() -> None:
        sink.answers += [(status, {"Location": "/login"})]
        async with shipping(tmp_path, client(sink.url)) as (shipper, _, counters):
            shipper.add(entries("kept"), {}, 1)
            await until(lambda: sink.lines() == ["kept"])
            assert list(counted(counters, "promtail_batch_retries_total").values()) == [1]

    run(scenario)


def test_positions_that_could_not_be_written_are_written_once_they_can(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        async with shipping(tmp_path, client(sink.url)) as (shipper, positions, _):
            blocked = tmp_path / "positions.yaml"
            blocked.mkdir()  # a file can't take the place of a folder, whoever writes it
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")
            await asyncio.sleep(0.1)  # some saves fail
            blocked.rmdir()
            await until(lambda: Positions.load(blocked)["f"] == "1")

    run(scenario)


def test_the_buffer_keeps_positions_that_could_not_be_written(tmp_path: Path, sink: Sink) -> None:
    async def first() -> None:
        async with shipping(tmp_path, client(sink.url)) as (shipper, positions, _):
            (tmp_path / "positions.yaml").mkdir()
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")

    async def second() -> None:
        async with shipping(tmp_path, client(sink.url)) as (shipper, _, _):
            assert shipper.positions()["f"] == "1"

    run(first)
    (tmp_path / "positions.yaml").rmdir()
    run(second)
    assert sink.lines() == ["a"]


def test_a_buffer_smaller_than_a_segment_has_room_again_when_it_is_delivered(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        config = client(sink.url, batchsize=2000)
        async with shipping(tmp_path, config, max_bytes=8192) as (shipper, _, _):
            for number in range(40):
                shipper.add(entries(random.Random(number).randbytes(500).hex()), {"f": str(number)}, 1000)
                async with asyncio.timeout(10):
                    await shipper.room()
            await until(lambda: len(sink.lines()) == 40)

    run(scenario)


def test_a_batch_that_no_rate_limit_lets_through_is_sent_in_parts(tmp_path: Path, sink: Sink) -> None:
    lines = [f"{number:03}" * 10 for number in range(40)]

    async def scenario() -> None:
        sink.burst = 100
        async with shipping(tmp_path, client(sink.url, external_labels={"to": "x"})) as (shipper, positions, counters):
            mine, others = entries(*lines[:39]), entries(lines[39], labels={"job": "y", "filename": "/y"})
            for number, entry in enumerate(mine):
                entry.metadata["number"] = str(number)
            shipper.add(mine + others, {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")
            assert list(counted(counters, "promtail_sent_entries_total").values()) == [40]
            assert not counted(counters, "promtail_dropped_entries_total")
            before = len(sink.requests)
            shipper.add(entries("a", "b"), {"f": "2"}, 1)
            await until(lambda: positions["f"] == "2")
            assert len(sink.requests) == before + 1

    with capture_logs() as logs:
        run(scenario)
    assert sink.lines() == [*lines, "a", "b"]
    assert [entry.metadata for entry in sink.entries[:39]] == [{"number": str(number)} for number in range(39)]
    assert {entry.labels for entry in sink.entries} == {'{job="x", to="x"}', '{filename="/y", job="y", to="x"}'}
    assert {each["event"] for each in logs} == {"push failed, will try again", "push failed, will try again in halves"}


def test_a_server_that_is_busy_for_long_gets_no_crumbs(sink: Sink) -> None:
    """A batch that was refused as one comes in few requests as soon as the server has room."""
    record = OpenBatch()
    record.add(entries(*(str(number) for number in range(1024))), {})
    (post,) = record.seal(1, [{}]).posts

    async def scenario() -> None:
        sink.answers += [(429, {})] * 50
        await PushClient(client(sink.url), AgentCounters(), patient=True, sleep=lambda _: asyncio.sleep(0)).send(post)

    run(scenario)
    assert sink.lines() == [str(number) for number in range(1024)]
    assert len(sink.requests) <= 50 + 11


def test_a_batch_is_whole_for_a_server_that_says_when_to_come_back(sink: Sink) -> None:
    record = OpenBatch()
    record.add(entries("a", "b"), {})
    (post,) = record.seal(1, [{}]).posts

    async def scenario() -> None:
        sink.answers += [(429, {"Retry-After": "7"})] * 9
        await PushClient(client(sink.url), AgentCounters(), patient=True, sleep=lambda _: asyncio.sleep(0)).send(post)

    run(scenario)
    assert len(sink.requests) == 10


def test_rate_limited_batches_are_dropped_where_configured(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        sink.answers += [(429, {})]
        config = client(sink.url, drop_rate_limited_batches=True)
        async with shipping(tmp_path, config) as (shipper, positions, counters):
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")
            assert 'reason="rate_limited"' in next(iter(counted(counters, "promtail_dropped_entries_total")))

    run(scenario)


def test_without_a_buffer_retries_come_to_an_end(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        sink.answers += [(503, {})] * 3
        async with shipping(tmp_path, client(sink.url), buffer=False) as (shipper, positions, counters):
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")
            assert list(counted(counters, "promtail_dropped_entries_total").values()) == [1]

    run(scenario)


def test_batches_are_cut_by_size(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        async with shipping(tmp_path, client(sink.url, batchsize=1000)) as (shipper, positions, _):
            for number in range(10):
                shipper.add(entries("x" * 400), {"f": str(number)}, 400)
            await until(lambda: positions["f"] == "9")
        assert len(sink.requests) == 5

    run(scenario)


def test_an_unreachable_server_loses_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        port = free_port()
        config = client(f"http://127.0.0.1:{port}/loki/api/v1/push", name="later")
        async with shipping(tmp_path, config) as (shipper, _, _):
            for number in range(5):
                shipper.add(entries(f"line {number}"), {"f": str(number)}, 1)
                await asyncio.sleep(0.02)
        assert (tmp_path / "positions.yaml").exists() is False
        with push_sink() as sink:
            config = replace(config, url=sink.url)
            async with shipping(tmp_path, config) as (shipper, positions, _):
                assert shipper.positions()["f"] == "4"  # reading goes on behind what the buffer holds
                await until(lambda: positions["f"] == "4")
            assert sink.lines() == [f"line {number}" for number in range(5)]
            async with shipping(tmp_path, config) as (shipper, positions, _):
                assert shipper.positions()["f"] == "4"
            assert len(sink.lines()) == 5
        assert list((tmp_path / "buffer").glob("*.buffer")) == []

    run(scenario)


def test_a_full_buffer_holds_readers_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        config = client(f"http://127.0.0.1:{free_port()}/push", batchsize=10_000)
        async with shipping(tmp_path, config, max_bytes=50_000) as (shipper, _, _):
            noise = random.Random(1)
            for _ in range(100):
                if shipper.full():
                    break
                shipper.add(entries(noise.randbytes(5000).hex()), {"f": "1"}, 10_000)
                await asyncio.sleep(0.01)
            assert shipper.full()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(shipper.room(), 0.1)

    run(scenario)


def test_limits_of_lines(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        async with shipping(
            tmp_path, client(sink.url), max_line_size=5, max_line_size_truncate=True, max_streams=1
        ) as (shipper, positions, counters):
            shipper.add(entries("123456789", "ünïcödé", "ok"), {"f": "1"}, 1)
            shipper.add(entries("elsewhere", labels={"job": "second"}), {"f": "2"}, 1)
            await until(lambda: positions["f"] == "2")
            assert 'reason="stream_limited"' in next(iter(counted(counters, "promtail_dropped_entries_total")))
        assert sink.lines() == ["12345", "ünï", "ok"]
        async with shipping(
            tmp_path, client(sink.url), readline_rate_enabled=True, readline_rate=1.0, readline_burst=2
        ) as (shipper, positions, counters):
            shipper.add(entries("1", "2", "3é", "4"), {"f": "3"}, 1)
            await until(lambda: positions["f"] == "3")
            assert list(counted(counters, "promtail_dropped_entries_total").values()) == [2]
            assert list(counted(counters, "promtail_dropped_bytes_total").values()) == [4]
        assert sink.lines()[3:] == ["1", "2"]

    run(scenario)


def test_a_full_disk_does_not_end_the_sending(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        async with shipping(tmp_path, client(sink.url)) as (shipper, _, _):
            shipper.add(entries("a"), {}, 1)
            await until(lambda: sink.lines() == ["a"])
            with full_disk(0):
                shipper.add(entries("b"), {}, 1)
                await asyncio.sleep(0.1)
            assert shipper.failed() is None
            await until(lambda: sink.lines() == ["a", "b"])

    run(scenario)


@given(
    st.integers(-(2**62), 2**62) | st.integers(0, 2**62 // 10**9).map(lambda second: second * 10**9),
    st.text() | st.text().map(lambda text: text * 2000),
    st.dictionaries(st.text(min_size=1), st.text(min_size=1), max_size=3),
)
def test_encoding_is_what_protobuf_reads(timestamp: int, line: str, metadata: dict[str, str]) -> None:
    encoder = EntryEncoder()
    _, encoded = encoder.encode(
        [AgentEntry({}, timestamp - 1, "before"), AgentEntry({}, timestamp, line, dict(metadata))]
    )
    assert encoded == encode_entry(timestamp, line, metadata)
    push = PushRequest.FromString(encode_stream({"b": '"', "a": "é"}, encoded))
    (stream,) = push.streams
    (entry,) = stream.entries
    assert entry.timestamp.seconds * 10**9 + entry.timestamp.nanos == timestamp
    assert _text(stream.labels) == '{a="é", b="\\""}'
    assert _text(entry.line) == line
    assert {_text(pair.name): _text(pair.value) for pair in entry.structured_metadata} == metadata


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
