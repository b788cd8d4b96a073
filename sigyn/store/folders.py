"""Folders and files whose names survive the loss of power, and the space that is left for them."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from sigyn.model.errors import Unavailable


@dataclass(frozen=True, slots=True)
class DiskSpace:
    """Bytes of a disk; `free` are those that this process may use."""

    total: int
    free: int


def disk_space(folder: Path) -> DiskSpace:
    """The disk that holds a folder. Raises Unavailable."""
    try:
        usage = shutil.disk_usage(folder)
    except OSError as error:
        raise Unavailable(f"the disk of `{folder}` can't be looked at: {error.strerror}") from error
    return DiskSpace(usage.total, usage.free)


def make_folder(folder: Path) -> None:
    """Makes a folder and those above it; each new name is durable. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable. Raises OSError."""
    file = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_durably(path: Path, body: bytes | memoryview) -> None:
    """Writes a new file and makes its content durable; its name is not yet. Raises OSError."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
    try:
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(file, rest) :]
        os.fsync(file)
    finally:
        os.close(file)
