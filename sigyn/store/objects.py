"""The object store: whole objects under keys, written once and never changed.

Acknowledged means durable, so `put` returns when the object would survive the loss of power. obstore's
own LocalStore does not fsync (seen with strace: it writes, renames and is done), hence a folder is
written to by `LocalObjects` itself; reading, listing and deleting go through obstore everywhere.
"""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, MemoryStore, from_url
from obstore.store import ObjectStore as AnyStore

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.store.errors import SegmentLost
from sigyn.store.folders import make_folder, sync_folder, write_durably
from sigyn.store.settings import ObjectStoreSettings

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_PARTIAL = ".partial"
_SINGLE_PUT_BYTES = 64 << 20  # in one request: a process that is killed leaves no half of a multipart upload


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing shows it; `modified` in ns since the epoch."""

    key: str
    size: int
    modified: int


class ObjectStore(Protocol):
    """A place for objects. Every call blocks, releases the GIL and may be made from several threads.

    All raise Unavailable when the place can't be reached or refuses, and SegmentLost for reading
    an object that is not there.
    """

    def put(self, key: str, body: bytes | memoryview) -> None:
        """Stores an object; on return it is durable."""

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        """Bytes `start` (inclusive) to `end` (exclusive) of an object."""

    def size(self, key: str) -> int:
        """Length of an object in bytes."""

    def delete(self, keys: Sequence[str]) -> None:
        """Removes objects; those that are not there count as removed."""

    def list(self) -> Iterator[StoredObject]:
        """All objects."""

    def path(self, key: str) -> Path | None:
        """The file of an object, where objects are files."""


class RemoteObjects:
    """Objects in whatever obstore reaches: S3, GCS, Azure, memory."""

    def __init__(self, store: AnyStore, name: str) -> None:
        self._store = store
        self._name = name

    def put(self, key: str, body: bytes | memoryview) -> None:
        """As in ObjectStore. The services answer a PUT when it is durable."""
        try:
            obstore.put(self._store, key, body, use_multipart=len(body) > _SINGLE_PUT_BYTES)
        except (BaseError, OSError) as error:
            raise self._unavailable("write", key, error) from error

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        """As in ObjectStore."""
        try:
            return memoryview(obstore.get_range(self._store, key, start=start, end=end))
        except FileNotFoundError as error:
            raise SegmentLost(f"{self._name} has no object `{key}`") from error
        except (BaseError, OSError) as error:
            raise self._unavailable("read", key, error) from error

    def size(self, key: str) -> int:
        """As in ObjectStore."""
        try:
            return obstore.head(self._store, key)["size"]
        except FileNotFoundError as error:
            raise SegmentLost(f"{self._name} has no object `{key}`") from error
        except (BaseError, OSError) as error:
            raise self._unavailable("read", key, error) from error

    def delete(self, keys: Sequence[str]) -> None:
        """As in ObjectStore."""
        for key in keys:
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                continue
            except (BaseError, OSError) as error:
                raise self._unavailable("delete", key, error) from error

    def list(self) -> Iterator[StoredObject]:
        """As in ObjectStore."""
        try:
            for page in obstore.list(self._store, chunk_size=1000):
                for found in page:
                    if not found["path"].startswith(_PARTIAL):
                        modified = int(found["last_modified"].timestamp() * 1000) * 1_000_000
                        yield StoredObject(found["path"], found["size"], modified)
        except (BaseError, OSError) as error:
            raise self._unavailable("list", "", error) from error

    def path(self, key: str) -> Path | None:  # noqa: ARG002 (of the protocol)
        """As in ObjectStore: none."""
        return None

    def _unavailable(self, action: str, key: str, error: Exception) -> Unavailable:
        reason = str(error).partition("\n")[0]  # obstore puts pages of its own innards after it
        return Unavailable(f"can't {action} `{key}` in {self._name}: {reason}")


class LocalObjects(RemoteObjects):
    """Objects as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder.resolve()
        self._partial = self._folder / _PARTIAL
        try:
            make_folder(self._partial)
            for leftover in self._partial.iterdir():
                leftover.unlink()
        except OSError as error:
            raise Unavailable(f"folder `{self._folder}` can't be used for objects: {error.strerror}") from error
        self._known: set[Path] = set()
        self._making = Lock()
        super().__init__(LocalStore(self._folder), f"folder `{self._folder}`")

    def put(self, key: str, body: bytes | memoryview) -> None:
        """As in ObjectStore: written aside, fsynced, renamed, and the folder fsynced."""
        target = self._folder / key
        aside = self._partial / uuid.uuid4().hex
        try:
            with self._making:
                if target.parent not in self._known:
                    make_folder(target.parent)
                    self._known.add(target.parent)
            write_durably(aside, body)
            aside.rename(target)
            sync_folder(target.parent)
        except OSError as error:
            with suppress(OSError):  # else the next start removes it
                aside.unlink(missing_ok=True)
            raise self._unavailable("write", key, error) from error

    def path(self, key: str) -> Path | None:
        """As in ObjectStore."""
        return self._folder / key


def open_objects(settings: ObjectStoreSettings) -> ObjectStore:
    """The object store at a URL. Raises BadRequest for a URL or options that make no sense."""
    scheme, _, rest = settings.url.partition("://")
    if scheme == "file":
        return LocalObjects(Path(rest))
    if scheme == "memory":
        return RemoteObjects(MemoryStore(), "memory")
    timeout = timedelta(seconds=settings.timeout_seconds)
    client: ClientConfig = {"allow_http": (settings.endpoint or "").startswith("http://"), "timeout": timeout}
    retry: RetryConfig = {"max_retries": settings.retries, "retry_timeout": timeout}
    options: dict[str, Any] = dict(settings.options)
    if scheme in ("s3", "s3a"):
        options = _s3_options(settings) | options
    try:
        store = from_url(settings.url, client_options=client, retry_config=retry, **options)
    except (BaseError, ValueError, TypeError) as error:
        raise BadRequest(f"object store `{settings.url}` can't be used: {error}") from error
    return RemoteObjects(store, f"`{settings.url}`")


def _s3_options(settings: ObjectStoreSettings) -> dict[str, Any]:
    named = {
        "endpoint": settings.endpoint,
        "region": settings.region,
        "access_key_id": settings.access_key_id,
        "secret_access_key": settings.secret_access_key,
        "session_token": settings.session_token,
        "virtual_hosted_style_request": not settings.path_style,
    }
    return {name: value for name, value in named.items() if value is not None}
