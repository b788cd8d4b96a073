"""Pieces as bytes, for caches outside of the process."""

import cramjam
import msgspec
import numpy as np

from sigyn.engine.vectors.block import SeriesBlock
from sigyn.engine.vectors.grid import StepGrid
from sigyn.model.labels import Labels
from sigyn.services.result_cache.piece import Piece
from sigyn.store.content import Content

FORMAT = 2
"""Part of every key: a Sigyn that writes another form finds nothing of this one's."""

_MOST_BYTES = 64 << 20  # uncompressed; memcached's items are a megabyte


class _Encoded(msgspec.Struct, array_like=True):
    start: int
    end: int
    step: int
    newest: int
    epoch: int
    heeds_deletes: bool
    labels: list[Labels]
    values: bytes
    present: bytes


_decode = msgspec.msgpack.Decoder(_Encoded).decode


def encode_piece(piece: Piece) -> bytes:
    """What `decode_piece` reads."""
    grid, block = piece.grid, piece.block
    encoded = _Encoded(
        grid.start,
        grid.end,
        grid.step,
        piece.content.newest,
        piece.content.epoch,
        piece.content.heeds_deletes,
        block.labels,
        block.values.astype("<f8", copy=False).tobytes(),
        np.packbits(block.present).tobytes(),
    )
    return bytes(cramjam.lz4.compress_block(msgspec.msgpack.encode(encoded)))


def decode_piece(data: bytes) -> Piece:
    """The piece that was encoded. Raises ValueError for anything else."""
    try:
        if len(data) < 4 or int.from_bytes(data[:4], "little") > _MOST_BYTES:
            raise ValueError("no piece is that large")
        encoded = _decode(bytes(cramjam.lz4.decompress_block(data)))
        if encoded.step <= 0 or encoded.end < encoded.start:
            raise ValueError("the piece has no steps")
        grid = StepGrid(encoded.start, encoded.end, encoded.step)
        shape = (len(encoded.labels), len(grid))
        values = np.frombuffer(encoded.values, "<f8").reshape(shape)
        bits = np.frombuffer(encoded.present, np.uint8)
        present = np.unpackbits(bits, count=values.size).astype(np.bool_).reshape(shape)
    except (cramjam.DecompressionError, msgspec.MsgspecError) as error:
        raise ValueError(str(error)) from error
    content = Content(encoded.newest, encoded.epoch, encoded.heeds_deletes)
    return Piece(grid, SeriesBlock(encoded.labels, values, present), content)
