"""Entries of a query as a server acknowledges them, over a WebSocket that is opened again when it breaks."""

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
import msgspec
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from sigyn.client.http import entries_of, error_of
from sigyn.client.reach import unreachable
from sigyn.model.errors import BadRequest, SigynError, TooManyRequests, Unavailable
from sigyn.model.results import LogEntry
from sigyn.model.time import HOUR, Clock, system_clock

_PATH = "/loki/api/v1/tail"
_CATEGORIZE = {"X-Loki-Response-Encoding-Flags": "categorize-labels"}
_CATCH_UP = 5000  # entries: what servers give at most, unless they are told otherwise
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 10.0  # seconds


@dataclass(frozen=True, slots=True)
class TailedEntries:
    """Entries that came together, oldest first; `dropped` of others the server could not keep for this client."""

    entries: list[LogEntry]
    dropped: int = 0


@dataclass(slots=True)
class _Seen:
    """How far a tail has come: where it goes on after a break, and what it has of that moment."""

    newest: int
    entries: set[LogEntry] = field(default_factory=set)

    def new(self, entries: list[LogEntry]) -> list[LogEntry]:
        """Those that were not there before the break; entries of one moment that are alike count as one."""
        return [entry for entry in entries if entry not in self.entries]

    def add(self, entries: list[LogEntry]) -> None:
        newest = max((entry.timestamp for entry in entries), default=self.newest)
        if newest > self.newest:
            self.newest, self.entries = newest, set()
        self.entries.update(entry for entry in entries if entry.timestamp == self.newest)


def tail(
    url: str,
    logql: str,
    *,
    headers: dict[str, str],
    start: int | None = None,
    limit: int = 10,
    on_break: Callable[[str], None] = lambda _reason: None,
    clock: Clock = system_clock,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[TailedEntries, None, None]:
    """The newest `limit` entries since `start` (ns; an hour ago unless given), then those that come, without end.

    When the connection breaks, `on_break` is told why, and the tail goes on from its newest entry as soon as
    the server is there again. Raises Unavailable when it is not there to begin with, and what the server says
    of a query or client that it refuses, such as ParseError.
    """
    seen = _Seen(start if start is not None else clock() - HOUR)
    wait = _FIRST_WAIT
    connected_before = False
    while True:
        try:
            with _connected(url, logql, headers, seen.newest, _CATCH_UP if connected_before else limit) as connection:
                again = connected_before
                connected_before, wait = True, _FIRST_WAIT
                for message in connection:
                    frame = _frame(message)
                    # Live entries may be alike: only what a new connection repeats is looked through.
                    entries = seen.new(frame.entries) if again else frame.entries
                    seen.add(entries)
                    again = False
                    if entries or frame.dropped:
                        yield TailedEntries(entries, frame.dropped)
                reason = connection.close_reason or ""
        except ConnectionClosed as error:
            reason = error.rcvd.reason if error.rcvd else f"the connection to {url} broke"
        except (Unavailable, TooManyRequests) as error:
            if not connected_before:
                raise
            reason = str(error)
        on_break(reason or f"{url} closed the connection")
        sleep(wait)
        wait = min(2 * wait, _LONGEST_WAIT)


def _connected(url: str, logql: str, headers: dict[str, str], start: int, limit: int) -> ClientConnection:
    asked = urlencode({"query": logql, "start": start, "limit": limit})
    address = urlsplit(url)
    if address.scheme not in ("http", "https") or not address.hostname:
        raise BadRequest(f"`{url}` is no address: write http://host:port")
    scheme = "wss" if address.scheme == "https" else "ws"
    uri = f"{scheme}://{address.netloc}{address.path.rstrip('/')}{_PATH}?{asked}"
    try:
        return connect(
            uri,
            ssl=httpx.create_ssl_context() if scheme == "wss" else None,
            additional_headers=headers | _CATEGORIZE,
            max_size=None,
            legacy=True,
        )
    except InvalidStatus as error:
        refused = error.response
        raise error_of(httpx.Response(refused.status_code, content=bytes(refused.body)), logql) from None
    except InvalidURI as error:
        raise BadRequest(f"`{url}` is no address: {error.msg}") from None
    except TimeoutError:
        raise Unavailable(f"{url} took too long to answer") from None
    except OSError as error:
        raise unreachable(url, error) from None
    except InvalidHandshake as error:
        raise Unavailable(f"{url} opens no WebSocket, which tails need: {error}") from None


def _frame(message: str | bytes) -> TailedEntries:
    try:
        body: Any = msgspec.json.decode(message)
        entries = entries_of(body.get("streams") or [])
        dropped = len(body.get("dropped_entries") or [])
    except (msgspec.DecodeError, AttributeError, KeyError, TypeError, ValueError):
        raise SigynError(f"the server does not send what Loki sends in a tail: {message[:80]!r}") from None
    entries.sort(key=lambda entry: entry.timestamp)
    return TailedEntries(entries, dropped)
