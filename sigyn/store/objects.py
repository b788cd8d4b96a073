"""The object store: whole objects under keys, written once and never changed.

Acknowledged means durable, so `put` returns when the object would survive the loss of power. obstore's
own LocalStore does not fsync (seen with strace: it writes, renames and is done), hence a folder is
written to by `LocalObjects` itself; reading, listing and deleting go through obstore everywhere.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotSupportedError, PreconditionError
from obstore.store import LocalStore, MemoryStore, from_url
from obstore.store import ObjectStore as AnyStore

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.model.secret_urls import hide_secrets, hide_user
from sigyn.store.errors import SegmentArchived, SegmentLost
from sigyn.store.folders import make_folder, sync_folder, write_durably
from sigyn.store.settings import ObjectStoreSettings

if TYPE_CHECKING:
    from obstore import Attributes
    from obstore.store import ClientConfig, RetryConfig

_PARTIAL = ".partial"
_NEAR = ("file", "memory")
_READS = 2
_ARCHIVED_CODES = ("<Code>InvalidObjectState</Code>", "<Code>BlobArchived</Code>")
_ARCHIVED_SECONDS = 60.0
_NO_CONDITIONS = "501 Not Implemented"  # what Backblaze answers a PUT with a condition
_ANSWER = re.compile(r"\s*\ufeff?(?:<\?xml[^>]*>)?\s*<Error[^>]*>\s*<Code>([^<]+)</Code>")  # of all services alike
_MESSAGE = re.compile(r"<Message>\s*([^<\n]*[^<\s])")  # its first line: Azure has the request's number in others
_SINGLE_PUT_BYTES = 64 << 20  # in one request: a process that is killed leaves no half of a multipart upload


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object as a listing shows it; `modified` in ns since the epoch, `tag` changes with the content."""

    key: str
    size: int
    modified: int
    tag: str = ""


class ObjectStore(Protocol):
    """A place for objects. Every call blocks, releases the GIL and may be made from several threads.

    All raise Unavailable when the place can't be reached or refuses, SegmentLost for reading an object
    that is not there or too short, and SegmentArchived for one that has to be restored first.
    """

    def put(self, key: str, body: bytes | memoryview) -> None:
        """Stores an object; on return it is durable."""

    def put_new(self, key: str, body: bytes) -> bool:
        """Stores a small object unless there is one, and says whether it did; of several at once one does.

        It can be read at once, whatever the storage class of the others. A service that knows no such condition stores
        it in any case.
        """

    def put_small(self, key: str, body: bytes) -> None:
        """Stores a small object, over one that is there; it can be read at once, as one of `put_new`."""

    def get(self, key: str) -> bytes | memoryview:
        """A whole object, from the place itself and from no cache."""

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        """Bytes `start` (inclusive) to `end` (exclusive) of an object."""

    def fetch(self, wanted: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        """Brings ranges of objects near, several at a time, if there is anything that keeps them.

        Reading them then takes no request for each. What can't be had is left to those reads. Raises no SigynError.
        """

    def size(self, key: str) -> int:
        """Length of an object in bytes."""

    def delete(self, keys: Sequence[str]) -> None:
        """Removes objects; those that are not there count as removed."""

    def list(self, folder: str = "") -> Iterator[StoredObject]:
        """All objects, or those below a folder."""

    def path(self, key: str) -> Path | None:
        """The file of an object, where objects are files."""

    def look_again(self, key: str) -> None:
        """Forgets that an object was found archived: it has been restored."""


class RemoteObjects:
    """Objects in whatever obstore reaches: S3, GCS, Azure, memory."""

    def __init__(self, store: AnyStore, name: str, storage_class: str = "") -> None:
        self._store = store
        self._name = name
        self._attributes: Attributes = {"Storage-Class": storage_class} if storage_class else {}
        self._archived: dict[str, float] = {}  # when it was found so, monotonic

    def put(self, key: str, body: bytes | memoryview) -> None:
        """As in ObjectStore. The services answer a PUT when it is durable."""
        self._put(key, body, self._attributes)

    def _put(self, key: str, body: bytes | memoryview, attributes: "Attributes") -> None:
        try:
            obstore.put(self._store, key, body, attributes=attributes, use_multipart=len(body) > _SINGLE_PUT_BYTES)
        except (BaseError, OSError) as error:
            raise self._unavailable("write", key, error) from error

    def put_new(self, key: str, body: bytes) -> bool:
        """As in ObjectStore."""
        try:
            obstore.put(self._store, key, body, mode="create")
        except (AlreadyExistsError, PreconditionError):
            return False
        except (BaseError, OSError) as error:
            if not isinstance(error, NotSupportedError) and _NO_CONDITIONS not in str(error):
                raise self._unavailable("write", key, error) from error
            self._put(key, body, {})
        return True

    def put_small(self, key: str, body: bytes) -> None:
        """As in ObjectStore."""
        self._put(key, body, {})

    def get(self, key: str) -> bytes | memoryview:
        """As in ObjectStore."""
        size = self.size(key)
        return self._exactly(size, key, lambda: memoryview(obstore.get(self._store, key).bytes()))

    def get_range(self, key: str, start: int, end: int) -> bytes | memoryview:
        """As in ObjectStore."""
        return self._exactly(
            end - start, key, lambda: memoryview(obstore.get_range(self._store, key, start=start, end=end))
        )

    def fetch(self, wanted: Mapping[str, Sequence[tuple[int, int]]]) -> None:
        """As in ObjectStore. Nothing keeps them here."""

    def size(self, key: str) -> int:
        """As in ObjectStore."""
        return self._asked(key, lambda: obstore.head(self._store, key)["size"])

    def _exactly(self, length: int, key: str, read: Callable[[], memoryview]) -> memoryview:
        """Bytes of this length. obstore asks again when a body breaks off, but not when one is short of itself."""
        self._refuse_archived(key)
        for _ in range(_READS):
            body = self._asked(key, read)
            if len(body) == length:
                return body
        size = self.size(key)
        raise (SegmentLost if size < length else Unavailable)(
            f"object `{key}` in {self._name} has {size} bytes and gave {len(body)} where {length} were expected"
        )

    def _asked(self, key: str, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except FileNotFoundError as error:
            if self._lists(key):
                raise Unavailable(f"can't read `{key}` in {self._name}, which lists it: {_reason(error)}") from error
            raise SegmentLost(f"{self._name} has no object `{key}`") from error
        except (BaseError, OSError) as error:
            if any(code in str(error) for code in _ARCHIVED_CODES):
                self._archived[key] = time.monotonic()
                self._refuse_archived(key)
            raise self._unavailable("read", key, error) from error

    def _lists(self, key: str) -> bool:
        """Whether an object is there, though it was not found. Raises Unavailable, as when there is no such bucket."""
        return any(found.key == key for found in self.list(key.rpartition("/")[0]))

    def _refuse_archived(self, key: str) -> None:
        """Without asking again for a while: a query may need hundreds of such objects."""
        if time.monotonic() < self._archived.get(key, -_ARCHIVED_SECONDS) + _ARCHIVED_SECONDS:
            raise SegmentArchived(f"object `{key}` in {self._name} is archived and has to be restored first")

    def delete(self, keys: Sequence[str]) -> None:
        """As in ObjectStore."""
        for key in keys:
            try:
                obstore.delete(self._store, key)
            except FileNotFoundError:
                continue
            except (BaseError, OSError) as error:
                raise self._unavailable("delete", key, error) from error

    def list(self, folder: str = "") -> Iterator[StoredObject]:
        """As in ObjectStore."""
        try:
            for page in obstore.list(self._store, folder or None, chunk_size=1000):
                for found in page:
                    if not found["path"].startswith(_PARTIAL):
                        modified = int(found["last_modified"].timestamp() * 1000) * 1_000_000
                        yield StoredObject(found["path"], found["size"], modified, found["e_tag"] or "")
        except (BaseError, OSError) as error:
            where = f"`{folder}` in {self._name}" if folder else self._name
            raise Unavailable(f"can't list {where}: {_reason(error)}") from error

    def path(self, key: str) -> Path | None:  # noqa: ARG002 (of the protocol)
        """As in ObjectStore: none."""
        return None

    def look_again(self, key: str) -> None:
        """As in ObjectStore."""
        self._archived.pop(key, None)

    def _unavailable(self, action: str, key: str, error: Exception) -> Unavailable:
        return Unavailable(f"can't {action} `{key}` in {self._name}: {_reason(error)}")


def _reason(error: Exception) -> str:
    """What an error of obstore says, and what the service answered; pages of its own innards come after it.

    Services answer in XML, of which the first line is often no more than a declaration, and the rest may show the key.
    """
    said = str(error)
    answer = _ANSWER.search(said)
    if answer is None:
        return said.partition("\n")[0]
    message = _MESSAGE.search(said, answer.end())
    return f"{said[: answer.start()]} {answer[1]}" + (f": {message[1]}" if message else "")


class LocalObjects(RemoteObjects):
    """Objects as files in a folder."""

    def __init__(self, folder: Path, *, is_shared: bool = False) -> None:
        """`is_shared`: another process may be writing; else what one left half-written is removed."""
        self._folder = folder.resolve()
        self._partial = self._folder / _PARTIAL
        try:
            make_folder(self._partial)
            for leftover in () if is_shared else self._partial.iterdir():
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

    def put_small(self, key: str, body: bytes) -> None:
        """As in ObjectStore."""
        self.put(key, body)

    def path(self, key: str) -> Path | None:
        """As in ObjectStore."""
        return self._folder / key


def open_objects(settings: ObjectStoreSettings, *, is_shared: bool = False) -> ObjectStore:
    """The object store at a URL; `is_shared` as in LocalObjects.

    Raises BadRequest for a URL or options that make no sense.
    """
    scheme, _, rest = settings.url.partition("://")
    if scheme == "file":
        return LocalObjects(Path(rest), is_shared=is_shared)
    if scheme == "memory":
        return RemoteObjects(MemoryStore(), "memory")
    return RemoteObjects(open_bucket(settings), f"`{hide_user(settings.url)}`", settings.storage_class)


def check_objects(settings: ObjectStoreSettings) -> None:
    """Raises BadRequest as `open_objects`; nothing is made, and nothing asked of a bucket."""
    if is_far(settings):
        open_bucket(settings)


def is_far(settings: ObjectStoreSettings) -> bool:
    """Whether the objects are in a bucket, and neither in a folder nor in memory."""
    return settings.url.partition("://")[0] not in _NEAR


def open_bucket(settings: ObjectStoreSettings) -> AnyStore:
    """The client of a bucket. Raises BadRequest as `open_objects`."""
    scheme = settings.url.partition("://")[0]
    timeout = timedelta(seconds=settings.timeout_seconds)
    client: ClientConfig = {"allow_http": (settings.endpoint or "").startswith("http://"), "timeout": timeout}
    retry: RetryConfig = {"max_retries": settings.retries, "retry_timeout": timeout * 2}
    options = _OPTIONS.get(scheme, _endpoint_option("endpoint"))(settings) | dict(settings.options)
    try:
        return from_url(settings.url, client_options=client, retry_config=retry, **options)
    except (BaseError, ValueError, TypeError) as error:
        reason = hide_secrets(_reason(error), settings.url)
        raise BadRequest(
            f"object store `{hide_user(settings.url)}` can't be used: {reason}; "
            "an address is s3://bucket/prefix, gs://bucket/prefix, az://container/prefix or file:///folder"
        ) from error


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


def _endpoint_option(name: str) -> Callable[[ObjectStoreSettings], dict[str, Any]]:
    return lambda settings: {name: settings.endpoint} if settings.endpoint else {}


_OPTIONS: dict[str, Callable[[ObjectStoreSettings], dict[str, Any]]] = {
    "s3": _s3_options,
    "s3a": _s3_options,
    "gs": _endpoint_option("base_url"),
}
