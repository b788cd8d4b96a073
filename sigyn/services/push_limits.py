"""What a push may hold: limits with the names that Loki's `limits_config` gives them."""

from dataclasses import dataclass, field

from sigyn.model.known_names import LEVEL_FIELDS, SERVICE_LABELS
from sigyn.model.time import MINUTE, WEEK
from sigyn.services.label_watch import DemotionRules
from sigyn.services.push_policies import PushPolicies
from sigyn.services.redaction import RedactionRules


@dataclass(frozen=True, slots=True)
class PushLimits:
    """Limits of one tenant's pushes, and what is found out about its entries.

    Sizes are bytes, times ns. A size, rate or count of 0 is no limit. The defaults are Loki's,
    but for these: old entries are taken (`reject_old_samples`), and there is no rate limit
    (`ingestion_rate`, 0; Loki has ingestion_rate_mb 4), since a writer that can't keep up pushes
    back by itself.

    max_label_names_per_series             labels of a stream, `service_name` not counted
    max_label_name_length                  of a label's name
    max_label_value_length                 of a label's value
    max_line_size                          of a line
    max_line_size_truncate                 cut longer lines instead of refusing them
    max_line_size_truncate_identifier      what a line ends with that was cut
    increment_duplicate_timestamp          entries of a stream with one time get times of their own
    reject_old_samples                     refuse entries older than reject_old_samples_max_age
    creation_grace_period                  how far ahead of the clock an entry may be
    allow_structured_metadata              take entries with structured metadata
    max_structured_metadata_size           names and values of an entry's structured metadata
    max_structured_metadata_entries_count  pairs of an entry's structured metadata
    ingestion_rate                         of lines and structured metadata, a second; 0: no limit
    ingestion_burst_size                   what may come at once under a rate limit
    discover_service_name                  labels that name the service of a stream without
                                           `service_name`; empty: none is added
    discover_log_levels                    add `detected_level` to every entry
    log_level_fields                       fields that hold a level
    log_level_from_json_max_depth          how deep they are looked for in JSON; 0: no limit
    max_streams                            streams that may be active at a time; 0: no limit. Loki has two
                                           limits, for an ingester and for all of them
    ingestion_rate_lines                   lines a second, and at once; 0: no limit
    per_stream_rate_limit                  the same of one stream, a second; 0: no limit
    per_stream_rate_limit_burst            what may come at once under that limit
    policies                               labels that streams must have, and when they are not taken
    redaction                              what is hidden before anything is stored
    demotion                               when a label goes from the streams to the entries
    """

    max_label_names_per_series: int = 15
    max_label_name_length: int = 1024
    max_label_value_length: int = 2048
    max_line_size: int = 256 << 10
    max_line_size_truncate: bool = False
    max_line_size_truncate_identifier: str = ""
    increment_duplicate_timestamp: bool = False
    reject_old_samples: bool = False
    reject_old_samples_max_age: int = WEEK
    creation_grace_period: int = 10 * MINUTE
    allow_structured_metadata: bool = True
    max_structured_metadata_size: int = 64 << 10
    max_structured_metadata_entries_count: int = 128
    ingestion_rate: int = 0
    ingestion_burst_size: int = 0
    discover_service_name: tuple[str, ...] = SERVICE_LABELS
    discover_log_levels: bool = True
    log_level_fields: tuple[str, ...] = LEVEL_FIELDS
    log_level_from_json_max_depth: int = 2
    max_streams: int = 0
    ingestion_rate_lines: int = 0
    per_stream_rate_limit: int = 0
    per_stream_rate_limit_burst: int = 0
    policies: PushPolicies = field(default_factory=PushPolicies, hash=False)
    redaction: RedactionRules = field(default_factory=RedactionRules, hash=False)
    demotion: DemotionRules = field(default_factory=DemotionRules, hash=False)
