"""Segments that go from one process to another as files in memory."""

import os

import pyarrow as pa

from sigyn.api.processes.segment_files import as_files, from_files
from sigyn.model.batch import ENTRY_SCHEMA, Batch
from sigyn.store.encoding import ReadySegment, encode_batches


def segment() -> ReadySegment:
    row = {"stream": 0, "timestamp": 1, "line": "a line", "detected_level": None, "metadata": None}
    entries = pa.Table.from_pylist([row], ENTRY_SCHEMA)
    return encode_batches("one", [Batch("one", ((("app", "shop"),),), entries)])


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_a_segment_arrives_as_it_was_and_keeps_no_descriptor() -> None:
    before = descriptors()
    sent = segment()
    arrived = from_files(*as_files(sent))
    assert descriptors() == before
    assert bytes(arrived.encoded.body) == bytes(sent.encoded.body)
    assert arrived.entries.equals(sent.entries)
    assert arrived.encoded.labels == sent.encoded.labels
    assert arrived.pushed == 1
