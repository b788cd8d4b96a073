"""Settings of the API, with Loki's names and defaults where Loki has the setting."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sigyn.model.known_names import LEVEL_FIELDS, SERVICE_LABELS
from sigyn.model.time import HOUR, MINUTE, SECOND
from sigyn.wire.otlp_mapping import OtlpMapping


@dataclass(frozen=True, slots=True)
class ToldLimits:
    """What Logs Drilldown is told of limits that other parts keep to; Loki's names, times in ns, sizes in bytes."""

    discover_log_levels: bool = True
    discover_service_name: tuple[str, ...] = SERVICE_LABELS
    log_level_fields: tuple[str, ...] = LEVEL_FIELDS
    max_line_size_truncate: bool = False
    max_query_bytes_read: int = 0
    max_query_range: int = 0
    max_query_series: int = 500
    retention_period: int = 0
    otlp_config: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """What a request may ask for. Times are ns, sizes bytes; 0 means no limit where a limit is named.

    auth_enabled                 take the tenant from X-Scope-OrgID and refuse requests without it
    multi_tenant_queries         a query may name several tenants, `a|b`
    max_push_bytes               body of one push, as sent
    max_decompressed_bytes       the same, decompressed
    raise_max_push               what would let larger bodies in, as it ends a refusal,
    raise_max_decompressed       and the same for decompressed ones; empty where nothing would
    push_memory_bytes            bodies and entries of all pushes under way; more are refused with 429
    decode_in_thread_bytes       bodies from this size on are decoded in a worker thread
    max_form_bytes               body of a form POST
    body_timeout                 a body of which nothing comes for so long is given up
    max_entries_limit_per_query  a larger `limit` is lowered to this, with a warning
    max_query_length             longer ranges are cut at their old end, with a warning
    max_query_lookback           ranges start no earlier than this before now, with a warning
    query_timeout                a query still running after this answers what it has
    timeout_grace                after this much more the API gives up on it with 504
    slow_query                   queries that took this long are logged at info
    gzip_bytes                   answers from this size on are compressed for clients that accept it
    instant_lookback             how far a log query on the instant endpoint looks back
    line_sample                  lines that detected_fields reads when the request doesn't say
    pattern_sample               lines that patterns reads at most, fewer where they are long
    volume_series                series of index/volume when the request doesn't say
    tail_queue                   entries that wait for a slow tail client before some are dropped
    tail_duration                a tail is closed after this; 0 leaves it open, since an idle one costs nothing
    max_tails                    tails of a tenant that are open at the same time
    volume_enabled               volumes may be asked for
    volume_max_series            series of index/volume at most
    export_page_bytes            text that an export holds at a time, roughly
    told                         limits that Logs Drilldown is told of
    otlp                         which OTLP attributes become labels
    """

    auth_enabled: bool = False
    max_push_bytes: int = 64 << 20
    max_decompressed_bytes: int = 256 << 20
    raise_max_push: str = ", or raise server.max_push_bytes"
    raise_max_decompressed: str = ""
    push_memory_bytes: int = 256 << 20
    decode_in_thread_bytes: int = 64 << 10
    max_form_bytes: int = 10 << 20
    multi_tenant_queries: bool = True
    body_timeout: int = 30 * SECOND
    max_entries_limit_per_query: int = 5_000
    max_query_length: int = 0
    max_query_lookback: int = 0
    query_timeout: int = 1 * MINUTE
    timeout_grace: int = 10 * SECOND
    slow_query: int = 10 * SECOND
    gzip_bytes: int = 8 << 10
    instant_lookback: int = 1 * HOUR
    line_sample: int = 1_000
    pattern_sample: int = 20_000
    volume_series: int = 100
    tail_queue: int = 10_000
    tail_duration: int = 0
    max_tails: int = 100
    volume_enabled: bool = True
    volume_max_series: int = 1_000
    export_page_bytes: int = 16 << 20
    told: ToldLimits = field(default_factory=ToldLimits)
    otlp: OtlpMapping = field(default_factory=OtlpMapping)
