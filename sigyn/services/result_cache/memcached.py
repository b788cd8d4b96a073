"""Pieces in memcached, shared by all who ask the same servers."""

import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from threading import Lock
from typing import TypeVar
from urllib.parse import urlsplit

import structlog
from pymemcache.client.base import PooledClient
from pymemcache.client.rendezvous import RendezvousHash
from pymemcache.exceptions import MemcacheError, MemcacheUnexpectedCloseError

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.time import SECOND
from sigyn.services.paced_warnings import PacedWarnings
from sigyn.services.result_cache.encoding import decode_piece, encode_piece
from sigyn.services.result_cache.piece import Piece, PieceCounters
from sigyn.store.outage import Outage

_log = structlog.get_logger("sigyn.cache")

Server = tuple[str, int]
_Result = TypeVar("_Result")

SCHEME = "memcached://"
_PORT = 11211
_TIMEOUT_SECONDS = 0.25
_PAUSE_SECONDS = 5.0  # without a server that failed: a query waits for it once in a while, not every one
_BETWEEN_WARNINGS = 60.0  # seconds, for each server
_LARGEST = (1 << 20) - 1024  # bytes of an item, as memcached comes
_KEPT_SECONDS = 7 * 24 * 3600


class MemcachedPieces:
    """Pieces on one or more servers, each key on one of them. A server that is away costs only what it had."""

    def __init__(self, servers: Sequence[Server], clock: Callable[[], float] = time.monotonic) -> None:
        self.counters = PieceCounters()
        self._clock = clock
        self._lock = Lock()
        self._paused: dict[Server, float] = {}
        # pymemcache's own client for several servers is not made for threads: a failure seen by two breaks it.
        self._server_of = RendezvousHash(list(servers)).get_node
        self._clients = {server: _client(server) for server in servers}
        self._outages = {server: _outage(server, clock) for server in servers}
        self._strange = PacedWarnings(lambda: int(clock() * SECOND))

    def get(self, keys: Sequence[str]) -> Mapping[str, Piece]:
        """As in PieceCache."""
        pieces = {}
        for server, some in self._by_server(keys).items():
            nothing: dict[str, bytes] = {}
            found = self._ask(server, partial(self._clients[server].get_many, some), nothing)
            for key, data in found.items():
                try:
                    pieces[key] = decode_piece(data)
                except ValueError as error:
                    self._read_strange(server, f"what stands under `{key}` is no piece of an answer: {error}")
        with self._lock:
            self.counters.requested += len(keys)
            self.counters.found += len(pieces)
        return pieces

    def put(self, pieces: Mapping[str, Piece]) -> None:
        """As in PieceCache; a piece that is too large for an item is left out."""
        encoded = {key: encode_piece(piece) for key, piece in pieces.items()}
        fitting = [key for key, data in encoded.items() if len(data) <= _LARGEST]
        stored = 0
        for server, keys in self._by_server(fitting).items():
            values = {key: encoded[key] for key in keys}
            refused = self._ask(server, partial(self._clients[server].set_many, values, _KEPT_SECONDS), keys)
            stored += len(keys) - len(refused)
        with self._lock:
            self.counters.stored += stored

    def close(self) -> None:
        """As in PieceCache."""
        for client in self._clients.values():
            client.close()

    def _by_server(self, keys: Sequence[str]) -> Mapping[Server, list[str]]:
        """The keys of each server that is not paused."""
        groups: dict[Server, list[str]] = {}
        for key in keys:
            groups.setdefault(self._server_of(key), []).append(key)
        now = self._clock()
        return {server: some for server, some in groups.items() if self._paused.get(server, now) <= now}

    def _ask(self, server: Server, call: Callable[[], _Result], nothing: _Result) -> _Result:
        try:
            result = call()
        except (MemcacheError, OSError) as error:
            with self._lock:
                self.counters.failures += 1
                self._paused[server] = self._clock() + _PAUSE_SECONDS
                self._outages[server].told(Unavailable(_what_happened(error)))
            return nothing
        with self._lock:
            if self._paused.get(server, 0.0) <= self._clock():  # else another asked later than this one, and failed
                self._outages[server].told(None)
        return result

    def _read_strange(self, server: Server, reason: str) -> None:
        with self._lock:
            self.counters.failures += 1
            is_due = self._strange.is_due(_address(server))
        if is_due:
            _log.warning("the results cache holds what it should not", server=_address(server), reason=reason)


def memcached_servers(url: str) -> list[Server]:
    """Hosts and ports of `memcached://host:port,host:port`. Raises BadRequest."""
    servers = []
    for name in url.removeprefix(SCHEME).rstrip("/").split(","):
        try:
            parts = urlsplit(f"//{name.strip()}")
            host, port = parts.hostname, parts.port
        except ValueError:
            host, port = None, None
        if not host:
            raise BadRequest(f"`{url}` names no memcached server; write memcached://host:11211,host:11211")
        servers.append((host, port or _PORT))
    return servers


def _client(server: Server) -> PooledClient:
    return PooledClient(
        server, connect_timeout=_TIMEOUT_SECONDS, timeout=_TIMEOUT_SECONDS, no_delay=True, default_noreply=False
    )


def _outage(server: Server, clock: Callable[[], float]) -> Outage:
    return Outage(
        "the results cache failed; queries go on without it",
        "the results cache answers again",
        _BETWEEN_WARNINGS,
        clock,
        between_outages=_BETWEEN_WARNINGS,
        server=_address(server),
    )


def _address(server: Server) -> str:
    host, port = server
    return f"{host}:{port}"


def _what_happened(error: MemcacheError | OSError) -> str:
    if isinstance(error, MemcacheUnexpectedCloseError):
        return "it closed the connection, as one does that is stopped or has too many of them"
    if isinstance(error, TimeoutError):
        return f"no answer within {_TIMEOUT_SECONDS:g} s"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    said = error.args[0] if error.args else ""
    return f"it answered `{said.decode(errors='replace') if isinstance(said, bytes) else said}`"
