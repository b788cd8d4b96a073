"""Addresses to listen on."""

from sigyn.agent.errors import ConfigurationError


def host_and_port(address: str, setting: str) -> tuple[str, int]:
    """Host and port of `host:port`, `:port` or `[::1]:port`; raises ConfigurationError."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65_535:
        raise ConfigurationError(f"{setting}: `{address}` is not an address: write HOST:PORT, such as 0.0.0.0:1514")
    return host.strip("[]"), int(port)
