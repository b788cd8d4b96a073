"""Compressed bodies: every encoding there and back, broken ones, and bombs."""

import gzip
import io
import zlib
from collections.abc import Callable

import cramjam
import pyarrow as pa
import pytest

from sigyn.model.errors import BadRequest, TooLarge
from sigyn.wire.compression import decompress, decompress_snappy

BODY = b'{"streams": []}' * 100


def raw_deflate(body: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


def zstd(body: bytes) -> bytes:
    return pa.Codec("zstd").compress(body, asbytes=True)


def lz4(body: bytes) -> bytes:
    return bytes(cramjam.lz4.compress(body))


def snappy_stream(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress(body))


def snappy_block(body: bytes) -> bytes:
    return bytes(cramjam.snappy.compress_raw(body))


COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zlib": zlib.compress,
    "zstd": zstd,
    "lz4": lz4,
    "x-snappy-framed": snappy_stream,
}


@pytest.mark.parametrize(
    ("encoding", "compress"),
    [
        ("", bytes),
        ("identity", bytes),
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("gzip", lambda body: gzip.compress(body[:700]) + gzip.compress(body[700:])),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("zstd", zstd),
        ("zlib", zlib.compress),
        ("lz4", lz4),
        ("x-snappy-framed", snappy_stream),
        ("gzip, zstd", lambda body: zstd(gzip.compress(body))),
    ],
)
def test_there_and_back(encoding: str, compress: Callable[[bytes], bytes]) -> None:
    assert decompress(compress(BODY), encoding) == BODY


@pytest.mark.parametrize("compress", [snappy_block, snappy_stream])
def test_snappy_there_and_back(compress: Callable[[bytes], bytes]) -> None:
    assert decompress_snappy(compress(BODY)) == BODY


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (b"plain", "gzip", "unexpected EOF"),
        (b"", "gzip", "EOF"),
        (b"not gzip at all", "gzip", "gzip: invalid header"),
        (gzip.compress(BODY, mtime=0)[:-1], "gzip", "unexpected EOF"),
        (gzip.compress(BODY, mtime=0)[:30], "gzip", "unexpected EOF"),
        (gzip.compress(BODY, mtime=0)[:-8] + b"wrongsum", "gzip", "gzip: corrupt input"),
        (b"\xff\xff\xff", "deflate", "flate: corrupt input"),
        (b"not zstd", "zstd", "zstd: corrupt input"),
        (b"not lz4", "lz4", "lz4: corrupt input"),
        (lz4(BODY)[:-9], "lz4", "lz4: corrupt input"),
        (snappy_block(BODY), "x-snappy-framed", "snappy: corrupt input"),
        (BODY, "br", 'Content-Encoding "br" not supported; compress by one of gzip, deflate, zlib, zstd, lz4, snappy'),
        (BODY, "gzip, br", 'Content-Encoding "br" not supported'),
    ],
)
def test_broken_bodies_are_told(body: bytes, encoding: str, message: str) -> None:
    with pytest.raises(BadRequest) as error:
        decompress(body, encoding)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"garbage",
        b"\x05abc",
        snappy_block(BODY)[:-1],
        b"\xff\xff\xff\xff\x0f",
        snappy_stream(BODY)[:-3],
        b"\xff\x06\x00\x00sNaPpY\x00\x04",
    ],
)
def test_broken_snappy_is_told(body: bytes) -> None:
    with pytest.raises(BadRequest, match="snappy: corrupt input"):
        decompress_snappy(body)


@pytest.mark.parametrize("encoding", COMPRESS)
def test_a_bomb_is_not_inflated(encoding: str) -> None:
    compress = COMPRESS[encoding]
    with pytest.raises(TooLarge, match="over 1000000 bytes once decompressed"):
        decompress(compress(bytes(50 << 20)), encoding, limit=1_000_000)


@pytest.mark.parametrize("encoding", COMPRESS)
def test_the_limit_itself_is_allowed(encoding: str) -> None:
    compress = COMPRESS[encoding]
    assert len(decompress(compress(bytes(1_000)), encoding, limit=1_000)) == 1_000


def test_many_small_members_do_not_pass_the_limit() -> None:
    bomb = io.BytesIO()
    for _ in range(20):
        bomb.write(gzip.compress(bytes(100_000)))
    with pytest.raises(TooLarge):
        decompress(bomb.getvalue(), "gzip", limit=1_000_000)


@pytest.mark.parametrize("compress", [snappy_block, snappy_stream])
def test_a_snappy_bomb_is_refused_by_its_header(compress: Callable[[bytes], bytes]) -> None:
    with pytest.raises(TooLarge):
        decompress_snappy(compress(bytes(2_000_000)), limit=1_000_000)


def test_a_snappy_header_may_not_promise_what_its_body_can_not_hold() -> None:
    with pytest.raises(BadRequest, match="snappy: corrupt input"):
        decompress_snappy(b"\x80\x80\x80\x40" + b"\x00a", limit=1 << 40)
