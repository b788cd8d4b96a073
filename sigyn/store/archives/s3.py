"""Objects that S3 has in GLACIER, DEEP_ARCHIVE or the archive tiers of INTELLIGENT_TIERING.

obstore, which everything else goes through, has no RestoreObject, and what it signs holds no `?restore`. botocore
is AWS' own and finds credentials where obstore does: settings, environment, role of the pod or machine. A client takes
0.2 s and 38 MB (botocore 1.44), so that there is none before something has to be restored.
"""

import importlib.util
import os
from collections.abc import Mapping
from threading import Lock
from typing import Any

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.secret_urls import hide_user
from sigyn.store.archives.archive import WIDTH, ArchivedObject, Kind, State
from sigyn.store.errors import SegmentLost
from sigyn.store.settings import ObjectStoreSettings, RestoreRule

_KINDS = {
    "GLACIER": Kind.GLACIER,
    "DEEP_ARCHIVE": Kind.DEEP_ARCHIVE,
    "ARCHIVE_ACCESS": Kind.GLACIER,
    "DEEP_ARCHIVE_ACCESS": Kind.DEEP_ARCHIVE,
}
_ASKED = "RestoreAlreadyInProgress"
_ATTEMPTS = 3
_LONGEST_SECONDS = 10.0


class S3Archive:
    """As Archive, for a bucket of S3."""

    def __init__(self, settings: ObjectStoreSettings) -> None:
        """Raises BadRequest when botocore is not installed; it is not imported yet."""
        self._name = f"`{hide_user(settings.url)}`"
        if importlib.util.find_spec("botocore") is None:
            raise BadRequest(
                f"to restore objects of {self._name} needs botocore: pip install botocore (the extra `archive`), "
                "or leave `restore` out of the tier"
            )
        self._settings = settings
        self._bucket, _, prefix = settings.url.partition("://")[2].partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._lock = Lock()
        self._client: Any = None

    def look(self, key: str) -> ArchivedObject:
        """As in Archive."""
        head = self._call("head_object", key)
        tier = head.get("ArchiveStatus") or head.get("StorageClass") or ""
        kind = _KINDS.get(tier)
        if kind is None:
            return ArchivedObject(State.READABLE)
        restore = head.get("Restore") or ""
        expires = "ArchiveStatus" not in head
        if 'ongoing-request="true"' in restore:
            return ArchivedObject(State.RESTORING, kind, expires)
        is_copied = expires and 'ongoing-request="false"' in restore
        return ArchivedObject(State.READABLE if is_copied else State.ARCHIVED, kind, expires)

    def ask(self, key: str, found: ArchivedObject, rule: RestoreRule) -> None:
        """As in Archive."""
        request: dict[str, object] = {"GlacierJobParameters": {"Tier": rule.speed.capitalize()}}
        if found.expires:
            request["Days"] = max(rule.days, 1)
        self._call("restore_object", key, RestoreRequest=request)

    def _call(self, operation: str, key: str, **arguments: object) -> Mapping[str, Any]:
        client = self._connected()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: Mapping[str, Any] = getattr(client, operation)(
                Bucket=self._bucket, Key=f"{self._prefix}{key}", **arguments
            )
        except ClientError as error:
            code = error.response.get("Error", {}).get("Code", "")
            if code == _ASKED:
                return {}
            if code in ("404", "NoSuchKey"):
                raise SegmentLost(f"{self._name} has no object `{key}`") from error
            raise Unavailable(f"{self._name}: {error}") from error
        except BotoCoreError as error:
            raise Unavailable(f"{self._name}: {error}") from error
        return answer

    def _connected(self) -> Any:
        with self._lock:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def _connect(self) -> Any:
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        settings = self._settings
        timeout = min(settings.timeout_seconds, _LONGEST_SECONDS)
        config = Config(
            s3={"addressing_style": "path" if settings.path_style else "virtual"},
            connect_timeout=timeout,
            read_timeout=timeout,
            retries={"total_max_attempts": _ATTEMPTS, "mode": "standard"},
            max_pool_connections=WIDTH,
        )
        try:
            return botocore.session.Session().create_client(
                "s3",
                region_name=settings.region or os.environ.get("AWS_REGION"),
                endpoint_url=settings.endpoint,
                aws_access_key_id=settings.access_key_id,
                aws_secret_access_key=settings.secret_access_key,
                aws_session_token=settings.session_token,
                config=config,
            )
        except (BotoCoreError, ValueError) as error:
            raise Unavailable(f"{self._name}: {error}") from error
