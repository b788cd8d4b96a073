"""Stores of every kind: a folder, memory, and buckets as real server processes speak for them.

The client speaks Google's XML API, of which there is no emulator: fake-gcs-server refuses its uploads, and
gcp-storage-emulator lacks most of it. It has its requests in common with S3, so that the S3 server stands in.
"""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from sigyn.store import ObjectStoreSettings, StoreSettings
from tests.postgres import Postgres

from .azure import ACCOUNT, KEY, azurite

MakeSettings = Callable[..., StoreSettings]


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """An S3 server with the bucket `logs`, in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).parent / "moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                urlopen(Request(f"{endpoint}/logs", method="PUT"), timeout=5).close()
                break
            except (URLError, ConnectionError):
                if time.monotonic() > deadline or server.poll() is not None:
                    raise
                time.sleep(0.1)
        yield endpoint
    finally:
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def azure_endpoint() -> Iterator[str]:
    """Azure's Blob service with the container `logs`."""
    with azurite() as url:
        yield url


@pytest.fixture(params=["local", "memory", "s3", "azure", "gcs"])
def settings(request: pytest.FixtureRequest, tmp_path: Path) -> MakeSettings:
    """Makes settings of a store of each kind, always of the same one within a test."""
    if request.param == "local":
        objects = None
    elif request.param == "memory":
        objects = ObjectStoreSettings(url="memory://")
    elif request.param == "azure":
        objects = ObjectStoreSettings(
            url=f"az://logs/{uuid.uuid4().hex}",
            endpoint=request.getfixturevalue("azure_endpoint"),
            retries=1,
            options={"account_name": ACCOUNT, "account_key": KEY},
        )
    elif request.param == "gcs":
        objects = ObjectStoreSettings(
            url=f"gs://logs/{uuid.uuid4().hex}",
            endpoint=request.getfixturevalue("s3_endpoint"),
            retries=1,
            options={"bearer_token": "token"},
        )
    else:
        objects = ObjectStoreSettings(
            url=f"s3://logs/{uuid.uuid4().hex}",
            endpoint=request.getfixturevalue("s3_endpoint"),
            region="us-east-1",
            access_key_id="key",
            secret_access_key="secret",
            retries=1,
        )
    # What is read has to come from the objects, not from what is kept of the newest.
    return lambda **more: StoreSettings(data=tmp_path / "data", objects=objects, **{"recent_bytes": 0, **more})


_ON_BOTH = {
    f"test_{name}"
    for name in ("catalog", "compaction", "deletions", "demoted", "quarantine", "rebuild", "reclaim", "retention",
                 "store", "streams", "tiers", "writer")
}  # fmt: skip
"""Modules whose tests run with either catalog."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests of what the catalog takes part in run with a SQLite file and with PostgreSQL."""
    if metafunc.module.__name__.rpartition(".")[2] in _ON_BOTH:
        metafunc.parametrize("catalog", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(autouse=True)
def catalog(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The kind of catalog of every store that names none: a data folder has always the same one."""
    kind: str = getattr(request, "param", "sqlite")
    if kind == "sqlite":
        return kind
    server: Postgres = request.getfixturevalue("postgres")
    schemas: dict[Path, str] = {}
    given = StoreSettings.__init__

    def init(self: StoreSettings, *, data: Path | None, catalog: str = "", **more: Any) -> None:
        if not catalog:
            schema = server.new_schema() if data is None or data not in schemas else schemas[data]
            if data is not None:
                schemas[data] = schema
            catalog = server.url(schema)
        given(self, data=data, catalog=catalog, **more)

    monkeypatch.setattr(StoreSettings, "__init__", init)
    return kind


@pytest.fixture
def anyio_backend() -> str:
    """Tests run on asyncio."""
    return "asyncio"
