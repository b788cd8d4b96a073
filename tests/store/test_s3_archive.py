"""What S3 says of archived objects, and how it is asked, where moto's server says less: INTELLIGENT_TIERING, refusals.

The answers are those of AWS' reference: HeadObject and RestoreObject.
"""

import re
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from sigyn.model.errors import Unavailable
from sigyn.store import ObjectStoreSettings, SegmentLost
from sigyn.store.archives.archive import ArchivedObject, Kind, State
from sigyn.store.archives.s3 import S3Archive
from sigyn.store.settings import RestoreRule

GLACIER = ArchivedObject(State.ARCHIVED, Kind.GLACIER)


class Service:
    """Answers as it is told: `headers` of an object, and `refusal`, a code and a status, of what is asked for."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.refusal: tuple[str, int] | None = None
        self.asked: list[tuple[str, str]] = []
        self.credentials: list[str] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"

    def archive(self, **more: str) -> S3Archive:
        """The archive at this service, below a prefix."""
        return S3Archive(ObjectStoreSettings(url="s3://logs/cold", endpoint=self.url, region="eu-west-1", **more))

    def _handler(service) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(service.refusal[1] if service.refusal else 200)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                service.asked.append((self.path, body))
                self._answer(service.refusal[1] if service.refusal else 202)

            def _answer(self, status: int) -> None:
                found = re.search(r"Credential=([^/]+)/", self.headers["Authorization"])
                service.credentials.append(found[1] if found else "")
                body = b""
                if service.refusal and self.command == "POST":
                    body = f"<Error><Code>{service.refusal[0]}</Code><Message>no</Message></Error>".encode()
                self.send_response(status)
                for name, value in service.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                del format, args

        return Handler


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "of-the-environment")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    service = Service()
    thread = Thread(target=service.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield service
    service.server.shutdown()
    thread.join()
    service.server.server_close()


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ({}, ArchivedObject(State.READABLE)),
        ({"x-amz-storage-class": "GLACIER_IR"}, ArchivedObject(State.READABLE)),
        ({"x-amz-storage-class": "INTELLIGENT_TIERING"}, ArchivedObject(State.READABLE)),
        ({"x-amz-storage-class": "GLACIER"}, GLACIER),
        ({"x-amz-storage-class": "DEEP_ARCHIVE"}, ArchivedObject(State.ARCHIVED, Kind.DEEP_ARCHIVE)),
        (
            {"x-amz-storage-class": "GLACIER", "x-amz-restore": 'ongoing-request="true"'},
            ArchivedObject(State.RESTORING, Kind.GLACIER),
        ),
        (
            {
                "x-amz-storage-class": "DEEP_ARCHIVE",
                "x-amz-restore": 'ongoing-request="false", expiry-date="Fri, 21 Dec 2029 00:00:00 GMT"',
            },
            ArchivedObject(State.READABLE, Kind.DEEP_ARCHIVE),
        ),
        (
            {"x-amz-storage-class": "INTELLIGENT_TIERING", "x-amz-archive-status": "ARCHIVE_ACCESS"},
            ArchivedObject(State.ARCHIVED, Kind.GLACIER, expires=False),
        ),
        (
            {
                "x-amz-storage-class": "INTELLIGENT_TIERING",
                "x-amz-archive-status": "DEEP_ARCHIVE_ACCESS",
                "x-amz-restore": 'ongoing-request="true"',
            },
            ArchivedObject(State.RESTORING, Kind.DEEP_ARCHIVE, expires=False),
        ),
    ],
)
def test_what_the_service_says_is_understood(service: Service, headers: dict[str, str], found: ArchivedObject) -> None:
    service.headers = headers
    assert service.archive().look("fake/1.parquet") == found


def test_a_copy_is_asked_for_so_many_days(service: Service) -> None:
    service.archive().ask("fake/1.parquet", GLACIER, RestoreRule("bulk", 5))
    ((path, body),) = service.asked
    assert path == "/logs/cold/fake/1.parquet?restore"
    assert "<Days>5</Days>" in body
    assert "<Tier>Bulk</Tier>" in body


def test_what_is_tiered_by_itself_takes_no_days(service: Service) -> None:
    found = ArchivedObject(State.ARCHIVED, Kind.DEEP_ARCHIVE, expires=False)
    service.archive().ask("fake/1.parquet", found, RestoreRule("standard", 0))
    ((_, body),) = service.asked
    assert "Days" not in body
    assert "<Tier>Standard</Tier>" in body


def test_what_is_under_way_is_left_so(service: Service) -> None:
    service.refusal = ("RestoreAlreadyInProgress", 409)
    service.archive().ask("fake/1.parquet", GLACIER, RestoreRule())
    assert len(service.asked) == 1


def test_a_refusal_is_told(service: Service) -> None:
    service.refusal = ("AccessDenied", 403)
    with pytest.raises(Unavailable, match=r"`s3://logs/cold`: .*AccessDenied"):
        service.archive().ask("fake/1.parquet", GLACIER, RestoreRule())


def test_an_object_that_is_not_there_is_lost(service: Service) -> None:
    service.refusal = ("NoSuchKey", 404)
    with pytest.raises(SegmentLost, match=r"has no object `fake/1\.parquet`"):
        service.archive().look("fake/1.parquet")


def test_credentials_are_those_of_the_settings_or_else_of_the_environment(service: Service) -> None:
    service.archive().look("1")
    service.archive(access_key_id="of-the-settings", secret_access_key="secret").look("1")
    assert service.credentials == ["of-the-environment", "of-the-settings"]


def test_without_credentials_it_says_so(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    with pytest.raises(Unavailable, match="Unable to locate credentials"):
        service.archive().look("1")
