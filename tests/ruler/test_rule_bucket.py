"""Rules in a bucket, over a real S3 server: read, read again when they change, kept while it is away."""

import itertools
import json
import os
from pathlib import Path
from typing import Any

import httpx
from structlog.testing import capture_logs

from sigyn.model.errors import Unavailable
from sigyn.ruler.rule_bucket import RuleBucket
from sigyn.store import ObjectStoreSettings
from sigyn.store.objects import LocalObjects, ObjectStore, open_objects
from tests.cli.server import running_server
from tests.store.conftest import s3_endpoint
from tests.store.faulty import Faults, FaultyObjects

from .servers import group
from .upstream import eventually

__all__ = ["s3_endpoint"]

V1 = "/loki/api/v1"


def objects(endpoint: str) -> ObjectStore:
    """The bucket, as another program with the same credentials writes to it."""
    return open_objects(
        ObjectStoreSettings(
            url="s3://logs", endpoint=endpoint, region="us-east-1", access_key_id="key", secret_access_key="s"
        )
    )


def content(value: object) -> bytes:
    return (value if isinstance(value, str) else json.dumps(value)).encode()


def recording(name: str) -> dict[str, Any]:
    return group({"record": name, "expr": "vector(1)"})


def names(client: httpx.Client, tenant: str) -> list[str]:
    headers = {"X-Scope-OrgID": tenant}
    groups = client.get("/prometheus/api/v1/rules", headers=headers).json()["data"]["groups"]
    return [f"{each['file'].rpartition('/')[2]}:{rule['name']}" for each in groups for rule in each["rules"]]


def test_rules_of_a_bucket(s3_endpoint: str, tmp_path: Path) -> None:
    bucket = objects(s3_endpoint)
    config = tmp_path / "loki.yaml"
    config.write_text(
        f"""
auth_enabled: true
server: {{http_listen_address: 127.0.0.1}}
ruler:
  poll_interval: 200ms
  storage:
    type: s3
    s3:
      bucketnames: logs
      endpoint: '{s3_endpoint}'
      access_key_id: ${{KEY}}
      secret_access_key: s
      region: us-east-1
"""
    )
    bucket.put("rules/a/shop.yaml", content(recording("shop:a")))
    bucket.put("rules/b/shop.yaml", content(recording("shop:b")))
    bucket.put("rules/a/notes.txt", content("no rules"))
    bucket.put("elsewhere/a/shop.yaml", content(recording("other")))
    log = tmp_path / "data.stderr"
    variables = os.environ | {"KEY": "key"}
    with (
        running_server(tmp_path / "data", f"-config.file={config}", variables=variables) as running,
        httpx.Client(base_url=running.url, timeout=30) as client,
    ):
        assert eventually(lambda: names(client, "a")) == ["shop.yaml:shop:a"]
        assert names(client, "b") == ["shop.yaml:shop:b"]
        query, headers = {"query": "shop:a"}, {"X-Scope-OrgID": "a"}
        eventually(
            lambda: client.get("/prometheus/api/v1/query", params=query, headers=headers).json()["data"]["result"]
        )
        bucket.put("rules/a/shop.yaml", content(recording("shop:c")))  # as many bytes as before
        eventually(lambda: names(client, "a") == ["shop.yaml:shop:c"])
        bucket.put("rules/a/shop.yaml", content("groups: [{name: x}]"))
        eventually(lambda: "rules can't be used" in log.read_text())
        assert names(client, "a") == ["shop.yaml:shop:c"]
        bucket.put("rules/a/more.yaml", content(recording("more")))
        eventually(lambda: names(client, "a") == ["more.yaml:more", "shop.yaml:shop:c"])
        refused = client.post(f"{V1}/rules/shop.yaml", content=json.dumps(recording("x")["groups"][0]), headers=headers)
        assert refused.status_code == 400
        assert "are in the file" in refused.text
        added = client.post(f"{V1}/rules/own", content=json.dumps(recording("x")["groups"][0]), headers=headers)
        assert added.status_code == 202
        bucket.delete(["rules/a/more.yaml"])
        eventually(lambda: names(client, "a") == ["own:x", "shop.yaml:shop:c"])
        assert running.stop() == 0


def test_a_bucket_that_is_away_leaves_the_rules_as_they_are(tmp_path: Path) -> None:
    variables = {
        "SIGYN_RULER_RULES_BUCKET": "s3://rules",
        "SIGYN_RULER_RULES_S3_ENDPOINT": "http://127.0.0.1:1",
        "SIGYN_RULER_RULES_S3_ACCESS_KEY_ID": "key",
        "SIGYN_RULER_RULES_S3_SECRET_ACCESS_KEY": "hush",
        "SIGYN_RULER_RULES_S3_REGION": "us-east-1",
        "SIGYN_RULER_POLL_INTERVAL": "100ms",
    }
    log = tmp_path / "data.stderr"
    with running_server(tmp_path / "data", variables=os.environ | variables) as running:
        eventually(lambda: "the bucket of rules can't be read" in log.read_text())
        assert httpx.get(f"{running.url}/ready", timeout=30).status_code == 200
    assert "hush" not in log.read_text()


def test_a_bucket_that_stays_away_is_told_once_and_so_is_its_return(tmp_path: Path) -> None:
    bucket = FaultyObjects(LocalObjects(tmp_path), Faults(), seed=1)
    rules = RuleBucket(Path("s3://rules"), objects=bucket)
    bucket.put("a/shop.yaml", content(recording("shop:a")))
    asked = itertools.count(1)
    with capture_logs() as told:
        assert rules.reload()
        bucket.refusal = lambda _action, _key: Unavailable(f"AccessDenied in {next(asked)} ms")
        assert not any(rules.reload() for _ in range(3))
        assert rules.problems("a") == ["the rules can't be read: AccessDenied in 3 ms"]
        bucket.refusal = lambda _action, _key: None
        assert not any(rules.reload() for _ in range(2))
    said = [(entry["event"], entry.get("reason"), entry.get("failed")) for entry in told]
    assert said[1:] == [
        ("the bucket of rules can't be read; the rules stay as they are", "AccessDenied in 1 ms", 1),
        ("the bucket of rules is read again", None, 3),
    ]
