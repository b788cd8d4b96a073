"""Segments from one process to another: their bytes and their entries as files in memory, which both see.

So the owner of the store neither copies nor decodes anything: it writes the one to disk, and has the other at hand for
queries as after its own work.
"""

import os
from dataclasses import dataclass

import pyarrow as pa

from sigyn.api.processes.channel import Files, close_files, file_of
from sigyn.model.batch import Batch
from sigyn.model.labels import Labels
from sigyn.store.encoding import ReadySegment
from sigyn.store.segment import EncodedSegment
from sigyn.store.streams import StreamTable


@dataclass(frozen=True, slots=True)
class SegmentMessage:
    """What goes with the two files of a level 0 segment: that of its bytes, that of its entries."""

    tenant: str
    checksum: int
    labels: tuple[Labels, ...]
    streams: StreamTable
    pushed: int


def as_files(segment: ReadySegment) -> tuple[SegmentMessage, Files]:
    """The segment as a message and two files. Raises OSError when there is no memory for them."""
    encoded = segment.encoded
    message = SegmentMessage(encoded.tenant, encoded.checksum, encoded.labels, encoded.streams, segment.pushed)
    body = file_of(encoded.body, "sigyn-segment")
    try:
        return message, (body, _entries_file(segment.entries))
    except OSError:
        close_files([body])
        raise


def from_files(message: SegmentMessage, files: Files) -> ReadySegment:
    """The segment in these files, which are closed; raises OSError."""
    try:
        body, entries = map(_mapped, files)
    finally:
        close_files(files)
    encoded = EncodedSegment.of(memoryview(body), message.checksum, message.tenant, 0, message.labels, message.streams)
    return ReadySegment(encoded, pa.ipc.open_stream(entries).read_all(), message.pushed)


def batch_of(segment: ReadySegment) -> Batch:
    """The entries of a segment as a batch."""
    return Batch(segment.encoded.tenant, segment.encoded.labels, segment.entries)


def _entries_file(entries: pa.Table) -> int:
    file = os.memfd_create("sigyn-entries", os.MFD_CLOEXEC)
    try:
        # By its name, so that Arrow writes by itself, without Python's lock.
        with pa.OSFile(f"/proc/self/fd/{file}", "wb") as sink, pa.ipc.new_stream(sink, entries.schema) as writer:
            writer.write_table(entries)
    except OSError:
        os.close(file)
        raise
    return file


def _mapped(file: int) -> pa.Buffer:
    # Python's mmap keeps a descriptor for as long as the memory is used, which is minutes for the newest entries.
    with pa.memory_map(f"/proc/self/fd/{file}") as mapped:
        return mapped.read_buffer()
