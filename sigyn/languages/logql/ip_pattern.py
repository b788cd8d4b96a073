"""What `ip("...")` looks for: an address, a network, or a range of addresses, IPv4 or IPv6."""

import ipaddress
from dataclasses import dataclass

from sigyn.languages.quoting import quote
from sigyn.model.errors import QueryError


@dataclass(frozen=True, slots=True)
class IpPattern:
    """Addresses of one version (4 or 6) from `first` to `last`, both included, as integers."""

    version: int
    first: int
    last: int

    def contains(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        """Whether the address is one of these."""
        return address.version == self.version and self.first <= int(address) <= self.last


class IpPatternError(QueryError):
    """A text that is no such pattern; the message is Loki's."""


def parse_ip_pattern(text: str) -> IpPattern:
    """`10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, and the same of IPv6.

    Raises IpPatternError: `ip: invalid pattern: "nonsense"`.
    """
    try:
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
            return IpPattern(network.version, int(network[0]), int(network[-1]))
        first_text, dash, last_text = text.partition("-")
        first = ipaddress.ip_address(first_text.strip())
        last = ipaddress.ip_address(last_text.strip()) if dash else first
    except ValueError:
        raise IpPatternError(f"ip: invalid pattern: {quote(text)}") from None
    if first.version != last.version or int(last) < int(first):
        raise IpPatternError(f"ip: invalid pattern: {quote(text)}")
    return IpPattern(first.version, int(first), int(last))
