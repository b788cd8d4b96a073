"""What a push may hold. Names are Loki's wherever Loki has the setting."""

from dataclasses import dataclass

from sigyn.config.declaration import setting
from sigyn.config.structured_values import (
    OTLP_CONFIG,
    POLICY_LABELS,
    POLICY_STREAMS,
    POLICY_TIMES,
    OtlpConfig,
    PolicyLabels,
    PolicyStreams,
    PolicyTimes,
)
from sigyn.config.values import BYTES, COUNT, DURATION, FILES, FLAG, HTTP_STATUS, MEGABYTES, NAMES, TEXT, TIME
from sigyn.model.known_names import ID_LABELS, LEVEL_FIELDS, SERVICE_LABELS
from sigyn.model.time import HOUR, MINUTE, WEEK


@dataclass(frozen=True, slots=True)
class LimitsSettings:
    """What a push may hold, for each tenant. 0 means no limit."""

    ingestion_rate_mb: float = setting(
        0.0,
        MEGABYTES,
        "Lines and structured metadata taken in per second; beyond it 429.",
        "limits_config.ingestion_rate_mb",
    )
    ingestion_burst_size_mb: float = setting(
        0.0,
        MEGABYTES,
        "The same, taken in at once above the rate; 0 takes as much as one second's rate.",
        "limits_config.ingestion_burst_size_mb",
    )
    max_line_size: int = setting(
        256 << 10, BYTES, "Longest line; longer ones are refused.", "limits_config.max_line_size"
    )
    max_line_size_truncate: bool = setting(
        False, FLAG, "Cut lines that are too long instead of refusing them.", "limits_config.max_line_size_truncate"
    )
    max_line_size_truncate_identifier: str = setting(
        "",
        TEXT,
        "What a line ends with that was cut; with it the line is as long as max_line_size.",
        "limits_config.max_line_size_truncate_identifier",
    )
    increment_duplicate_timestamp: bool = setting(
        False,
        FLAG,
        "Give an entry that has the time of the entry before it in the same stream and push, and another line, the "
        "next nanosecond. Without it too, such entries come back in the order in which they were sent.",
        "limits_config.increment_duplicate_timestamp",
    )
    block_ingestion_until: int = setting(
        0,
        TIME,
        "Pushes are refused up to this time; empty: none is.",
        "limits_config.block_ingestion_until",
    )
    block_ingestion_status_code: int = setting(
        260,
        HTTP_STATUS,
        "HTTP status of pushes that are blocked. Senders do not repeat those with 260; with 200 they do not even hear "
        "of it.",
        "limits_config.block_ingestion_status_code",
    )
    policy_stream_mapping: PolicyStreams = setting(
        (),
        POLICY_STREAMS,
        "Policies with the streams that they are for: "
        """`{finance: [{selector: '{namespace="billing"}', priority: 2}]}`. Of several that match a stream the """
        "highest priority counts, then the first name.",
        "limits_config.policy_stream_mapping",
    )
    block_ingestion_policy_until: PolicyTimes = setting(
        (),
        POLICY_TIMES,
        "The same as block_ingestion_until for the streams of a policy: `{finance: 2026-01-01T00:00:00Z}`; `*` is for "
        "streams that have none.",
        "limits_config.block_ingestion_policy_until",
    )
    enforced_labels: tuple[str, ...] = setting(
        (),
        NAMES,
        "Labels that every stream must have.",
        "limits_config.enforced_labels",
    )
    policy_enforced_labels: PolicyLabels = setting(
        (),
        POLICY_LABELS,
        "Labels that the streams of a policy must have besides: `{finance: [owner]}`; `*` is for all streams.",
        "limits_config.policy_enforced_labels",
    )
    otlp_config: OtlpConfig = setting(
        OtlpConfig(),
        OTLP_CONFIG,
        "Which attributes of OTLP become labels, structured metadata or nothing, as in Loki.",
        "limits_config.otlp_config",
    )
    max_label_names_per_series: int = setting(
        15, COUNT, "Labels of a stream.", "limits_config.max_label_names_per_series"
    )
    max_label_name_length: int = setting(1024, COUNT, "Bytes of a label's name.", "limits_config.max_label_name_length")
    max_label_value_length: int = setting(
        2048, COUNT, "Bytes of a label's value.", "limits_config.max_label_value_length"
    )
    reject_old_samples: bool = setting(
        False,
        FLAG,
        "Refuse entries that are older than reject_old_samples_max_age. Off by default, unlike in Loki: entries of "
        "any age can be stored and queried.",
        "limits_config.reject_old_samples",
    )
    reject_old_samples_max_age: int = setting(
        1 * WEEK, DURATION, "Age from which entries are old.", "limits_config.reject_old_samples_max_age"
    )
    creation_grace_period: int = setting(
        10 * MINUTE,
        DURATION,
        "How far in the future an entry's timestamp may lie; with 0 no entry is taken from there.",
        "limits_config.creation_grace_period",
    )
    allow_structured_metadata: bool = setting(
        True, FLAG, "Take structured metadata. OTLP needs it.", "limits_config.allow_structured_metadata"
    )
    max_structured_metadata_size: int = setting(
        64 << 10, BYTES, "Structured metadata of an entry.", "limits_config.max_structured_metadata_size"
    )
    max_structured_metadata_entries_count: int = setting(
        128,
        COUNT,
        "Names in the structured metadata of an entry.",
        "limits_config.max_structured_metadata_entries_count",
    )
    discover_service_name: tuple[str, ...] = setting(
        SERVICE_LABELS,
        NAMES,
        "Labels from which a stream without `service_name` gets one: the first that it has, else "
        "`unknown_service`. Empty: no such label is added.",
        "limits_config.discover_service_name",
    )
    discover_log_levels: bool = setting(
        True, FLAG, "Add `detected_level` to the structured metadata.", "limits_config.discover_log_levels"
    )
    log_level_fields: tuple[str, ...] = setting(
        LEVEL_FIELDS,
        NAMES,
        "Fields of labels, structured metadata and lines that hold a level.",
        "limits_config.log_level_fields",
    )
    log_level_from_json_max_depth: int = setting(
        2,
        COUNT,
        "How deep in a line of JSON such fields are looked for; 0 for any depth.",
        "limits_config.log_level_from_json_max_depth",
    )
    ingestion_rate_lines: int = setting(0, COUNT, "Lines taken in per second; beyond it 429. As many may come at once.")
    per_stream_rate_limit: int = setting(
        0,
        BYTES,
        "Lines and structured metadata taken in per second for one stream; the rest is refused with 429. Loki has 3MB.",
        "limits_config.per_stream_rate_limit",
    )
    per_stream_rate_limit_burst: int = setting(
        0,
        BYTES,
        "The same, taken in at once above the rate; 0 takes as much as one second's rate.",
        "limits_config.per_stream_rate_limit_burst",
    )
    per_tenant_override_config: tuple[str, ...] = setting(
        (),
        FILES,
        "YAML files with what is different for some tenants, as Loki reads them: below `overrides` a map of tenants, "
        "each with those of the settings that a tenant may have of its own. Of several, with commas between them, a "
        "later one counts where they differ. Read again when one changes.",
        "limits_config.per_tenant_override_config",
        "runtime_config.file",
    )
    max_streams_per_user: int = setting(
        0,
        COUNT,
        "Streams that got entries in the last 30 minutes; entries of further ones are refused with 429. Streams "
        "are cheap, and labels that make too many are demoted, so that few need this limit.",
        "limits_config.max_streams_per_user",
    )
    max_global_streams_per_user: int = setting(
        0,
        COUNT,
        "The same, by Loki's name for a limit over several processes; the smaller one counts.",
        "limits_config.max_global_streams_per_user",
    )
    demote_labels: bool = setting(
        True,
        FLAG,
        "Keep labels whose values explode with the entries, as structured metadata, instead of making a stream of "
        "each value; queries find them as before. See labels.md.",
    )
    demote_id_labels: tuple[str, ...] = setting(
        ID_LABELS,
        NAMES,
        "Labels that hold ids; `traceID` and `TraceId` are `trace_id` here.",
    )
    demote_id_values: int = setting(
        30,
        COUNT,
        "Values at which a label of ids is demoted: one of demote_id_labels, or one nearly all of whose values are "
        "UUIDs, hexadecimal ids or long numbers; `service_name` and those of discover_service_name are not judged by "
        "their values.",
    )
    demote_values: int = setting(5000, COUNT, "Values at which any other label is demoted.")
    demote_window: int = setting(24 * HOUR, DURATION, "Time in which so many values have to come.")
    keep_labels: tuple[str, ...] = setting(
        (), NAMES, "Labels that are never demoted. Those that selectors of retention.streams name never are either."
    )
