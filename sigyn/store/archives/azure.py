"""Blobs that Azure has in its archive tier.

They are restored by being put into another tier, where they stay. obstore signs the requests, with whatever
credentials it has; that it can't make them itself is all that it lacks.
"""

from datetime import timedelta
from threading import Lock

import httpx
import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore

from sigyn.model.errors import Unavailable
from sigyn.model.secret_urls import hide_user
from sigyn.store.archives.archive import ArchivedObject, Kind, State
from sigyn.store.errors import SegmentLost
from sigyn.store.objects import open_bucket
from sigyn.store.settings import ObjectStoreSettings, RestoreRule

_TIER = "Cool"
_PRIORITIES = {"expedited": "High"}
_SIGNED = timedelta(minutes=15)
_LONGEST_SECONDS = 10.0


class AzureArchive:
    """As Archive, for a container of Azure."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Raises BadRequest for a URL or options that make no sense."""
        self._settings = settings
        bucket = open_bucket(settings)
        assert isinstance(bucket, AzureStore)  # by the URL
        self._bucket = bucket
        self._lock = Lock()
        self._client: httpx.Client | None = None

    def look(self, key: str) -> ArchivedObject:
        """As in Archive."""
        answer = self._send("HEAD", key, "", {})
        if answer.headers.get("x-ms-access-tier", "") != "Archive":
            return ArchivedObject(State.READABLE, Kind.AZURE, expires=False)
        is_pending = answer.headers.get("x-ms-archive-status", "").startswith("rehydrate-pending")
        return ArchivedObject(State.RESTORING if is_pending else State.ARCHIVED, Kind.AZURE, expires=False)

    def ask(self, key: str, found: ArchivedObject, rule: RestoreRule) -> None:  # noqa: ARG002 (of the protocol)
        """As in Archive."""
        priority = _PRIORITIES.get(rule.speed, "Standard")
        self._send("PUT", key, "&comp=tier", {"x-ms-access-tier": _TIER, "x-ms-rehydrate-priority": priority})

    def _send(self, method: str, key: str, more: str, headers: dict[str, str]) -> httpx.Response:
        name = f"`{hide_user(self._settings.url)}`"
        try:
            # What is signed is a permission: that to read is enough to ask for properties, that to write for a tier.
            signed = obstore.sign(self._bucket, "GET" if method == "HEAD" else "PUT", key, _SIGNED)
            answer = self._connected().request(method, f"{signed}{more}", headers=headers)
        except (BaseError, OSError, httpx.HTTPError) as error:
            reason = str(error).partition("\n")[0]
            raise Unavailable(f"{name}: {reason}") from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            raise SegmentLost(f"{name} has no object `{key}`")
        if answer.is_error:
            code = answer.headers.get("x-ms-error-code", "")
            raise Unavailable(f"{name}: {answer.status_code} {code or answer.reason_phrase}")
        return answer

    def _connected(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(timeout=min(self._settings.timeout_seconds, _LONGEST_SECONDS))
            return self._client
