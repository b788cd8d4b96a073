"""Sockets to listen on, bound before anything else is started."""

import ipaddress
import socket

from sigyn.model.errors import BadRequest, Unavailable


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of `host:port`, `:port` (every interface) or `[::1]:port`; raises BadRequest."""
    host, separator, port = address.rpartition(":")
    if not separator or not port.isdigit() or int(port) > 65_535:
        raise BadRequest(f"`{address}` is not an address: write HOST:PORT, such as 127.0.0.1:3100")
    return host.strip("[]"), int(port)


def is_loopback(address: str) -> bool:
    """Whether only this machine reaches an address; raises BadRequest."""
    host, _ = parse_address(address)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def listen(address: str) -> socket.socket:
    """A bound socket, on a free port for port 0; raises BadRequest, and Unavailable when it can't be had."""
    host, port = parse_address(address)
    try:
        family = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        bound = socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        raise Unavailable(f"can't listen on {address}: {(error.strerror or str(error)).lower()}") from None
    bound.setblocking(False)
    return bound


def bound_address(bound: socket.socket) -> str:
    """`host:port` of a bound socket, with the port that it got."""
    host, port = bound.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
