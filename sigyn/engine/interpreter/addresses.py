"""`ip("...")`: texts that hold an address of a set."""

import re
from collections.abc import Callable

from sigyn.languages.logql.ip_pattern import parse_ip_pattern

CANDIDATE = (
    r"[0-9]{1,3}\.[0-9.]*"  # of IPv4, else of IPv6
    r"|[0-9A-Fa-f]{1,4}:[0-9A-Fa-f:.]*"
    r"|::[0-9A-Fa-f][0-9A-Fa-f:.]*"
)
"""A run of characters that may be an address, as an expression of RE2's too. Runs are as long as can be, so that
`1.2.3.4.5` holds no address."""

_CANDIDATE = re.compile(CANDIDATE)


def compile_addresses(pattern: str) -> Callable[[str], bool]:
    """A test whether a text holds an address of `pattern`, which is a single address, a CIDR or a range.

    Raises IpPatternError when `pattern` is none of these.
    """
    wanted = parse_ip_pattern(pattern)
    is_short = wanted.version == 4

    def holds(text: str) -> bool:
        return any(
            wanted.contains(candidate)
            for candidate in _CANDIDATE.findall(text)
            if (":" in candidate) != is_short  # most are times
        )

    return holds
