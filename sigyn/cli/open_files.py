"""How many files a process may have open."""

import resource
from contextlib import suppress


def raise_file_limit() -> None:
    """As many as the system allows: one for each connection of a server, and for each file that an agent tails.

    Processes that are started afterwards may have as many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
