"""`/ready` of a real server: says which part is not well, and is well again by itself."""

import resource
import time
from pathlib import Path

import httpx

from tests.cli.server import RunningServer, running_server


def ready_of(running: RunningServer, status: int) -> str:
    """The answer once it has this status: an answer stands for some seconds."""
    deadline = time.monotonic() + 60
    while True:
        answer = httpx.get(f"{running.url}/ready", timeout=30)
        if answer.status_code == status or time.monotonic() > deadline:
            assert answer.status_code == status, answer.text
            return answer.text
        time.sleep(0.2)


def test_a_full_disk_makes_the_server_not_ready_until_there_is_room(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as running:
        assert ready_of(running, 200) == "ready\n"
        process = running.process.pid
        soft, hard = resource.prlimit(process, resource.RLIMIT_FSIZE)
        resource.prlimit(process, resource.RLIMIT_FSIZE, (1, hard))
        catalog, objects = ready_of(running, 503).splitlines()
        assert catalog.startswith("catalog: ")
        assert objects.startswith("object store: ")
        resource.prlimit(process, resource.RLIMIT_FSIZE, (soft, hard))
        assert ready_of(running, 200) == "ready\n"
        assert not list((tmp_path / "data" / "objects").rglob("ready"))


def test_a_bucket_out_of_reach_is_named(tmp_path: Path) -> None:
    config = tmp_path / "loki.yaml"
    config.write_text(
        """
server: {http_listen_address: 127.0.0.1}
storage_config:
  boltdb_shipper: {shared_store: s3}
  aws: {s3: s3://logs/x/, endpoint: "http://127.0.0.1:1", access_key_id: k, secret_access_key: s, region: r}
"""
    )
    with running_server(tmp_path / "data", f"-config.file={config}") as running:
        answer = ready_of(running, 503)
        assert "object store: " in answer
