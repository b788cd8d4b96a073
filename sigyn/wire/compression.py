"""Bodies as they were before their sender compressed them, within a bound.

No decoder here writes more than the bound, so that a small body can't inflate to fill the memory.
"""

import zlib
from collections.abc import Callable, Iterator

import cramjam
import pyarrow as pa

from sigyn.model.errors import BadRequest, TooLarge

MAX_DECOMPRESSED_BYTES = 256 << 20

_GZIP_HEADER_BYTES = 10
_SNAPPY_STREAM = b"\xff\x06\x00\x00sNaPpY"
_RAW_DEFLATE, _ZLIB, _GZIP = -15, 15, 31


def decompress(body: bytes, encoding: str, limit: int = MAX_DECOMPRESSED_BYTES) -> bytes:
    """The body behind a `Content-Encoding`: gzip, deflate, zstd, none, or what OpenTelemetry's collector calls zlib,
    lz4 and x-snappy-framed.

    `snappy` passes through: those who name it mean the snappy of a protobuf body, which
    `decompress_snappy` reads. Several encodings, joined by commas, are undone from the last.
    Raises BadRequest for a broken body or an unknown encoding, in Loki's words, and TooLarge
    past `limit` bytes.
    """
    for name in reversed([part.strip().lower() for part in encoding.split(",")]):
        if name in ("", "identity", "snappy"):
            continue
        decoder = _DECODERS.get(name)
        if decoder is None:
            raise BadRequest(f'Content-Encoding "{name}" not supported; compress by one of {", ".join(_KNOWN)}, or not')
        body = decoder(body, limit)
    if len(body) > limit:
        raise _too_large(limit)
    return body


def decompress_snappy(body: bytes, limit: int = MAX_DECOMPRESSED_BYTES) -> memoryview:
    """The bytes in a snappy block, the form that protobuf pushes have, or in a snappy stream, which
    OpenTelemetry's exporters make.

    Blocks say their length before their data, so that a length over `limit` is refused with
    TooLarge before anything is written. Raises BadRequest for anything else.
    """
    try:
        if body.startswith(_SNAPPY_STREAM):
            _check_length(sum(map(_snappy_length, _snappy_chunks(body))), body, limit)
            return memoryview(cramjam.snappy.decompress(body))
        _check_length(_snappy_length(body), body, limit)
        return memoryview(cramjam.snappy.decompress_raw(body))
    except cramjam.DecompressionError:
        raise BadRequest("snappy: corrupt input") from None


def _snappy_length(block: bytes) -> int:
    return int(cramjam.snappy.decompress_raw_len(block))


def _check_length(length: int, body: bytes, limit: int) -> None:
    if length > len(body) * 64:  # no element of the format writes more than 64 bytes: this length is a lie
        raise BadRequest("snappy: corrupt input")
    if length > limit:
        raise _too_large(limit)


def _snappy_chunks(body: bytes) -> Iterator[bytes]:
    """The compressed chunks of a snappy stream, without their checksums."""
    at = 0
    while at < len(body):
        kind, length = body[at], int.from_bytes(body[at + 1 : at + 4], "little")
        if kind == 0:
            yield body[at + 8 : at + 4 + length]
        at += 4 + length


def _gunzip(body: bytes, limit: int) -> bytes:
    if len(body) < _GZIP_HEADER_BYTES:
        raise BadRequest("unexpected EOF" if body else "EOF")
    if body[:2] != b"\x1f\x8b":
        raise BadRequest("gzip: invalid header")
    return _inflate(body, limit, _GZIP)


def _undeflate(body: bytes, limit: int) -> bytes:
    """HTTP's deflate has a zlib header, but many senders, and Loki, leave it out."""
    zlib_header = len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2]) % 31 == 0
    return _inflate(body, limit, _ZLIB if zlib_header else _RAW_DEFLATE)


def _inflate(body: bytes, limit: int, window_bits: int) -> bytes:
    pieces, room = [], limit
    while body:
        inflater = zlib.decompressobj(window_bits)
        try:
            piece = inflater.decompress(body, room + 1)
        except zlib.error as error:
            name = "gzip" if window_bits == _GZIP else "flate"
            raise BadRequest(f"{name}: corrupt input: {error}") from None
        room -= len(piece)
        if room < 0:
            raise _too_large(limit)
        if not inflater.eof:
            raise BadRequest("unexpected EOF")
        pieces.append(piece)
        body = inflater.unused_data if window_bits == _GZIP else b""
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _unzstd(body: bytes, limit: int) -> bytes:
    return _read(body, limit, "zstd")


def _unlz4(body: bytes, limit: int) -> bytes:
    return _read(body, limit, "lz4")


def _unframe_snappy(body: bytes, limit: int) -> bytes:
    if not body.startswith(_SNAPPY_STREAM):
        raise BadRequest("snappy: corrupt input")
    return bytes(decompress_snappy(body, limit))


def _read(body: bytes, limit: int, codec: str) -> bytes:
    try:
        with pa.CompressedInputStream(pa.BufferReader(body), codec) as stream:
            inflated: bytes = stream.read(limit + 1)
    except OSError as error:
        raise BadRequest(f"{codec}: corrupt input: {error}") from None
    if len(inflated) > limit:
        raise _too_large(limit)
    return inflated


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"the body is over {limit} bytes once decompressed; send smaller batches")


_DECODERS: dict[str, Callable[[bytes, int], bytes]] = {
    "gzip": _gunzip,
    "x-gzip": _gunzip,
    "deflate": _undeflate,
    "zlib": _undeflate,
    "zstd": _unzstd,
    "lz4": _unlz4,
    "x-snappy-framed": _unframe_snappy,
}
_KNOWN = ("gzip", "deflate", "zlib", "zstd", "lz4", "snappy", "x-snappy-framed")
