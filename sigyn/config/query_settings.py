"""What a query may ask for. Names are Loki's wherever Loki has the setting."""

from dataclasses import dataclass

from sigyn.config.declaration import setting
from sigyn.config.structured_values import BLOCKED_QUERIES, BlockedQuery
from sigyn.config.values import BYTES, COUNT, DURATION, FLAG, MEGABYTES, NAMES, RESULTS_CACHE, SHARE
from sigyn.model.time import HOUR, MINUTE


@dataclass(frozen=True, slots=True)
class QuerySettings:
    """What a query may ask for. 0 means no limit."""

    max_entries_limit_per_query: int = setting(
        5000,
        COUNT,
        "Lines in an answer; a larger `limit` is lowered to this, with a warning.",
        "limits_config.max_entries_limit_per_query",
        "limits_config.max_entries_limit",
    )
    multi_tenant_queries_enabled: bool = setting(
        True,
        FLAG,
        "A query may name several tenants in X-Scope-OrgID, `a|b`; the label `__tenant_id__` tells them apart.",
        "querier.multi_tenant_queries_enabled",
    )
    max_query_length: int = setting(
        0,
        DURATION,
        "Longest range of a query; a longer one is cut at its old end, with a warning. A longer one in the query, the "
        "`[5m]` of `rate(...[5m])`, is refused.",
        "limits_config.max_query_length",
    )
    max_query_lookback: int = setting(
        0,
        DURATION,
        "How far back anything may be looked for: entries, and streams with their labels and volumes. The range of a "
        "query starts no earlier, with a warning.",
        "limits_config.max_query_lookback",
        "chunk_store_config.max_look_back_period",
    )
    max_query_series: int = setting(
        500, COUNT, "Series in the answer of a metric query.", "limits_config.max_query_series"
    )
    max_query_range: int = setting(
        0,
        DURATION,
        "Longest range of a range aggregation, the `[5m]` of `rate(...[5m])`; a longer one is refused.",
        "limits_config.max_query_range",
    )
    max_query_bytes_read: int = setting(
        0,
        BYTES,
        "Text that a query may have to read, after everything is left out that can be; beyond it is refused.",
        "limits_config.max_query_bytes_read",
    )
    max_answer_bytes: int = setting(
        256 << 20,
        BYTES,
        "Text of the lines in an answer, with the labels of each line; more is refused, but can be exported.",
    )
    max_restored_objects: int = setting(
        100,
        COUNT,
        "Archived objects that queries may have restored in 24 hours, where a tier says `restore`. 0: any number.",
    )
    max_restored_bytes: int = setting(
        10 << 30,
        BYTES,
        "The same in bytes of objects. 0: any number.",
    )
    required_labels: tuple[str, ...] = setting(
        (),
        NAMES,
        "Labels of which every selector of a query must have a matcher. Rules are not asked for them.",
        "limits_config.required_labels",
    )
    minimum_labels_number: int = setting(
        0,
        COUNT,
        "Labels that every selector of a query must at least have matchers of. Rules are not asked for them.",
        "limits_config.minimum_labels_number",
        "limits_config.required_number_label_matchers",
    )
    max_streams_matchers_per_query: int = setting(
        1000, COUNT, "Matchers of a selector.", "limits_config.max_streams_matchers_per_query"
    )
    blocked_queries: tuple[BlockedQuery, ...] = setting(
        (),
        BLOCKED_QUERIES,
        "Queries that are refused, of people and of rules: by their text, an expression in it or the FNV-1 hash of it, "
        "by types (metric, filter, limited) and by the tags in X-Query-Tags.",
        "limits_config.blocked_queries",
    )
    volume_enabled: bool = setting(True, FLAG, "Volumes may be asked for.", "limits_config.volume_enabled")
    volume_max_series: int = setting(
        1000, COUNT, "Series in an answer with volumes.", "limits_config.volume_max_series"
    )
    query_timeout: int = setting(
        1 * MINUTE,
        DURATION,
        "A query that is still running after this is stopped.",
        "limits_config.query_timeout",
        "querier.query_timeout",
        "querier.engine.timeout",
    )
    max_concurrent: int = setting(
        0, COUNT, "Queries that run at the same time; others wait. 0: two for each core.", "querier.max_concurrent"
    )
    max_query_parallelism: int = setting(
        0,
        COUNT,
        "Queries of one tenant that run at the same time; others of it wait. Tenants take turns in any case. 0: as "
        "many as run at all.",
        "limits_config.max_query_parallelism",
    )
    max_query_capacity: float = setting(
        0.0,
        SHARE,
        "The same as a part of max_concurrent, rounded up; the smaller one counts. 0: no such limit.",
        "limits_config.max_query_capacity",
    )
    max_outstanding_per_tenant: int = setting(
        2048,
        COUNT,
        "Queries of one tenant that wait for their turn; more get 429.",
        "query_scheduler.max_outstanding_requests_per_tenant",
        "frontend.max_outstanding_per_tenant",
    )
    cache_results: bool = setting(
        True,
        FLAG,
        "Keep the points of range queries that are the same whenever they are computed, so that a dashboard that is "
        "refreshed costs only its new end.",
        "query_range.cache_results",
    )
    results_cache: str = setting(
        "",
        RESULTS_CACHE,
        "Where they are kept: memcached://host:11211, with commas between several. Empty: in the process.",
        "query_range.results_cache.cache.memcached_client.addresses",
        "cache_config.memcached_client.addresses",
    )
    results_cache_max_size_mb: float = setting(
        64.0,
        MEGABYTES,
        "Memory of the process for them; unused with memcached.",
        "query_range.results_cache.cache.embedded_cache.max_size_mb",
    )
    max_cache_freshness_per_query: int = setting(
        1 * MINUTE,
        DURATION,
        "Points that are younger than this are not kept: entries still come for them. Older points that entries come "
        "late for are computed anew, whatever this says.",
        "limits_config.max_cache_freshness_per_query",
    )
    threads: int = setting(0, COUNT, "Threads that compute for all queries together. 0: one for each core.")
    memory_bytes: int = setting(
        1 << 30, BYTES, "Memory of all queries together; what needs more goes to a scratch folder in `data`."
    )
    strict_errors: bool = setting(
        False,
        FLAG,
        "A line that a stage can't parse fails a metric query, as in Loki. Off: such lines are left out and a "
        "warning counts them.",
    )
    extensions: bool = setting(
        True,
        FLAG,
        "Queries may use what Loki's language lacks: pipes, `let`, short forms. Off: such queries are refused.",
    )
    require_non_empty_matcher: bool = setting(
        False, FLAG, "Refuse `{}` and other selectors that match all streams, as Loki does."
    )
    instant_lookback: int = setting(
        1 * HOUR,
        DURATION,
        "How far back a log query on the instant endpoint looks, which Loki refuses.",
        "querier.engine.max_look_back_period",
    )
    tail_max_duration: int = setting(
        0, DURATION, "A tail is closed after this, and its client reconnects.", "querier.tail_max_duration"
    )
    max_concurrent_tail_requests: int = setting(
        100, COUNT, "Tails of a tenant that are open at the same time.", "limits_config.max_concurrent_tail_requests"
    )
