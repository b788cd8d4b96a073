"""GELF as anybody may send it to an open port: what is broken is counted, and holds nothing up."""

import asyncio
import json

import pytest

from sigyn.agent.config.targets import GelfConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.stages import StagePipeline
from sigyn.agent.targets.gelf import Chunks, GelfListener
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.moments import Moments
from sigyn.agent.targets.received import Inlet
from sigyn.languages.relabel import RelabelRule
from tests.agent.file_reading import Memory
from tests.agent.shipping import counted

LEVEL = RelabelRule(source_labels=("__gelf_message_level",), target_label="level")

ERRORS = 'promtail_target_parsing_errors_total{job="gelf",target="gelf"}'


def received(datagram: bytes) -> tuple[list[AgentEntry], float]:
    """The entries of a datagram, and how many errors were counted."""

    async def scenario() -> tuple[list[AgentEntry], float]:
        sink, counters = Memory({}), AgentCounters()
        job = Job("gelf", StagePipeline([], "gelf", StageMetrics()), sink)
        config = GelfConfig(listen_address="127.0.0.1:0", use_incoming_timestamp=True)
        GelfListener(config, Inlet("gelf", job, [LEVEL], Moments(), counters)).receive(datagram)
        return sink.entries, counted(counters, "promtail_target_parsing_errors_total")[ERRORS]

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "message",
    [
        '{"short_message": "x", "timestamp": NaN}',
        '{"short_message": "x", "timestamp": -Infinity}',
        '{"short_message": "x", "timestamp": 1e300}',
        '{"short_message": "x", "timestamp": -1' + "0" * 400 + "}",
        "[" * 60_000,
    ],
    ids=["no number", "endless", "too far", "too many digits", "too deep"],
)
def test_a_broken_message_is_counted(message: str) -> None:
    assert received(message.encode()) == ([], 1)


def test_a_level_may_be_written_with_a_point() -> None:
    [entry], errors = received(json.dumps({"short_message": "x", "level": 3.0}).encode())
    assert (entry.labels, errors) == ({"level": "error"}, 0)


def chunk(name: int, number: int, count: int, text: bytes) -> bytes:
    return b"\x1e\x0f" + name.to_bytes(8, "big") + bytes([number, count]) + text


def test_chunks_of_messages_that_never_become_whole_make_room_for_newer_ones() -> None:
    chunks = Chunks(most_bytes=10_000)
    for name in range(1000):
        assert chunks.add(chunk(name, 0, 2, b"x" * 88), 1.0) is None
    assert chunks.add(chunk(0, 1, 2, b"y"), 1.0) is None
    assert chunks.add(chunk(999, 1, 2, b"y"), 1.0) == b"x" * 88 + b"y"
    for _ in range(1000):  # of one message, the same again and again
        assert chunks.add(chunk(1, 0, 2, b"x" * 88), 1.0) is None
    assert chunks.add(chunk(998, 1, 2, b"y"), 1.0) == b"x" * 88 + b"y"


def test_chunks_are_forgotten_after_five_seconds() -> None:
    chunks = Chunks()
    assert chunks.add(chunk(1, 0, 2, b"a"), 1.0) is None
    assert chunks.add(chunk(2, 0, 2, b"b"), 6.0) is None
    assert chunks.add(chunk(1, 1, 2, b"c"), 6.5) is None
    assert chunks.add(chunk(2, 1, 2, b"d"), 6.5) == b"bd"
