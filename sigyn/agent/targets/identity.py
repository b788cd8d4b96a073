"""Which file it is, whatever its name: device, inode and a checksum of its beginning.

The beginning tells a truncated and rewritten file from one that has grown, an inode that was used again
from the file that had it before, and finds the copy that `copytruncate` made.

In the positions file, beside `PATH: "offset"`:

    identity-PATH: "DEVICE:INODE:LENGTH:CRC"                    the file that the offset is of
    rotated-DEVICE:INODE-PATH: "OFFSET DEVICE:INODE:LENGTH:CRC" a file that was moved away with lines still to read
"""

import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

HEAD_BYTES = 256  # a few lines: with times in them no two files begin alike
_ENOUGH_BYTES = 32


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """A file; `head_bytes` of its beginning have the checksum `head`."""

    device: int
    inode: int
    head_bytes: int = 0
    head: int = 0

    @property
    def key(self) -> str:
        """Device and inode."""
        return f"{self.device}:{self.inode}"

    def is_distinctive(self) -> bool:
        """Whether the beginning is long enough to find the file by it."""
        return self.head_bytes >= _ENOUGH_BYTES

    def begins(self, handle: int) -> bool:
        """Whether an open file begins as this one does."""
        head = os.pread(handle, self.head_bytes, 0)
        return len(head) == self.head_bytes and zlib.crc32(head) == self.head

    def __str__(self) -> str:
        return f"{self.device}:{self.inode}:{self.head_bytes}:{self.head:08x}"


def identify(handle: int) -> FileIdentity:
    """The identity of an open file."""
    status = os.fstat(handle)
    head = os.pread(handle, HEAD_BYTES, 0)
    return FileIdentity(status.st_dev, status.st_ino, len(head), zlib.crc32(head))


def parse_identity(text: str) -> FileIdentity | None:
    """What `str` of an identity gave; None for anything else."""
    parts = text.split(":")
    if len(parts) != 4:
        return None
    try:
        return FileIdentity(int(parts[0]), int(parts[1]), int(parts[2]), int(parts[3], 16))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class FilePosition:
    """How far a file was read; without an identity when Promtail wrote it."""

    path: str
    offset: int
    identity: FileIdentity | None


def position_changes(path: str, offset: int, identity: FileIdentity) -> dict[str, str]:
    """What to write for a file at its path."""
    return {path: str(offset), f"identity-{path}": str(identity)}


def rotated_key(path: str, identity: FileIdentity) -> str:
    """The key of a file that was moved away from its path."""
    return f"rotated-{identity.key}-{path}"


def rotated_changes(path: str, offset: int, identity: FileIdentity) -> dict[str, str]:
    """What to write for a file that was moved away from its path."""
    return {rotated_key(path, identity): f"{offset} {identity}"}


def position_of(positions: Mapping[str, str], path: str) -> FilePosition | None:
    """The position of a path."""
    offset = positions.get(path, "")
    if not offset.isdigit():
        return None
    return FilePosition(path, int(offset), parse_identity(positions.get(f"identity-{path}", "")))


def rotated_positions(positions: Mapping[str, str]) -> dict[str, list[FilePosition]]:
    """By path: files moved away from it that were not read to their end."""
    found: dict[str, list[FilePosition]] = {}
    for key, value in positions.items():
        parts = key.split("-", 2)
        if len(parts) != 3 or parts[0] != "rotated":
            continue
        offset, _, rest = value.partition(" ")
        identity = parse_identity(rest)
        if identity and offset.isdigit() and parts[1] == identity.key:
            found.setdefault(parts[2], []).append(FilePosition(parts[2], int(offset), identity))
    return found


def known_files(positions: Mapping[str, str]) -> dict[str, FilePosition]:
    """Files that were read, by device and inode."""
    known = {}
    for key, value in positions.items():
        identity = parse_identity(value) if key.startswith("identity-") else None
        position = position_of(positions, key.removeprefix("identity-")) if identity else None
        if identity and position:
            known[identity.key] = position
    for rotated in rotated_positions(positions).values():
        known.update((position.identity.key, position) for position in rotated if position.identity)
    return known


def find_moved(path: str, identity: FileIdentity) -> str | None:
    """The path that a file, or the copy that was made before it was cut, now has in its folder.

    Only names that begin with the old one count, such as `app.log.1` and `app.log-20260101`. The file behind
    a link is looked for beside the link's target as well, where it may have any name: the link may have been
    turned to another file.
    """
    found = _find_beside(path, identity, any_name=False)
    if found or not os.path.islink(path):
        return found
    return _find_beside(os.path.realpath(path), identity, any_name=True)


def _find_beside(path: str, identity: FileIdentity, *, any_name: bool) -> str | None:
    """The file or its copy in the folder of `path`; `any_name`: the file, not a copy, may be called anything."""
    folder, name = os.path.split(path)
    candidates: list[str] = []
    copies: list[str] = []
    try:
        with os.scandir(folder or ".") as entries:
            for entry in entries:
                same = entry.inode() == identity.inode
                named = entry.name.startswith(name) or (any_name and same and identity.head_bytes > 0)
                if entry.name == name or not named or not entry.is_file(follow_symlinks=not any_name):
                    continue
                (candidates if same else copies).append(entry.path)
    except OSError:
        return None
    for candidate in candidates:
        if _begins(candidate, identity):
            return candidate
    if not identity.is_distinctive():
        return None
    alike = [copy for copy in copies if _begins(copy, identity)]
    return alike[0] if len(alike) == 1 else None


def _begins(path: str, identity: FileIdentity) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        return identity.begins(handle)
    finally:
        os.close(handle)
