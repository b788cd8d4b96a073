"""Why a key of Loki's configuration needs nothing here: the first pattern that fits says it."""

from collections.abc import Iterator
from fnmatch import fnmatchcase

_ONE_PROCESS = "one process does everything, there is no ring to join and nothing to find"
_NO_CHUNKS = "a push is stored before it is answered: no chunks wait in memory, so there is nothing to tune"
_NO_INDEX = "segments carry their own index; none is built, shipped or cached beside them"
_ONE_FORMAT = "segments have one open format; there are no schema periods"
_CATALOG = "the catalog says which segments exist; there are no tables to provision"
_PLANNED = "queries run in parallel over all cores; they need not be split"
_ONLY_RANGES = "the points of range queries are cached; what else is cached in Loki comes from the catalog, in memory"
_CACHE_TUNING = "the results cache takes addresses of memcached, or a size in the process; it needs nothing else"
_NO_BLOOMS = "needle searches need no bloom components"
_NO_RULE_BUCKET = "NOT APPLIED: ruler.storage.type chooses where rules come from: local, s3, gcs or azure"
_DELETES = "delete requests are kept in the catalog and worked off in the background"
_NO_GRPC = "parts of Loki talk over gRPC among themselves; here gRPC takes OTLP logs, at server.otlp_grpc"
_CLIENT_TUNING = "the object store client retries and times out on its own"
_BY_BYTES = "NOT APPLIED: there are no chunks or entries of an index to count; max_query_bytes_read bounds a query"
_ANY_ORDER = "entries may arrive in any order"
_NOT_TUNED = "has no counterpart here"

_TLS = "NOT APPLIED: certificates are those that the machine trusts"
_ENCRYPTION = "NOT APPLIED: encryption is a setting of the bucket"
_BY_VARIABLES = (
    "NOT APPLIED: give it as AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE"
)

_STORES = (
    "storage_config.*",
    "storage_config.named_stores.*.*",
    "storage_config.object_store.*",
    "common.storage.*",
    "common.storage.object_store.*",
)
"""Where a bucket is described."""

_OF_STORES = (
    ("sse", _ENCRYPTION),
    ("sse_encryption", _ENCRYPTION),
    ("storage_class", "NOT APPLIED: a rule of the bucket gives objects a class, or a tier in storage.tiers"),
    ("sts_endpoint", "NOT APPLIED: roles are those of the AWS_* variables"),
    ("signature_version", "requests are signed with version 4"),
    ("http_config.insecure_skip_verify", _TLS),
    ("http_config.ca_file", _TLS),
    ("http.insecure_skip_verify", _TLS),
    ("http.tls_*_path", _TLS),
    ("http.tls_server_name", _TLS),
    ("environment", "NOT APPLIED: name the service in storage.azure_endpoint"),
    ("use_service_principal", _BY_VARIABLES),
    ("client_*", _BY_VARIABLES),
    ("tenant_id", _BY_VARIABLES),
    ("use_federated_token", _BY_VARIABLES),
    ("user_assigned_id", "NOT APPLIED: give it as AZURE_CLIENT_ID"),
)
"""Keys of a bucket that are more than tuning."""

REASONS: tuple[tuple[str, str], ...] = (
    ("auth.enabled", "auth.type says how a request proves who asks; none: nobody has to"),
    ("auth.basic_auth.password", "NOT APPLIED: passwords are kept as bcrypt hashes, in auth.basic_auth.password_file"),
    ("auth.*", "NOT APPLIED: OpenID is set by SIGYN_AUTH_OIDC_* variables"),
    ("target", "one process does everything"),
    ("ballast_bytes", "only Go's garbage collector wants it"),
    ("http_prefix", "NOT APPLIED: the API is served at the root; a proxy can add a prefix"),
    ("metrics_namespace", "metrics keep Loki's names"),
    ("shutdown_delay", "a stopping server finishes what is under way, up to server.graceful_shutdown_timeout"),
    ("tenant_limits_allow_publish", _NOT_TUNED),
    ("server.grpc_tls_config.*", "NOT APPLIED: give the certificate and key as files, cert_file and key_file"),
    ("server.http_tls_config.*", "NOT APPLIED: give the certificate and key as files, cert_file and key_file"),
    ("server.http_path_prefix", "NOT APPLIED: the API is served at the root; a proxy can add a prefix"),
    ("server.grpc_*", _NO_GRPC),
    ("server.tls_*", "TLS versions and ciphers are those that Python's ssl module holds safe"),
    ("server.log_*", "the log says who asked for what at level debug"),
    ("server.trace_*", "the server makes no traces of itself"),
    ("server.create_new_traces", "the server makes no traces of itself"),
    ("server.cluster_validation", _ONE_PROCESS),
    ("server.*", "connections are handled by uvicorn with its own limits"),
    ("ui", "the page is at / and needs no setting"),
    ("query_engine", "there is one query engine"),
    ("*.lifecycler", _ONE_PROCESS),
    ("*.ring", _ONE_PROCESS),
    ("*.scheduler_ring", _ONE_PROCESS),
    ("*.compactor_ring", _ONE_PROCESS),
    ("distributor.rate_limit*", "NOT APPLIED: limits are in bytes, limits_config.ingestion_rate_mb"),
    (
        "distributor.otlp_config",
        "NOT APPLIED: write the rules in limits_config.otlp_config",
    ),
    ("distributor.max_decompressed_size", "a body may decompress to a fixed multiple of its size"),
    ("distributor.default_policy_stream_mappings", "NOT APPLIED: write them in limits_config.policy_stream_mapping"),
    ("distributor.*", _ONE_PROCESS),
    ("querier.per_request_limits_enabled", "NOT APPLIED: limits in request headers are ignored"),
    ("querier.*", "there are no ingesters to ask beside the store"),
    ("query_scheduler", "queries wait in one queue, in the process"),
    ("frontend.log_queries_longer_than", "queries over 10 s are logged"),
    ("frontend.*", _ONE_PROCESS),
    ("query_range.results_cache.cache.*.*", _CACHE_TUNING),
    ("query_range.results_cache", _CACHE_TUNING),
    ("query_range.*cache*", _ONLY_RANGES),
    ("query_range.*", _PLANNED),
    ("ruler.rule_path", "rules are read where they are, and not copied"),
    ("ruler.storage.type", "rules are read from ruler.storage.local.directory, and come through the API"),
    ("ruler.storage.*", _NO_RULE_BUCKET),
    ("ruler.enable_alertmanager_v2", "Alertmanagers are told through their API v2"),
    ("ruler.enable_alertmanager_discovery", "NOT APPLIED: name every Alertmanager in ruler.alertmanager_url"),
    ("ruler.alertmanager_refresh_interval", "names are looked up for each connection"),
    ("ruler.alertmanager_client.type", "credentials are sent as a bearer token"),
    ("ruler.alertmanager_client.credentials_file", "NOT APPLIED: give the token in ruler.alertmanager_bearer_token"),
    ("ruler.alertmanager_client.tls_server_name", "NOT APPLIED: a certificate is for the name in the URL"),
    ("ruler.alertmanager_client.*", "TLS versions and ciphers are those that Python's ssl module holds safe"),
    ("ruler.for_grace_period", "`for` goes on counting after a restart as if there had been none"),
    ("ruler.enabled_tenants", "NOT APPLIED: rules of every tenant are evaluated"),
    ("ruler.disabled_tenants", "NOT APPLIED: rules of every tenant are evaluated"),
    ("ruler.disable_rule_group_label", "metrics have the label rule_group"),
    ("ruler.wal*", "recorded series are in the data folder until they were written"),
    ("ruler.remote_write.config_refresh_period", "one setting is for every tenant"),
    ("ruler.remote_write.client.*", "NOT APPLIED: a target of remote write has a URL and credentials"),
    ("ruler.remote_write.clients.*.*", "NOT APPLIED: a target of remote write has a URL and credentials"),
    ("ruler.*", _ONE_PROCESS),
    ("ruler_storage.backend", "rules are read from ruler_storage.local.directory, and come through the API"),
    ("ruler_storage.*", _NO_RULE_BUCKET),
    ("ingester_client", _ONE_PROCESS),
    ("ingester.wal", "an acknowledged push is already durable; there is no log to replay"),
    ("ingester.max_*streams_per_user", "NOT APPLIED: set limits_config.max_streams_per_user"),
    ("ingester.kafka_ingestion", "pushes go straight to the store"),
    ("ingester.query_store_max_look_back_period", "there are no ingesters to ask beside the store"),
    ("ingester.*", _NO_CHUNKS),
    ("pattern_ingester", "patterns are found when they are asked for"),
    ("index_gateway", _NO_INDEX),
    ("bloom_build", _NO_BLOOMS),
    ("bloom_compactor", _NO_BLOOMS),
    ("bloom_gateway", _NO_BLOOMS),
    ("storage_config.bloom_shipper", _NO_BLOOMS),
    ("storage_config.boltdb_shipper", _NO_INDEX),
    ("storage_config.tsdb_shipper", _NO_INDEX),
    ("storage_config.boltdb", _NO_INDEX),
    ("storage_config.index_*", _NO_INDEX),
    ("storage_config.disable_broad_index_queries", _NO_INDEX),
    ("storage_config.aws.dynamodb", _NO_INDEX),
    ("storage_config.engine", _NO_INDEX),
    *((f"{place}.{name}", why) for place in _STORES for name, why in _OF_STORES),
    ("storage_config.named_stores.*.*.*", _CLIENT_TUNING),
    ("storage_config.object_store.*.*", _CLIENT_TUNING),
    ("common.storage.object_store.*.*", _CLIENT_TUNING),
    (
        "storage_config.named_stores",
        "NOT APPLIED: the last schema period names the store; storage.tiers adds others",
    ),
    ("storage_config.object_prefix", "NOT APPLIED: name a prefix in storage.objects, s3://bucket/prefix"),
    ("storage_config.max_*", _NO_CHUNKS),
    ("storage_config.*.*", _CLIENT_TUNING),
    ("storage_config.*", _CLIENT_TUNING),
    ("common.storage.*.*", _CLIENT_TUNING),
    ("common.storage.*", _CLIENT_TUNING),
    ("common.*", _ONE_PROCESS),
    ("chunk_store_config", _NO_CHUNKS),
    ("cache_config", _CACHE_TUNING),
    ("schema_config", _ONE_FORMAT),
    ("table_manager", _CATALOG),
    ("compactor.delete_*", _DELETES),
    ("compactor.deletion_*", _DELETES),
    ("compactor.backup_delete_*", _DELETES),
    ("compactor.shared_store*", "segments are compacted where they are stored"),
    ("compactor.*", "compaction runs in the background and paces itself"),
    ("compactor_grpc_client", _ONE_PROCESS),
    ("limits_config.enforce_metric_name", "log streams have no metric name"),
    ("limits_config.unordered_writes", _ANY_ORDER),
    ("limits_config.ingestion_rate_strategy", _ONE_PROCESS),
    ("limits_config.ingestion_partitions_tenant_shard_size", _ONE_PROCESS),
    ("limits_config.use_owned_stream_count", _ONE_PROCESS),
    ("limits_config.ruler_alertmanager_config", "NOT APPLIED: Alertmanagers are the same for every tenant"),
    ("limits_config.ruler_remote_write_*", "NOT APPLIED: recorded series of every tenant go to the same URLs"),
    ("limits_config.ruler_*", _ONE_PROCESS),
    ("limits_config.bloom_*", _NO_BLOOMS),
    ("limits_config.index_gateway_*", _NO_INDEX),
    ("limits_config.query_ready_index_num_days", _NO_INDEX),
    ("limits_config.max_chunks_per_query", _BY_BYTES),
    ("limits_config.cardinality_limit", _BY_BYTES),
    (
        "limits_config.max_querier_bytes_read",
        "NOT APPLIED: no query is split; max_query_bytes_read bounds it",
    ),
    (
        "limits_config.max_queriers_per_tenant",
        "NOT APPLIED: there is one querier; max_query_capacity is the part of it that a tenant may have",
    ),
    ("limits_config.shard_streams", "streams need not be sharded"),
    ("limits_config.*split_*", _PLANNED),
    ("limits_config.*parallelism", _PLANNED),
    ("limits_config.*shard*", _PLANNED),
    ("limits_config.tsdb_*", _PLANNED),
    ("limits_config.recent_metadata_query_window", _PLANNED),
    ("limits_config.*cache*", _ONLY_RANGES),
    ("limits_config.s3_sse_*", "NOT APPLIED: encryption is a setting of the bucket"),
    ("limits_config.pattern_ingester_tokenizable_*", "NOT APPLIED: patterns are those of whole lines"),
    ("limits_config.pattern_*", "patterns are found when they are asked for"),
    ("limits_config.metric_aggregation_enabled", "volumes are counted from the segments"),
    ("limits_config.discover_generic_fields", "NOT APPLIED: fields of lines are found when they are asked for"),
    ("limits_config.enable_multi_variant_queries", "NOT APPLIED: queries have no variants"),
    ("limits_config.simulated_push_latency", "NOT APPLIED: a test of Loki's own"),
    ("limits_config.debug_*", "the log says who asked for what at level debug"),
    ("limits_config.per_tenant_override_period", "the file of overrides is looked at with every request"),
    ("limits_config.*", "NOT APPLIED: this version has no such limit"),
    ("frontend_worker", _ONE_PROCESS),
    ("memberlist", _ONE_PROCESS),
    ("kafka_config", "pushes go straight to the store"),
    ("dataobj", "segments are columnar already"),
    ("rate_service*", _ONE_PROCESS),
    ("ingest_limits*", _ONE_PROCESS),
    ("runtime_config.period", "the file of overrides is looked at with every request"),
    ("operational_config", "the log says who asked for what at level debug"),
    ("tracing", "the server makes no traces of itself"),
    ("analytics", "nothing is ever reported to anybody"),
    ("profiling", "only Go's profiler wants it"),
)

_OF_VALUES = {
    ("limits_config.unordered_writes", "false"): f"NOT APPLIED: {_ANY_ORDER}",
    ("storage_config.azure.environment", "azureglobal"): _CLIENT_TUNING,
    ("common.storage.azure.environment", "azureglobal"): _CLIENT_TUNING,
}
_REMARKS = {
    ("compactor.deletion_mode", "whole-stream-deletion"): (
        "read as filter-and-delete: requests with line filters are taken, too, and not for whole streams alone"
    ),
}
"""What there is to say about values that are in force."""

_WHEN_TRUE = (_ENCRYPTION, _TLS, _BY_VARIABLES)
"""Reasons that do not concern a key that is false."""


def remark(path: str, value: str) -> str:
    """What there is to say about a value that is in force; empty when there is nothing."""
    return _REMARKS.get((path, value.lower()), "")


def reason(path: str, value: str = "") -> tuple[str, str]:
    """The key to name, `path` or one above it, and why nothing is done with it, or with this value of it."""
    if why := _OF_VALUES.get((path, value.lower())):
        return path, why
    above = list(_above(path))
    for pattern, why in REASONS:
        if why in _WHEN_TRUE and value.lower() == "false":
            continue
        for key in above:
            if fnmatchcase(key, pattern) and key.count(".") == pattern.count("."):
                return key, why
    return path, _NOT_TUNED


def _above(path: str) -> Iterator[str]:
    """`a`, `a.b` and `a.b.c` for `a.b.c`."""
    names = path.split(".")
    for length in range(1, len(names) + 1):
        yield ".".join(names[:length])
