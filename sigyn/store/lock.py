"""The lock of a data folder: one process at a time."""

import fcntl
import os
from pathlib import Path

from sigyn.model.errors import Unavailable
from sigyn.store.errors import FolderInUse
from sigyn.store.folders import make_folder


class FolderLock:
    """Holds `<folder>/lock` until released; the kernel releases it when the process dies.

    Raises FolderInUse, naming the process, when another holds it, and Unavailable when the folder
    can't be made or written to.
    """

    def __init__(self, folder: Path) -> None:
        try:
            make_folder(folder)
            self._file = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise _unusable(folder, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(self._file, 32).decode("ascii", "replace").strip()
            os.close(self._file)
            raise FolderInUse(
                f"data folder `{folder}` is in use by process {holder or '(unknown)'}; "
                "stop that process, or choose another folder with --data"
            ) from None
        try:
            os.ftruncate(self._file, 0)
            os.write(self._file, f"{os.getpid()}\n".encode())
        except OSError as error:  # the disk is full
            os.close(self._file)
            raise _unusable(folder, error) from error

    def release(self) -> None:
        """Lets another process have the folder."""
        os.close(self._file)


def _unusable(folder: Path, error: OSError) -> Unavailable:
    reason = "it is no folder" if folder.exists() and not folder.is_dir() else error.strerror
    return Unavailable(f"data folder `{folder}` can't be used: {reason}")
