"""`ip("...")`: texts that hold an address of a set."""

import re
from collections.abc import Callable
from ipaddress import ip_address

from sigyn.languages.logql.ip_pattern import parse_ip_pattern

_CANDIDATE = re.compile(
    r"(?=[0-9][0-9]{0,2}\.)[0-9.]+"
    r"|(?=[0-9A-Fa-f]{1,4}:|::[0-9A-Fa-f])[0-9A-Fa-f:.]+"
)
"""A run of characters that may be an IPv4 address, else one that may be an IPv6 address. Runs are as
long as can be, so that `1.2.3.4.5` holds no address."""


def compile_addresses(pattern: str) -> Callable[[str], bool]:
    """A test whether a text holds an address of `pattern`, which is a single address, a CIDR or a range.

    Raises IpPatternError when `pattern` is none of these.
    """
    wanted = parse_ip_pattern(pattern)

    def holds(text: str) -> bool:
        for candidate in _CANDIDATE.findall(text):
            try:
                address = ip_address(candidate)
            except ValueError:
                continue
            if wanted.contains(address):
                return True
        return False

    return holds
