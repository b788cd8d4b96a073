"""`ip("...")`: texts that hold an address of a set."""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TypeAlias

from sigyn.model.errors import QueryError

Address: TypeAlias = IPv4Address | IPv6Address

_CANDIDATE = re.compile(
    r"(?=[0-9][0-9]{0,2}\.)[0-9.]+"
    r"|(?=[0-9A-Fa-f]{1,4}:|::[0-9A-Fa-f])[0-9A-Fa-f:.]+"
)
"""A run of characters that may be an IPv4 address, else one that may be an IPv6 address. Runs are as
long as can be, so that `1.2.3.4.5` holds no address."""


def _parse(text: str) -> Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


def address_range(pattern: str) -> tuple[Address, Address]:
    """First and last address of `10.0.0.1`, `10.0.0.0/8` or `10.0.0.1-10.0.0.9`.

    Raises QueryError when `pattern` is none of these.
    """
    single = _parse(pattern)
    if single is not None:
        return single, single
    first, dash, last = pattern.partition("-")
    if dash:
        low, high = _parse(first.strip()), _parse(last.strip())
        if low is not None and high is not None and low.version == high.version and int(low) <= int(high):
            return low, high
    elif "/" in pattern:
        try:
            network = ip_network(pattern, strict=False)
        except ValueError:
            pass
        else:
            return network[0], network[-1]
    raise QueryError(f'ip: invalid pattern: "{pattern}"')


def compile_addresses(pattern: str) -> Callable[[str], bool]:
    """A test whether a text holds an address of `pattern`, which is a single address, a CIDR or a range.

    Raises QueryError when `pattern` is none of these.
    """
    first, last = address_range(pattern)
    version, low, high = first.version, int(first), int(last)

    def holds(text: str) -> bool:
        for candidate in _CANDIDATE.findall(text):
            address = _parse(candidate)
            if address is not None and address.version == version and low <= int(address) <= high:
                return True
        return False

    return holds
