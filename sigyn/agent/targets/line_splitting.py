"""Bytes of a file to lines of text, block by block."""

import codecs
from dataclasses import dataclass
from itertools import accumulate
from typing import Protocol

from sigyn.agent.errors import ConfigurationError

_WIDE = {"utf-16": 2, "utf-16-le": 2, "utf-16-be": 2, "utf-32": 4, "utf-32-le": 4, "utf-32-be": 4}
_BOM = "\ufeff"


class LineSplitter(Protocol):
    """Splits a block that begins with a line."""

    def split(self, block: bytes) -> tuple[list[str], int]:
        """The complete lines without their ends, and how many bytes they take with them."""
        ...

    def starts(self, block: bytes) -> list[int]:
        """Where each complete line begins."""
        ...

    def text(self, block: bytes) -> str:
        """A line that has no end."""
        ...


@dataclass(frozen=True, slots=True)
class ByteSplitter:
    """Encodings in which the byte 10 is a newline and nothing else: UTF-8, Latin-1, GBK, ...

    In UTF-8 bytes that are none are kept as surrogate escapes: the server decides what becomes of them.
    """

    encoding: str = "utf-8"
    errors: str = "surrogateescape"

    def split(self, block: bytes) -> tuple[list[str], int]:
        end = block.rfind(b"\n")
        if end < 0:
            return [], 0
        text = block[:end].decode(self.encoding, self.errors)
        lines = text.split("\n")
        if "\r" in text:
            lines = [line[:-1] if line.endswith("\r") else line for line in lines]
        return lines, end + 1

    def starts(self, block: bytes) -> list[int]:
        return list(accumulate((len(line) + 1 for line in block.split(b"\n")[:-2]), initial=0))

    def text(self, block: bytes) -> str:
        return block.decode(self.encoding, self.errors)


@dataclass(frozen=True, slots=True)
class WideSplitter:
    """Encodings with units of two or four bytes."""

    encoding: str
    unit: int

    def split(self, block: bytes) -> tuple[list[str], int]:
        newline = "\n".encode(self.encoding)
        end = block.rfind(newline)
        while end >= 0 and end % self.unit:
            end = block.rfind(newline, 0, end + len(newline) - 1)
        if end < 0:
            return [], 0
        lines = self.text(block[:end]).split("\n")
        return [line.removesuffix("\r") for line in lines], end + self.unit

    def starts(self, block: bytes) -> list[int]:
        lines, _ = self.split(block)
        return [0] * len(lines)

    def text(self, block: bytes) -> str:
        return block[: len(block) - len(block) % self.unit].decode(self.encoding, "replace").removeprefix(_BOM)


def splitter_of(encoding: str) -> LineSplitter:
    """The splitter for an encoding by its IANA name; empty: UTF-8. Raises ConfigurationError.

    `UTF-16` and `UTF-32` without a byte order are little-endian, the only order in which files of them
    are written today.
    """
    if not encoding:
        return ByteSplitter()
    try:
        name = codecs.lookup(encoding).name
    except LookupError:
        raise ConfigurationError(f"`{encoding}` is not an encoding: write an IANA name such as UTF-16LE") from None
    if name in ("utf-8", "ascii"):
        return ByteSplitter()
    unit = _WIDE.get(name)
    if unit is None:
        return ByteSplitter(name, "replace")
    return WideSplitter(name if name.endswith("e") else f"{name}-le", unit)
