"""`sigyn serve` with the storage section of Loki's file, over an S3 server."""

import os
import shutil
from pathlib import Path
from urllib.request import urlopen

import httpx
import pytest

from tests.agent.processes import until
from tests.cli.commands import Sigyn
from tests.cli.server import running_server
from tests.store.conftest import s3_endpoint

__all__ = ["s3_endpoint"]


def test_segments_go_to_the_bucket_of_lokis_file(
    s3_endpoint: str,
    tmp_path: Path,
    app_log: Path,
    sigyn: Sigyn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config = tmp_path / "loki.yaml"
    config.write_text(
        f"""
server: {{http_listen_address: 127.0.0.1}}
storage_config:
  boltdb_shipper: {{active_index_directory: /loki/index, shared_store: s3}}
  aws:
    s3: s3://logs/chunks/
    endpoint: {s3_endpoint}
    access_key_id: ${{TEST_KEY_ID}}
    secret_access_key: ${{TEST_SECRET}}
    region: us-east-1
"""
    )
    variables = os.environ | {"TEST_KEY_ID": "key", "TEST_SECRET": "secret"}
    with running_server(tmp_path / "data", f"-config.file={config}", variables=variables) as running:
        assert "segments in s3://logs/chunks" in running.banner
        assert sigyn("push", str(app_log), "--labels", '{job="bucket"}', "--addr", running.url).code == 0
        found = sigyn("query", '{job="bucket"} |= `hello`', "--since", "10000d", "-o", "raw", "--addr", running.url)
        assert len(found.lines) == 1
        with urlopen(f"{s3_endpoint}/logs?list-type=2&prefix=chunks/") as listing:
            assert b"<Key>chunks/fake/2026-01-15/" in listing.read()
        assert running.stop() == 0
    monkeypatch.setenv("TEST_KEY_ID", "key")
    monkeypatch.setenv("TEST_SECRET", "secret")
    asked = ("query", '{job="bucket"} |= `hello`', "--since", "10000d", "-o", "raw", "--data", str(tmp_path / "data"))
    found = sigyn(*asked, f"-config.file={config}")
    assert (len(found.lines), found.err) == (1, "")
    assert not (tmp_path / "data" / "objects").exists()


def test_a_bucket_that_is_away_is_in_the_log_at_once_and_with_the_pushes_that_fail(tmp_path: Path) -> None:
    variables = os.environ | {
        "SIGYN_STORAGE_OBJECTS": "s3://logs",
        "SIGYN_STORAGE_S3_ENDPOINT": "http://127.0.0.1:1",
        "SIGYN_STORAGE_S3_ACCESS_KEY_ID": "key",
        "SIGYN_STORAGE_S3_SECRET_ACCESS_KEY": "secret",
    }
    log = tmp_path / "data.stderr"
    with running_server(tmp_path / "data", variables=variables) as running:
        until(lambda: 'event="not ready"' in log.read_text(), "the first look")
        body = {"streams": [{"stream": {"a": "b"}, "values": [["1768471200000000000", "x"]]}]}
        assert httpx.post(f"{running.url}/loki/api/v1/push", json=body, timeout=60).status_code == 503
        until(lambda: "pushes can't be stored" in log.read_text(), "the failed push")
    told = log.read_text()
    assert "reason=\"object store: can't write `probe/ready` in `s3://logs`" in told
    assert told.count("pushes can't be stored") == 1


def test_a_store_moves_from_a_folder_to_a_bucket_with_its_files(s3_endpoint: str, tmp_path: Path) -> None:
    data = tmp_path / "data"
    body = {"streams": [{"stream": {"a": "b"}, "values": [["1768471200000000000", "moved"]]}]}
    with running_server(data) as running:
        assert httpx.post(f"{running.url}/loki/api/v1/push", json=body).status_code == 204
        assert running.stop() == 0
    for file in (data / "objects").rglob("*"):
        if file.is_file():
            key = file.relative_to(data / "objects")
            assert httpx.put(f"{s3_endpoint}/logs/moved/{key}", content=file.read_bytes()).status_code == 200
    shutil.rmtree(data / "objects")
    variables = os.environ | {
        "SIGYN_STORAGE_OBJECTS": "s3://logs/moved",
        "SIGYN_STORAGE_S3_ENDPOINT": s3_endpoint,
        "SIGYN_STORAGE_S3_REGION": "us-east-1",
        "SIGYN_STORAGE_S3_ACCESS_KEY_ID": "key",
        "SIGYN_STORAGE_S3_SECRET_ACCESS_KEY": "secret",
    }
    with running_server(data, variables=variables) as running:
        found = httpx.get(f"{running.url}/loki/api/v1/query_range", params={"query": '{a="b"}', "since": "1000d"})
        assert found.json()["data"]["result"][0]["values"][0][1] == "moved"
        assert "warnings" not in found.json()
        assert running.stop() == 0
