"""Loki's configuration file: what is right is translated, what is misspelt is an error that helps."""

from pathlib import Path

import pytest

from sigyn.config.errors import ConfigError
from sigyn.config.loki_known import known_leaves
from sigyn.config.loki_reasons import reason
from sigyn.config.loki_yaml import LokiConfiguration, read_loki, read_loki_file
from sigyn.config.settings import DECLARATIONS
from sigyn.model.time import DAY, MINUTE


def read(text: str, **variables: str) -> LokiConfiguration:
    return read_loki(text, "loki.yaml", variables)


def refusal(text: str, **variables: str) -> str:
    with pytest.raises(ConfigError) as refused:
        read(text, **variables)
    return str(refused.value)


def keys(text: str, **variables: str) -> list[str]:
    return [notice.key for notice in read(text, **variables).notices if notice.key != "server.http_listen_address"]


def test_an_empty_file_is_the_defaults_of_loki() -> None:
    settings = read("").settings
    assert settings.server.http == "0.0.0.0:3100"
    assert settings.limits == read("limits_config:\n").settings.limits


def test_limits_and_server() -> None:
    settings = read(
        """
auth_enabled: true
server: {http_listen_address: 127.0.0.1, http_listen_port: 3200, log_level: warn, graceful_shutdown_timeout: 5s}
limits_config:
  max_line_size: 512KB
  reject_old_samples: yes
  reject_old_samples_max_age: 2w
  query_timeout: 5m
  discover_service_name: [app, job]
  max_query_length: 721h
querier: {max_concurrent: 8, engine: {timeout: 1m}}
"""
    ).settings
    assert settings.server.http == "127.0.0.1:3200"
    assert settings.server.otlp_grpc == "127.0.0.1:4317"
    assert settings.server.log_level == "warn"
    assert settings.limits.max_line_size == 512 << 10
    assert settings.limits.reject_old_samples_max_age == 14 * DAY
    assert settings.limits.discover_service_name == ("app", "job")
    assert settings.query.query_timeout == 5 * MINUTE
    assert settings.query.max_concurrent == 8


@pytest.mark.parametrize(
    ("limits", "told"),
    [
        ("unordered_writes: false", "unordered_writes: NOT APPLIED: entries may arrive in any order"),
        ("max_querier_bytes_read: 1GB", "max_querier_bytes_read: NOT APPLIED: no query is split"),
        (
            "max_queriers_per_tenant: 2",
            "max_queriers_per_tenant: NOT APPLIED: there is one querier; max_query_",
        ),
        ("ruler_remote_write_queue_max_shards: 2", "ruler_remote_write_queue_max_shards: NOT APPLIED: recorded series"),
        (
            "{max_entries_limit: 7, max_entries_limit_per_query: 8}",
            "max_entries_limit: `limits_config.max_entries_limit",
        ),
    ],
)
def test_a_limit_without_effect_is_named(limits: str, told: str) -> None:
    notices = "\n".join(map(str, read(f"limits_config:\n  {limits}").notices))
    assert f"limits_config.{told}" in notices


def test_whether_deletes_are_allowed_is_a_mode() -> None:
    def mode(limits: str) -> str:
        return read(f"limits_config: {{{limits}}}").settings.deletes.mode

    assert mode("allow_deletes: false") == "disabled"
    assert mode("allow_deletes: true") == "filter-and-delete"
    assert mode("allow_deletes: true, deletion_mode: filter-only") == "filter-only"
    assert keys("limits_config: {allow_deletes: false}") == []


def test_whole_streams_of_loki_2_5_are_deleted_as_lines_are() -> None:
    found = read("compactor:\n  deletion_mode: whole-stream-deletion\n")
    assert found.settings.deletes.mode == "filter-and-delete"
    assert [str(notice) for notice in found.notices if notice.key == "compactor.deletion_mode"] == [
        "loki.yaml:2: compactor.deletion_mode: read as filter-and-delete: requests with line filters are taken, too, "
        "and not for whole streams alone"
    ]
    tenant = read("limits_config: {deletion_mode: disabled}\ncompactor: {deletion_mode: whole-stream-deletion}")
    assert tenant.settings.deletes.mode == "disabled"
    assert "`limits_config.deletion_mode` says something else, and counts" in "\n".join(map(str, tenant.notices))
    assert "write one of disabled, filter-only, filter-and-delete" in refusal("compactor: {deletion_mode: whole}")


def test_listening_on_every_interface_is_said() -> None:
    assert "server.http_listen_address" in [notice.key for notice in read("server: {http_listen_port: 80}").notices]
    assert not read("server: {http_listen_address: 127.0.0.1}").notices


def test_ipv6_addresses_get_brackets() -> None:
    assert read("server: {http_listen_address: '::1'}").settings.server.http == "[::1]:3100"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "server:\n  http_listen_prt: 3100",
            "loki.yaml:2: unknown key `server.http_listen_prt` "
            "(did you mean `http_listen_port`, `grpc_listen_port` or `http_listen_network`?)",
        ),
        (
            "storage_confg: {}",
            "loki.yaml:1: unknown key `storage_confg` "
            "(did you mean `storage_config`, `chunk_store_config` or `cache_config`?)",
        ),
        (
            "common:\n  storage:\n    filesystem:\n      dir: /x",
            "loki.yaml:4: unknown key `common.storage.filesystem.dir` (known here: chunks_directory, rules_directory)",
        ),
        (
            "limits_config:\n  retention_enabled: true",
            "loki.yaml:2: unknown key `limits_config.retention_enabled` (did you mean",
        ),
        (
            "table_manager:\n  max_concurrent: 1",
            "loki.yaml:2: unknown key `table_manager.max_concurrent` (it belongs to `querier.max_concurrent`)",
        ),
        ("schema_config: {configs: {from: 2024-01-01}}", "loki.yaml:1: `schema_config.configs` holds a list"),
        ("ingester: 3", "loki.yaml:1: `ingester` holds a map"),
        ("- server", "loki.yaml:1: a configuration file is a map of sections, such as `server:`"),
        ("server: {http_listen_port: 99999}", "loki.yaml:1: `server.http_listen_port` is 99999: write 0 to 65535"),
        (
            "\nlimits_config:\n  query_timeout: soon",
            "loki.yaml:3: `limits_config.query_timeout` is `soon`: write a duration such as 30s, 15m, 1h30m or 7d",
        ),
        ("auth_enabled: maybe", "loki.yaml:1: `auth_enabled` is `maybe`: write true or false"),
        ("a: [", "loki.yaml:1:5: this is not YAML:"),
        ("server: {log_level: loud}", "`server.log_level` is `loud`: write one of debug, info, warn, error"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, message: str) -> None:
    assert message in refusal(text)


def test_every_misspelt_key_is_named_at_once() -> None:
    assert refusal("sever: {}\nlimit_config: {}").count("unknown key") == 2


def test_all_that_is_wrong_is_named_at_once() -> None:
    text = """
auth_enabled: maybe
server: {http_listen_port: 99999, log_level: loud}
limits_config:
  max_line_sizes: 1MB
  query_timeout: soon
  retention_period: long
storage_config: {aws: {region: eu-west-1}}
ruler: {external_labels: 3, remote_write: {enabled: perhaps}}
"""
    lines = refusal(text).splitlines()
    for line in (
        "loki.yaml:2: `auth_enabled` is `maybe`: write true or false",
        "loki.yaml:3: `server.http_listen_port` is 99999: write 0 to 65535",
        "loki.yaml:3: `server.log_level` is `loud`: write one of debug, info, warn, error",
        "loki.yaml:5: unknown key `limits_config.max_line_sizes` (did you mean `max_line_size`,",
        "loki.yaml:6: `limits_config.query_timeout` is `soon`: write a duration such as 30s, 15m, 1h30m or 7d",
        "loki.yaml:7: `limits_config.retention_period` is `long`: write a duration such as 30s, 15m, 1h30m or 7d",
        "loki.yaml:8: `storage_config.aws` names no bucket:",
        "loki.yaml:9: `ruler.external_labels` holds a map of names and texts",
    ):
        assert any(each.startswith(line) for each in lines), f"no line {line} in {lines}"


def test_a_file_of_promtail_is_recognised() -> None:
    assert "a configuration of Promtail" in refusal("scrape_configs: []")


def test_variables_are_filled_in() -> None:
    text = "server: {http_listen_port: ${PORT:-3300}, log_level: '${LEVEL}', http_listen_address: \"${HOST:10.0.0.1}\"}"
    settings = read(text, LEVEL="debug").settings
    assert (settings.server.http, settings.server.log_level) == ("10.0.0.1:3300", "debug")
    assert read(text, LEVEL="debug", PORT="80").settings.server.http == "10.0.0.1:80"


def test_an_unset_variable_is_named_and_an_escaped_one_is_left() -> None:
    text = "storage_config: {aws: {bucketnames: b, access_key_id: '${KEY}', secret_access_key: '$${x}'}}"
    read_back = read(text)
    assert read_back.notices[0].key == "${KEY}"
    assert read_back.settings.storage.s3_secret_access_key == "${x}"


def test_a_repeated_key_is_named_and_the_later_one_counts() -> None:
    text = "server: {log_level: info, http_listen_address: a}\nserver: {log_level: debug, http_listen_address: b}"
    assert read(text).settings.server.http == "b:3100"
    assert str(read(text).notices[0]) == "loki.yaml:2: server: stands here and in line 1; the later one counts"


def test_anchors_and_merge_keys_work() -> None:
    text = """
storage_config:
  aws: &bucket {bucketnames: logs, region: eu-west-1}
ruler:
  storage:
    s3: {<<: *bucket, bucketnames: rules}
"""
    assert read(text).settings.storage.objects == "s3://logs"
    assert keys(text) == ["ruler.storage.s3"]


@pytest.mark.parametrize(
    ("aws", "expected"),
    [
        ("{s3: 's3://us-east-1/my-bucket'}", ("s3://my-bucket", "", "us-east-1", "", "")),
        ("{s3: 's3://logs/chunks/', region: eu-west-1}", ("s3://logs/chunks", "", "eu-west-1", "", "")),
        ("{s3: 's3://AK:se%2Fcret@minio.local:9000/logs', s3forcepathstyle: true, insecure: true}",
         ("s3://logs", "http://minio.local:9000", "", "AK", "se/cret")),
        ("{bucketnames: 'a,b', endpoint: 'minio:9000'}", ("s3://a", "https://minio:9000", "", "", "")),
        ("{bucketnames: a, endpoint: 'http://minio:9000'}", ("s3://a", "http://minio:9000", "", "", "")),
    ],
)  # fmt: skip
def test_buckets(aws: str, expected: tuple[str, str, str, str, str]) -> None:
    storage = read(f"storage_config: {{aws: {aws}}}").settings.storage
    assert (
        storage.objects,
        storage.s3_endpoint,
        storage.s3_region,
        storage.s3_access_key_id,
        storage.s3_secret_access_key,
    ) == expected


def test_the_last_schema_period_names_the_store() -> None:
    text = """
common: {path_prefix: /loki, storage: {filesystem: {chunks_directory: /loki/chunks}}}
storage_config: {gcs: {bucket_name: old}, aws: {bucketnames: new}}
schema_config:
  configs:
    - {from: 2023-01-01, store: boltdb-shipper, object_store: gcs, schema: v11}
    - {from: 2024-01-01, store: tsdb, object_store: STORE, schema: v13}
"""
    assert read(text.replace("STORE", "s3")).settings.storage.objects == "s3://new"
    assert read(text.replace("STORE", "gcs")).settings.storage.objects == "gs://old"
    local = read(text.replace("STORE", "filesystem")).settings.storage
    assert (local.objects, local.data) == ("", "/loki/sigyn")


SECTION = """
common: {path_prefix: /loki, storage: {object_store: {OF_COMMON}}}
storage_config:
  aws: {bucketnames: old}
  use_thanos_objstore: USED
  object_store: {OF_STORAGE}
schema_config: {configs: [{from: 2024-01-01, store: tsdb, object_store: STORE, schema: v13}]}
"""


def with_section(store: str, description: str, of: str = "OF_STORAGE", used: str = "true") -> str:
    text = SECTION.replace("object_store: STORE", f"object_store: {store}")
    filled = text.replace(f"{{{of}}}", f"{{{description}}}").replace("USED", used)
    return filled.replace("{OF_COMMON}", "{}").replace("{OF_STORAGE}", "{}")


@pytest.mark.parametrize("of", ["OF_STORAGE", "OF_COMMON"])
@pytest.mark.parametrize(
    ("store", "description", "expected"),
    [
        (
            "s3",
            "s3: {bucket_name: logs, endpoint: 'minio:9000', insecure: true, access_key_id: AK, "
            "secret_access_key: hush}, storage_prefix: a/b",
            {"objects": "s3://logs/a/b", "s3_endpoint": "http://minio:9000", "s3_access_key_id": "AK"},
        ),
        (
            "s3",
            "s3: {bucket_name: logs, region: eu-west-1, bucket_lookup_type: virtual-hosted}",
            {"objects": "s3://logs", "s3_region": "eu-west-1", "s3_force_path_style": False},
        ),
        ("gcs", "gcs: {bucket_name: logs, service_account: '{}'}", {"objects": "gs://logs"}),
        (
            "azure",
            "azure: {container_name: logs, account_name: us, account_key: hush, endpoint_suffix: blob.example.net}",
            {"objects": "az://logs", "azure_account_name": "us", "azure_endpoint": "https://us.blob.example.net"},
        ),
        (
            "azure",
            "azure: {container_name: logs, connection_string: 'AccountName=us;AccountKey=a2V5Cg==;X=1'}",
            {"objects": "az://logs", "azure_account_name": "us", "azure_account_key": "a2V5Cg=="},
        ),
    ],
)
def test_the_section_object_store_names_the_bucket_where_loki_uses_it(
    store: str, description: str, expected: dict[str, object], of: str
) -> None:
    storage = read(with_section(store, description, of)).settings.storage
    assert {name: getattr(storage, name) for name in expected} == expected


def test_the_section_object_store_is_not_used_unless_loki_uses_it() -> None:
    notices = read(with_section("s3", "s3: {bucket_name: new}", used="false")).notices
    assert read(with_section("s3", "s3: {bucket_name: new}", used="false")).settings.storage.objects == "s3://old"
    assert any(
        notice.key == "storage_config.object_store.s3" and "in `storage_config.aws`" in notice.text
        for notice in notices
    )


def test_a_folder_of_the_section_object_store() -> None:
    text = "storage_config: {use_thanos_objstore: true, object_store: {filesystem: {dir: /loki/chunks}}}"
    assert read(text).settings.storage.data == "/loki/chunks/sigyn"


def test_a_store_may_have_a_name_of_its_own() -> None:
    text = """
storage_config:
  named_stores: {aws: {logs-2024: {bucketnames: named, region: eu-west-1}, other: {bucketnames: other}}}
schema_config: {configs: [{from: 2024-01-01, store: tsdb, object_store: logs-2024, schema: v13}]}
"""
    assert read(text).settings.storage.objects == "s3://named"
    assert "storage_config.named_stores.aws.other" in keys(text)


@pytest.mark.parametrize("used", ["false", "true"])
def test_a_bucket_that_is_chosen_and_described_nowhere_is_refused(used: str) -> None:
    text = with_section("gcs", "s3: {bucket_name: new}", used=used)
    place = "storage_config.object_store.gcs" if used == "true" else "storage_config.gcs"
    assert (
        "loki.yaml:7: schema_config keeps objects in `gcs`, which is described nowhere: "
        f"name its bucket in `{place}`, or write `object_store: filesystem`"
    ) in refusal(text)
    read(text, SIGYN_STORAGE_OBJECTS="gs://logs")


def test_a_secret_in_a_url_is_not_shown_when_the_url_is_wrong() -> None:
    for url in ("s3://key:se/cret@eu-west-1/bucket", "s3://key:123/cret@eu-west-1/bucket", "s3://minio:90x/bucket"):
        message = refusal(f"storage_config:\n  aws:\n    s3: {url}")
        assert "loki.yaml:3: `storage_config.aws.s3` is no URL: write s3://key:secret@host:port/bucket" in message
        assert "cret" not in message.replace("secret", "")


def test_keys_of_a_bucket_that_are_more_than_tuning_are_told_as_such() -> None:
    def told(keys: str) -> str:
        text = f"storage_config: {{aws: {{bucketnames: logs, {keys}}}}}"
        return "".join(notice.text for notice in read(text).notices if notice.key.startswith("storage_config"))

    assert "NOT APPLIED: encryption" in told("sse: {type: SSE-S3}")
    assert "NOT APPLIED: certificates" in told("http_config: {insecure_skip_verify: true}")
    assert told("http_config: {insecure_skip_verify: false}").startswith("the object store client retries")
    assert told("http_config: {idle_conn_timeout: 90s}").startswith("the object store client retries")


def test_a_store_that_is_not_supported_is_refused() -> None:
    assert "`storage_config.swift`: this kind of object store is not supported" in refusal(
        "storage_config: {swift: {container_name: x}}\nschema_config: {configs: [{object_store: swift}]}"
    )


def test_a_bucket_without_a_name_is_refused() -> None:
    assert "`storage_config.aws` names no bucket" in refusal("storage_config: {aws: {region: eu-west-1}}")


def test_retention_deletes_only_where_loki_would() -> None:
    kept = read("limits_config: {retention_period: 30d}").settings.retention
    assert (kept.enabled, kept.period) == (False, 30 * DAY)
    old = (
        "limits_config: {retention_period: 7d}\ntable_manager: {retention_deletes_enabled: true, retention_period: 30d}"
    )
    assert read(old).settings.retention.period == 30 * DAY
    assert read(old + "\ncompactor: {retention_enabled: true}").settings.retention.period == 7 * DAY


def test_retention_of_streams_is_checked() -> None:
    assert "`limits_config.retention_stream[0]` has no `period`" in refusal(
        "limits_config: {retention_stream: [{selector: '{a=\"b\"}'}]}"
    )
    assert "unknown key `limits_config.retention_stream[0].perod` (did you mean `period`?)" in refusal(
        "limits_config: {retention_stream: [{selector: '{a=\"b\"}', perod: 1h}]}"
    )


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read: No such file or directory"):
        read_loki_file(tmp_path / "none.yaml", {})
    (tmp_path / "latin.yaml").write_bytes(b"# caf\xe9")
    with pytest.raises(ConfigError, match="is not UTF-8 text"):
        read_loki_file(tmp_path / "latin.yaml", {})


def test_every_known_key_is_translated_or_has_a_reason() -> None:
    translated = {key for declaration in DECLARATIONS.values() for key in declaration.loki}
    without = [
        path
        for path in known_leaves()
        if not any(path == key or path.startswith(f"{key}.") for key in translated)
        and reason(path) == (path, "has no counterpart here")
    ]
    assert without == ["tenant_limits_allow_publish"]


def test_every_translated_key_is_known() -> None:
    known = set(known_leaves())
    translated = {key for declaration in DECLARATIONS.values() for key in declaration.loki}
    assert {key for key in translated if not any(leaf == key or leaf.startswith(f"{key}.") for leaf in known)} == set()
