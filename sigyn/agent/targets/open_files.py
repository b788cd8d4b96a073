"""How many files may be read at once: fewer than a process may have open, since it has more to do than to read."""

import resource

_RESERVED = 128  # connections, watches, the buffer and positions, listeners, files that were moved away


def file_limit() -> int:
    """How many files the process may have open (`ulimit -n`)."""
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


def most_files() -> int:
    """How many of them may be read; half, where so few are allowed that the rest would take most."""
    limit = file_limit()
    return max(limit - _RESERVED, limit // 2)
