"""What a process that is killed wrote down before."""

import os
from pathlib import Path


def drop_unfinished(log: Path) -> None:
    """Cuts off a line that the process was killed in the middle of: what it says was not said.

    The kernel may stop a write at a page of the file when the process is killed.
    """
    if log.exists():
        os.truncate(log, log.read_bytes().rfind(b"\n") + 1)
