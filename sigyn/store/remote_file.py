"""An object as a file that Arrow can read, by ranges."""

import io

from sigyn.store.objects import ObjectStore

_TAIL = 64 << 10  # the footer of most segments, in one request


class RemoteFile(io.RawIOBase):
    """Reads an object of known size by ranges; its last bytes, where Parquet's footer is, are kept."""

    def __init__(self, objects: ObjectStore, key: str, size: int) -> None:
        super().__init__()
        self._objects = objects
        self._key = key
        self._size = size
        self._position = 0
        self._tail_start = max(0, size - _TAIL)
        self._tail: memoryview | None = None

    def readable(self) -> bool:
        """True."""
        return True

    def seekable(self) -> bool:
        """True."""
        return True

    def tell(self) -> int:
        """The position."""
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Moves the position."""
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        """Up to `size` bytes, all that are left for -1."""
        start = self._position
        end = self._size if size < 0 else min(self._size, start + size)
        if start >= end:
            return b""
        self._position = end
        if start >= self._tail_start:
            if self._tail is None:
                self._tail = memoryview(self._objects.get_range(self._key, self._tail_start, self._size))
            return bytes(self._tail[start - self._tail_start : end - self._tail_start])
        return bytes(self._objects.get_range(self._key, start, end))
