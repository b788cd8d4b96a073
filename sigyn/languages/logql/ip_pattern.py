"""What `ip("...")` looks for: an address, a network, or a range of addresses, IPv4 or IPv6."""

import ipaddress
from dataclasses import dataclass
from socket import AF_INET, AF_INET6, inet_pton

from sigyn.languages.quoting import quote
from sigyn.model.errors import QueryError


@dataclass(frozen=True, slots=True)
class IpPattern:
    """Addresses of one version (4 or 6) from `first` to `last`, both included, as bytes in network order."""

    version: int
    first: bytes
    last: bytes

    def contains(self, text: str) -> bool:
        """Whether the text is one of these addresses, as it may be written."""
        try:
            return self.first <= inet_pton(AF_INET if self.version == 4 else AF_INET6, text) <= self.last
        except (OSError, ValueError):  # no address, or a text with a null byte
            return False


class IpPatternError(QueryError):
    """A text that is no such pattern; the message is Loki's."""


def parse_ip_pattern(text: str) -> IpPattern:
    """`10.0.0.1`, `10.0.0.0/8`, `10.0.0.1-10.0.0.9`, and the same of IPv6.

    Raises IpPatternError: `ip: invalid pattern: "nonsense"`.
    """
    try:
        if "/" in text:
            network = ipaddress.ip_network(text, strict=False)
            return IpPattern(network.version, network[0].packed, network[-1].packed)
        first_text, dash, last_text = text.partition("-")
        first = ipaddress.ip_address(first_text.strip())
        last = ipaddress.ip_address(last_text.strip()) if dash else first
    except ValueError:
        raise IpPatternError(f"ip: invalid pattern: {quote(text)}") from None
    if first.version != last.version or last.packed < first.packed:
        raise IpPatternError(f"ip: invalid pattern: {quote(text)}")
    return IpPattern(first.version, first.packed, last.packed)
