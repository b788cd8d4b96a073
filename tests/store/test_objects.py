"""The object store's promises, wherever the objects are."""

import os
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from sigyn.model.errors import BadRequest, Unavailable
from sigyn.store import ObjectStoreSettings, SegmentLost
from sigyn.store.keys import encode_tenant, segment_key
from sigyn.store.objects import LocalObjects, ObjectStore, open_objects

from .conftest import MakeSettings


@pytest.fixture
def objects(settings: MakeSettings, tmp_path: Path) -> ObjectStore:
    """An object store of each kind."""
    configured = settings().objects
    return open_objects(configured) if configured is not None else LocalObjects(tmp_path / "objects")


def test_what_was_put_is_read_listed_and_deleted(objects: ObjectStore) -> None:
    body = bytes(range(256)) * 1000
    objects.put("a/2026-01-01/0-x.parquet", memoryview(body))
    objects.put("b/2026-01-01/0-y.parquet", b"y")
    assert objects.size("a/2026-01-01/0-x.parquet") == len(body)
    assert bytes(objects.get_range("a/2026-01-01/0-x.parquet", 250, 260)) == body[250:260]
    assert bytes(objects.get_range("a/2026-01-01/0-x.parquet", 0, len(body))) == body
    assert {(found.key, found.size) for found in objects.list()} == {
        ("a/2026-01-01/0-x.parquet", len(body)),
        ("b/2026-01-01/0-y.parquet", 1),
    }
    objects.delete(["a/2026-01-01/0-x.parquet", "never/there"])
    assert [found.key for found in objects.list()] == ["b/2026-01-01/0-y.parquet"]


def test_a_small_object_is_written_over(objects: ObjectStore) -> None:
    assert objects.put_new("a/mark", b"first")
    objects.put_small("a/mark", b"second")
    assert bytes(objects.get("a/mark")) == b"second"


def test_an_object_that_is_not_there_is_lost(objects: ObjectStore) -> None:
    with pytest.raises(SegmentLost, match="no object `a/b`"):
        objects.get_range("a/b", 0, 1)
    with pytest.raises(SegmentLost, match="no object `a/b`"):
        objects.size("a/b")


def test_large_objects_go_in_parts(objects: ObjectStore) -> None:
    body = os.urandom(1 << 20) * 65
    objects.put("big", body)
    assert objects.size("big") == len(body)
    assert bytes(objects.get_range("big", len(body) - 5, len(body))) == body[-5:]


def test_a_url_that_nothing_serves_is_refused() -> None:
    with pytest.raises(BadRequest, match="`gopher://hole`"):
        open_objects(ObjectStoreSettings(url="gopher://hole"))
    with pytest.raises(BadRequest, match="nonsense"):
        open_objects(ObjectStoreSettings(url="s3://bucket", options={"nonsense": "1"}))


ANSWERS = {
    "s3": '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>InvalidAccessKeyId</Code><Message>'
    "The key does not exist.</Message><AWSAccessKeyId>AKIA-PRIVATE</AWSAccessKeyId></Error>",
    "az": '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>AuthenticationFailed</Code><Message>No such key.\n'
    "RequestId:PRIVATE</Message></Error>",
    "gs": "<Error>\n  <Code>AccessDenied</Code>\n</Error>",
}
SAID = {
    "s3": "403 Forbidden: InvalidAccessKeyId: The key does not exist.",
    "az": "403 Forbidden: AuthenticationFailed: No such key.",
    "gs": "403 Forbidden: AccessDenied",
}


@pytest.fixture
def refusing() -> Iterator[Callable[[str], str]]:
    """Makes services that answer everything with 403 and a body; gives their URLs."""
    servers = []

    def serve(body: str) -> str:
        class Refusal(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                self.send_response(403)
                self.send_header("Content-Length", str(len(body.encode())))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Refusal)
        servers.append(server)
        Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("scheme", ["s3", "az", "gs"])
def test_what_a_service_refuses_is_told_with_its_code_and_message(refusing: Callable[[str], str], scheme: str) -> None:
    options = {
        "s3": {},
        "az": {"account_name": "logs", "account_key": "a2V5"},
        "gs": {"bearer_token": "token"},
    }
    place = ObjectStoreSettings(
        url=f"{scheme}://logs/x", endpoint=refusing(ANSWERS[scheme]), region="us-east-1", access_key_id="key",
        secret_access_key="secret", retries=0, options=options[scheme],
    )  # fmt: skip
    with pytest.raises(Unavailable) as refused:
        open_objects(place).put("a", b"body")
    assert str(refused.value).endswith(SAID[scheme])


def test_a_folder_that_can_not_be_written_is_unavailable(tmp_path: Path) -> None:
    objects = LocalObjects(tmp_path / "objects")
    (tmp_path / "objects" / "file").write_bytes(b"")
    with pytest.raises(Unavailable, match="can't write `file/x`"):
        objects.put("file/x", b"body")


def test_leftovers_of_a_killed_process_are_cleared(tmp_path: Path) -> None:
    LocalObjects(tmp_path)
    (tmp_path / ".partial" / "half").write_bytes(b"ha")
    assert list(LocalObjects(tmp_path).list()) == []
    assert list((tmp_path / ".partial").iterdir()) == []


def test_tenants_never_share_a_folder() -> None:
    names = [
        "a",
        "A",
        "a b",
        "a!20b",
        "",
        "!",
        ".",
        "..",
        "../a",
        "a/../b",
        "ä",
        "%2e",
        "x" * 150,
        "x" * 151,
        "x" * 152,
    ]
    names += ["\x00", "é" * 80, "é" * 81, "a\n", "CON", "-", "~", "a!!b"]
    folders = [encode_tenant(name) for name in names]
    assert len(set(folders)) == len(names)
    for folder in folders:
        assert 0 < len(folder) <= 150
        assert not set(folder) & set('/\\.%:*?"<>| \x00\n')


def test_keys_are_told_apart_by_tenant_day_and_level() -> None:
    key = segment_key("team a", 1, -1)
    assert key.startswith("team!20a/1969-12-31/1-")
    assert key.endswith(".parquet")
    assert segment_key("team a", 1, -1) != key
    for extreme in (-(2**63), 2**63 - 1):
        assert segment_key("t", 0, extreme).count("/") == 2


@pytest.mark.parametrize("url", ["s3:/x", "nothing", "http://["])
def test_an_address_that_is_none_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(BadRequest, match="an address is s3://bucket/prefix") as refused:
        open_objects(ObjectStoreSettings(url=url))
    assert "\n" not in str(refused.value)
