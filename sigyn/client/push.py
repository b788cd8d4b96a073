"""Entries to a server's push endpoint, with nothing but the standard library's HTTP.

The logging handler stands on this: it must be light, and it must not log, as httpx does, or it
would ship the news of its own shipping for ever.
"""

import http.client
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec

from sigyn.client.credentials import credentials
from sigyn.model.errors import BadRequest, SigynError, TooLarge, TooManyRequests, Unavailable
from sigyn.model.labels import Labels

_PUSH = "/loki/api/v1/push"
_GZIP = 31
_LONGEST_WAIT = 3600.0  # seconds: what a server asks beyond is a mistake, and may be more than a thread can wait


@dataclass(frozen=True, slots=True)
class PushEntry:
    """A line to send: its stream's labels, its time in ns, and structured metadata."""

    labels: Labels
    timestamp: int
    line: str
    metadata: Mapping[str, str] | None = None


def push_body(entries: Iterable[PushEntry]) -> bytes:
    """The JSON body of a push of these entries, in their order.

    Halves of surrogate pairs, as in the name of a file that is no UTF-8, are U+FFFD for who reads it.
    """
    streams: dict[Labels, list[tuple[object, ...]]] = {}
    for entry in entries:
        more = (entry.metadata,) if entry.metadata else ()
        streams.setdefault(entry.labels, []).append((str(entry.timestamp), entry.line, *more))
    body = {"streams": [{"stream": dict(labels), "values": values} for labels, values in streams.items()]}
    try:
        return msgspec.json.encode(body)
    except UnicodeEncodeError:
        return json.dumps(body).encode()


class PushClient:
    """A connection to a server, opened at need; for one thread at a time.

    url                                http://host:port, with the path before /loki if there is one
    tenant                             goes into X-Scope-OrgID
    username, password, bearer_token   for a proxy in front of the server
    timeout                            seconds that a push may take
    """

    def __init__(
        self,
        url: str,
        *,
        tenant: str = "",
        username: str = "",
        password: str = "",
        bearer_token: str = "",
        timeout: float = 10.0,
    ) -> None:
        address = urlsplit(url)
        if address.scheme not in ("http", "https") or not address.hostname:
            raise BadRequest(f"`{url}` is no address of a server: write http://host:port")
        kind = http.client.HTTPSConnection if address.scheme == "https" else http.client.HTTPConnection
        self.url = url.rstrip("/")
        self._connection = kind(address.hostname, address.port, timeout=timeout)
        self._path = address.path.rstrip("/").removesuffix(_PUSH) + _PUSH
        self._headers = {
            "Content-Type": "application/json",
            "Content-Encoding": "gzip",
            **credentials(tenant=tenant, username=username, password=password, bearer_token=bearer_token),
        }

    def push(self, entries: Iterable[PushEntry]) -> None:
        """Sends entries and returns when the server has them.

        Raises TooManyRequests and Unavailable when the same may be tried again, and BadRequest or
        TooLarge when that would not help: what the server could take of it is stored then.
        """
        body = zlib.compress(push_body(entries), 1, wbits=_GZIP)
        try:
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            answer = response.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Unavailable(f"can't reach {self.url}: {error or type(error).__name__}") from None
        if response.status >= 300:
            raise _error(response.status, answer, response.headers.get("Retry-After", ""))

    def close(self) -> None:
        """Ends the connection; the next push opens one again."""
        self._connection.close()


def _error(status: int, answer: bytes, retry_after: str) -> SigynError:
    message = answer.decode("utf-8", "replace").strip() or f"the server answered with status {status}"
    if status == 429:
        asked = float(retry_after) if retry_after.isdecimal() else 1.0
        return TooManyRequests(message, retry_after=min(asked, _LONGEST_WAIT))
    if status >= 500:
        return Unavailable(message)
    return TooLarge(message) if status == 413 else BadRequest(message)
