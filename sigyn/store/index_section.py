"""The index of a segment: needle filters and tallies, between its data and its footer.

Parquet's footer names each column's place from the start of the file, so that readers who know nothing
of this section pass over it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from zlib_ng.zlib_ng import crc32

from sigyn.store.errors import SegmentLost
from sigyn.store.needles.filters import NeedleFilters, Words
from sigyn.store.shapes.shape import Syntax
from sigyn.store.tallies import TALLY_SCHEMA

ALL_SHAPED, SOME_TEXT, SOME_ESCAPED = range(3)
"""No line is held as text; some are; some of these have a backslash, behind which a parser may find any text."""

_TRAILER = 8  # the footer's length, and PAR1


class IndexPlace(msgspec.Struct, frozen=True):
    """What the footer says of the section.

    length         bytes of the section
    checksum       CRC-32 of it
    needle_blocks  blocks (64 bytes) of the needle filter of each row group, one filter after the other
    tally_bytes    bytes of the tallies behind them (an Arrow stream), 0: none
    has_metadata   whether any entry has structured metadata besides detected_level
    texts          of each row group, which lines it holds as text: ALL_SHAPED, SOME_TEXT, SOME_ESCAPED
    syntaxes       of each row group the syntax that the shapes of all its lines are of; None: they differ, or
                   some have none. Empty in segments of before it was written
    streams        of each stream of the segment, see sigyn.store.stream_lines. Empty in segments of before that
    metadata_names  the names that its structured metadata have, besides detected_level; None: too many to tell, or it
                   is of before they were written
    """

    length: int
    checksum: int
    needle_blocks: tuple[int, ...]
    tally_bytes: int
    has_metadata: bool
    texts: tuple[int, ...]
    syntaxes: tuple[Syntax | None, ...] = ()
    streams: str = ""
    metadata_names: tuple[str, ...] | None = None

    def syntaxes_of(self, groups: Sequence[int]) -> tuple[Syntax | None, ...]:
        """`syntaxes` of these row groups; None also where it is not known."""
        return tuple(self.syntaxes[group] if self.syntaxes else None for group in groups)


@dataclass(frozen=True, slots=True, eq=False)
class SegmentIndex:
    """The section as it is read; `tally_stream` is what `decode_tallies` reads."""

    needles: NeedleFilters
    tally_stream: bytes | memoryview
    has_metadata: bool
    texts: npt.NDArray[np.int8]
    syntaxes: tuple[Syntax | None, ...]

    def syntax(self, group: int) -> Syntax | None:
        """The syntax that the shapes of all lines of a row group are of; None where they differ or nobody knows."""
        return self.syntaxes[group] if self.syntaxes else None


def encode_index(
    needles: Sequence[Words],
    texts: Sequence[int],
    syntaxes: Sequence[Syntax | None],
    streams: str,
    tallies: pa.Table | None,
    metadata_names: tuple[str, ...] | None,
    *,
    has_metadata: bool,
) -> tuple[bytes, IndexPlace]:
    """The bytes of the section, and what the footer says of it."""
    sink = pa.BufferOutputStream()
    if tallies is not None:
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with pa.ipc.new_stream(sink, TALLY_SCHEMA, options=options) as writer:
            writer.write_table(tallies)
    stream = sink.getvalue()
    body = b"".join([*(words.tobytes() for words in needles), stream.to_pybytes()])
    blocks = tuple(len(words) // 8 for words in needles)
    place = IndexPlace(
        len(body),
        crc32(body),
        blocks,
        stream.size,
        has_metadata,
        tuple(texts),
        tuple(syntaxes),
        streams,
        metadata_names,
    )
    return body, place


def check_index(body: bytes | memoryview, place: IndexPlace) -> None:
    """Raises SegmentLost when the bytes of the section are not those that were written."""
    if len(body) != place.length or crc32(body) != place.checksum:
        raise SegmentLost("its index section is corrupt: its checksum differs")


def decode_index(body: bytes | memoryview, place: IndexPlace) -> SegmentIndex:
    """What `encode_index` was given, from bytes that were checked."""
    needle_bytes = place.length - place.tally_bytes
    words = np.frombuffer(body, np.uint64, count=needle_bytes // 8)
    needles, texts = NeedleFilters.of(words, place.needle_blocks), np.array(place.texts, np.int8)
    return SegmentIndex(needles, body[needle_bytes:], place.has_metadata, texts, place.syntaxes)


def decode_tallies(index: SegmentIndex) -> pa.Table:
    """The tallies (TALLY_SCHEMA) of an index that has some."""
    return pa.ipc.open_stream(pa.py_buffer(index.tally_stream)).read_all()


def index_range(object_bytes: int, footer_bytes: int, place: IndexPlace) -> tuple[int, int]:
    """Where the section begins and ends in an object."""
    end = object_bytes - _TRAILER - footer_bytes
    return end - place.length, end
