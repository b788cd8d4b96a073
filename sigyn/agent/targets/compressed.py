"""The text behind a compressed file, which may still be written while it is read."""

import bz2
import zlib
from collections.abc import Callable, Mapping
from typing import Any

_READ_BYTES = 64 << 10
_SKIP_BYTES = 1 << 20


class CompressedContent:
    """The bytes behind gz, bz2 or z; offsets are of the text. Read forwards, a place further back begins anew."""

    def __init__(self, path: str, format: str) -> None:
        """Raises OSError."""
        self._path = path
        self._format = format
        self._inflating = _Inflating(path, format)
        self._at = 0
        self._kept = b""  # what was read and not consumed: the beginning of a line

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes of text; raises OSError for what is not of this format."""
        if offset < self._at - len(self._kept):
            self._inflating.close()
            self._inflating, self._at, self._kept = _Inflating(self._path, self._format), 0, b""
        while offset > self._at:
            skipped = self._inflating.read(min(_SKIP_BYTES, offset - self._at))
            if not skipped:
                return b""
            self._at += len(skipped)
            self._kept = b""
        self._kept = self._kept[len(self._kept) - (self._at - offset) :] if self._at > offset else b""
        while len(self._kept) < size and (more := self._inflating.read(size - len(self._kept))):
            self._at += len(more)
            self._kept += more
        return self._kept[:size]

    def size(self) -> int:
        """Not known before it is read to its end."""
        return 1 << 62

    def complete(self) -> bool:
        """Whether what was read ends where a stream ends: of a file that is still being packed it does not."""
        return self._inflating.complete()

    def close(self) -> None:
        """Frees the handle."""
        self._inflating.close()


class _Inflating:
    """One or several streams after each other. At the end of the file it waits for more to be written."""

    def __init__(self, path: str, format: str) -> None:
        self._file = open(path, "rb")  # noqa: SIM115 (closed by close)
        self._path = path
        self._format = format
        self._stream = _STREAMS[format]()
        self._rest = b""

    def complete(self) -> bool:
        return bool(self._stream.eof) and not self._rest

    def read(self, size: int) -> bytes:
        while True:
            if self._stream.eof:
                # Zeros behind a stream are padding, anything else is the next stream.
                self._rest = (self._rest or self._file.read(_READ_BYTES)).lstrip(b"\0")
                if not self._rest:
                    return b""
                self._stream = _STREAMS[self._format]()
            # A stream that has more to give than was asked for takes nothing before that is fetched.
            data = self._rest or (self._file.read(_READ_BYTES) if getattr(self._stream, "needs_input", True) else b"")
            try:
                text: bytes = self._stream.decompress(data, size)
            except (zlib.error, OSError) as error:
                raise OSError(f"{self._path} is not {self._format}, or damaged: {error}") from None
            self._rest = self._stream.unused_data if self._stream.eof else getattr(self._stream, "unconsumed_tail", b"")
            if text:
                return text
            if not data and not self._stream.eof:
                return b""

    def close(self) -> None:
        self._file.close()


_STREAMS: Mapping[str, Callable[[], Any]] = {
    "gz": lambda: zlib.decompressobj(wbits=31),
    "z": lambda: zlib.decompressobj(wbits=15),
    "bz2": bz2.BZ2Decompressor,
}
