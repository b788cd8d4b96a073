"""Files that are packed: as a whole, piece by piece while they are read, and damaged ones."""

import asyncio
import bz2
import gzip
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.agent.file_reading import append, reading, scenario

PACKERS: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("gz", gzip.compress),
    ("bz2", bz2.compress),
    ("z", zlib.compress),
]


@pytest.mark.parametrize(("form", "pack"), PACKERS)
def test_whole_files(tmp_path: Path, form: str, pack: Callable[[bytes], bytes]) -> None:
    async def run() -> None:
        log = tmp_path / f"a.log.{form}"
        lines = [f"line {number}" for number in range(30_000)]
        log.write_bytes(pack("\n".join(lines).encode()))
        positions: dict[str, str] = {}
        async with reading(log, positions, compression=form) as sink:
            await sink.until(*lines)
        async with reading(log, positions, compression=form) as sink:
            await asyncio.sleep(0.2)
            assert sink.lines == []
        async with reading(log, {str(log): str(len("line 0\n"))}, compression=form) as sink:
            await sink.until(*lines[1:])

    scenario(run)


@pytest.mark.parametrize(("form", "pack"), PACKERS)
def test_a_compressed_file_is_read_while_it_is_packed(
    tmp_path: Path, form: str, pack: Callable[[bytes], bytes]
) -> None:
    """What rotated a log may still be packing it when the agent finds it, and may pack another piece behind it."""

    async def run() -> None:
        log = tmp_path / f"a.log.{form}"
        lines = [f"line {number * 7919 % 100_003}" for number in range(200_000)]
        packed = pack("\n".join(lines).encode())
        log.touch()
        async with reading(log, compression=form) as sink:
            for end in (7, len(packed) // 2, len(packed) - 3, len(packed)):
                append(log, packed[log.stat().st_size : end])
                await asyncio.sleep(0.1)
            await sink.until(*lines)

    scenario(run)


@pytest.mark.parametrize(("form", "pack"), PACKERS)
def test_streams_after_each_other_are_one_text(tmp_path: Path, form: str, pack: Callable[[bytes], bytes]) -> None:
    async def run() -> None:
        log = tmp_path / f"a.log.{form}"
        log.write_bytes(pack(b"one\ntw") + pack(b"o\nthree\n") + bytes(512))
        async with reading(log, compression=form) as sink:
            await sink.until("one", "two", "three")

    scenario(run)


@pytest.mark.parametrize("form", ["gz", "bz2", "z"])
@pytest.mark.parametrize("damage", ["no such format", "a broken middle"])
def test_a_damaged_compressed_file_keeps_nobody_from_reading(tmp_path: Path, form: str, damage: str) -> None:
    async def run() -> None:
        pack = dict(PACKERS)[form]
        packed = bytearray(pack(b"".join(b"%d\n" % (number * 7919 % 100_003) for number in range(50_000))))
        packed[len(packed) // 2 : len(packed) // 2 + 64] = b"\xff" * 64
        (tmp_path / "a").write_bytes(b"plain text " * 9 if damage == "no such format" else packed)
        (tmp_path / "b").write_bytes(pack(b"one\n"))
        async with reading(tmp_path / "*", compression=form) as sink:
            async with asyncio.timeout(10):
                while "one" not in sink.lines:
                    await asyncio.sleep(0.005)
            (tmp_path / "c").write_bytes(pack(b"two\n"))
            async with asyncio.timeout(10):
                while "two" not in sink.lines:
                    await asyncio.sleep(0.005)

    scenario(run)
