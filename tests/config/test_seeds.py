"""Every block of Loki configuration in the documents that Sigyn answers loads and means what it says."""

from pathlib import Path
from typing import Any

import pytest

from sigyn.config.loki_yaml import read_loki_file
from sigyn.config.retention_values import StreamRetention
from sigyn.config.settings import DECLARATIONS, value_of
from sigyn.model.time import DAY

SEEDS = Path(__file__).parent / "seeds"
VARIABLES = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "hush"}

MEANING: dict[str, dict[str, Any]] = {
    "000-triangle-01-storage_config": {"storage.objects": "s3://neurectomy-data/loki-chunks"},
    "001-centralized-01-storage_config": {},
    "001-centralized-02-storage_config": {
        "storage.objects": "s3://loki-chunks",
        "storage.s3_endpoint": "https://minio:9000",
        "storage.s3_region": "us-east-1",
        "storage.s3_access_key_id": "AKIA",
        "storage.s3_secret_access_key": "hush",
    },
    "001-centralized-03-cache_config": {"query.results_cache": "memcached://memcached:11211"},
    "001-centralized-04-limits_config": {
        "retention.period": 30 * DAY,
        "retention.streams": (
            StreamRetention('{tier="debug"}', 3 * DAY),
            StreamRetention('{tier="prod"}', 30 * DAY),
            StreamRetention('{service="agents"}', 60 * DAY),
        ),
    },
    "001-centralized-05-table_manager": {"retention.enabled": True},
    "001-centralized-06-distributor": {},
    "001-centralized-07-ingester": {"retention.period": 7 * DAY},
    "001-centralized-08-querier": {"query.max_concurrent": 50, "query.results_cache_max_size_mb": 500.0},
    "002-fraiseql-01-common": {"storage.objects": "gs://your-loki-bucket"},
    "002-fraiseql-02-compactor": {"retention.enabled": True, "retention.period": 90 * DAY},
    "002-fraiseql-03-limits_config": {"limits.ingestion_rate_mb": 32.0, "limits.ingestion_burst_size_mb": 64.0},
    "002-fraiseql-04-limits_config": {"query.max_query_parallelism": 64},
    "002-fraiseql-05-auth": {
        "server.auth_enabled": True,
        "auth.type": ("basic",),
        "auth.basic_username": "admin",
        "auth.password_file": "/etc/loki/.htpasswd",
    },
    "002-fraiseql-06-server": {
        "server.tls_cert_file": "/etc/loki/tls/server.crt",
        "server.tls_key_file": "/etc/loki/tls/server.key",
    },
    "004-ybuilt-01-whole": {
        "storage.objects": "s3://ybuilt-loki-logs",
        "storage.s3_region": "us-east-1",
        "limits.reject_old_samples": True,
        "query.max_query_lookback": 30 * DAY,
        "retention.enabled": True,
        "retention.period": 30 * DAY,
    },
}
"""Settings that differ from the defaults, for each block."""

LISTENING = {"server.http": "0.0.0.0:3100", "server.otlp_grpc": "0.0.0.0:4317"}
NAMED_WITH_A_REASON = {
    "001-centralized-01-storage_config": {"storage_config.boltdb_shipper"},
    "001-centralized-03-cache_config": {"cache_config"},
    "001-centralized-06-distributor": {
        "ingester.chunk_idle_period",
        "ingester.max_chunk_age",
        "ingester.max_streams_per_user",
        "distributor.rate_limit",
        "distributor.rate_limit_burst",
    },
    "002-fraiseql-01-common": {
        "storage_config",
        "storage_config.gcs.chunk_buffer_size",
        "storage_config.gcs.request_timeout",
        "common.replication_factor",
        "common.ring",
    },
    "001-centralized-04-limits_config": {
        "limits_config.split_queries_by_interval",
        "limits_config.retention_period",
        "limits_config.retention_overrides",
    },
    "002-fraiseql-05-auth": {"server.grpc_listen_port"},
    "004-ybuilt-01-whole": {
        "ingester.lifecycler",
        "ingester.chunk_idle_period",
        "ingester.chunk_retain_period",
        "ingester.max_chunk_age",
        "schema_config",
        "storage_config.boltdb_shipper",
        "limits_config.enforce_metric_name",
    },
}


def test_every_block_is_here() -> None:
    assert {path.stem for path in SEEDS.glob("*.yaml")} == set(MEANING)


@pytest.mark.parametrize("name", MEANING)
def test_a_block_means_what_it_says(name: str) -> None:
    read = read_loki_file(SEEDS / f"{name}.yaml", VARIABLES)
    changed = {
        path: value_of(read.settings, path)
        for path, declaration in DECLARATIONS.items()
        if value_of(read.settings, path) != declaration.default
    }
    assert changed == LISTENING | MEANING[name]


@pytest.mark.parametrize("name", NAMED_WITH_A_REASON)
def test_keys_without_a_use_are_named_once(name: str) -> None:
    notices = read_loki_file(SEEDS / f"{name}.yaml", VARIABLES).notices
    keys = [notice.key for notice in notices if notice.key != "server.http_listen_address"]
    assert len(keys) == len(set(keys))
    assert set(keys) == NAMED_WITH_A_REASON[name]
    assert all(notice.line > 0 and "\n" not in str(notice) for notice in notices)
