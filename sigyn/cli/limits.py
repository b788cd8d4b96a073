"""From the settings of limits to what pushes, queries and requests of a tenant may ask for."""

import re

from msgspec import to_builtins

from sigyn.api.settings import ApiSettings, ToldLimits
from sigyn.api.tenant_settings import TenantSettings
from sigyn.cli.retention import retained_labels
from sigyn.config.limit_settings import LimitsSettings
from sigyn.config.query_settings import QuerySettings
from sigyn.config.settings import Settings
from sigyn.config.structured_values import AttributesConfig, OtlpConfig
from sigyn.languages.redaction.rule import read_expressions
from sigyn.model.time import YEAR
from sigyn.ruler.limits import RuleLimits
from sigyn.services.discovery import SERVICE_NAME
from sigyn.services.label_watch import DemotionRules
from sigyn.services.push_limits import PushLimits
from sigyn.services.push_policies import PushPolicies, StreamPolicy
from sigyn.services.query_checks import BlockedQuery, QueryChecks
from sigyn.services.query_limits import QueryLimits
from sigyn.services.redaction import RedactionRules
from sigyn.store.archives.ledger import RestoreBounds
from sigyn.wire.otlp_mapping import INDEX_LABELS, Action, AttributeRule, OtlpMapping

_MEGABYTE = 1 << 20
_NEVER = 10 * YEAR  # for a timeout of 0, which is none


def tenant_settings(settings: Settings) -> TenantSettings:
    """What a tenant with these settings may do."""
    return TenantSettings(push_limits(settings), query_limits(settings), api_settings(settings), rule_limits(settings))


def query_limits(settings: Settings) -> QueryLimits:
    """Limits of queries."""
    query = settings.query
    return QueryLimits(
        max_query_series=query.max_query_series,
        max_query_length=0,  # the API cuts longer ranges and says so
        max_window=query.max_query_length,  # but no answer would be right for a part of a window
        max_query_lookback=query.max_query_lookback,
        max_query_range=query.max_query_range,
        max_query_bytes_read=query.max_query_bytes_read,
        max_answer_bytes=query.max_answer_bytes,
        restores=RestoreBounds(query.max_restored_objects, query.max_restored_bytes),
        query_timeout=query.query_timeout or _NEVER,
        strict_errors=query.strict_errors,
        extensions=query.extensions,
        require_non_empty_matcher=query.require_non_empty_matcher,
        max_cache_freshness_per_query=query.max_cache_freshness_per_query,
        max_query_parallelism=query.max_query_parallelism,
        max_query_capacity=query.max_query_capacity,
        max_outstanding=query.max_outstanding_per_tenant,
        checks=_query_checks(query),
    )


def rule_limits(settings: Settings) -> RuleLimits:
    """Limits of rules."""
    ruler = settings.ruler
    return RuleLimits(
        max_rules=ruler.max_rules_per_rule_group,
        max_groups=ruler.max_rule_groups_per_tenant,
        evaluation_delay=ruler.evaluation_delay,
        remote_write=not ruler.remote_write_disabled,
    )


def api_settings(settings: Settings) -> ApiSettings:
    """What requests may ask for."""
    query = settings.query
    return ApiSettings(
        auth_enabled=settings.server.auth_enabled,
        max_push_bytes=settings.server.max_push_bytes,
        body_timeout=settings.server.body_timeout,
        multi_tenant_queries=query.multi_tenant_queries_enabled,
        max_entries_limit_per_query=query.max_entries_limit_per_query,
        max_query_length=query.max_query_length,
        max_query_lookback=query.max_query_lookback,
        query_timeout=query.query_timeout or _NEVER,
        instant_lookback=query.instant_lookback,
        tail_duration=query.tail_max_duration,
        max_tails=query.max_concurrent_tail_requests,
        volume_enabled=query.volume_enabled,
        volume_max_series=query.volume_max_series,
        told=_told(settings),
        otlp=_otlp_mapping(settings.limits.otlp_config),
    )


def _told(settings: Settings) -> ToldLimits:
    limits, query, retention = settings.limits, settings.query, settings.retention
    return ToldLimits(
        discover_log_levels=limits.discover_log_levels,
        discover_service_name=limits.discover_service_name,
        log_level_fields=limits.log_level_fields,
        max_line_size_truncate=limits.max_line_size_truncate,
        max_query_bytes_read=query.max_query_bytes_read,
        max_query_range=query.max_query_range,
        max_query_series=query.max_query_series,
        retention_period=retention.period if retention.enabled else 0,
        otlp_config=to_builtins(limits.otlp_config),
    )


def push_limits(settings: Settings) -> PushLimits:
    """Limits of pushes."""
    limits = settings.limits
    return PushLimits(
        max_label_names_per_series=limits.max_label_names_per_series,
        max_label_name_length=limits.max_label_name_length,
        max_label_value_length=limits.max_label_value_length,
        max_line_size=limits.max_line_size,
        max_line_size_truncate=limits.max_line_size_truncate,
        max_line_size_truncate_identifier=limits.max_line_size_truncate_identifier,
        increment_duplicate_timestamp=limits.increment_duplicate_timestamp,
        reject_old_samples=limits.reject_old_samples,
        reject_old_samples_max_age=limits.reject_old_samples_max_age,
        creation_grace_period=limits.creation_grace_period,
        allow_structured_metadata=limits.allow_structured_metadata,
        max_structured_metadata_size=limits.max_structured_metadata_size,
        max_structured_metadata_entries_count=limits.max_structured_metadata_entries_count,
        ingestion_rate=round(limits.ingestion_rate_mb * _MEGABYTE),
        ingestion_rate_lines=limits.ingestion_rate_lines,
        per_stream_rate_limit=limits.per_stream_rate_limit,
        per_stream_rate_limit_burst=limits.per_stream_rate_limit_burst,
        policies=_policies(limits),
        redaction=_redaction_rules(settings),
        ingestion_burst_size=round(limits.ingestion_burst_size_mb * _MEGABYTE),
        discover_service_name=limits.discover_service_name,
        discover_log_levels=limits.discover_log_levels,
        log_level_fields=limits.log_level_fields,
        log_level_from_json_max_depth=limits.log_level_from_json_max_depth,
        max_streams=min(filter(None, (limits.max_streams_per_user, limits.max_global_streams_per_user)), default=0),
        demotion=DemotionRules(
            enabled=limits.demote_labels,
            id_labels=limits.demote_id_labels,
            id_values=limits.demote_id_values,
            values=limits.demote_values,
            window=limits.demote_window,
            services=(SERVICE_NAME, *limits.discover_service_name),
            kept=limits.keep_labels,
            retained=retained_labels(settings.retention),
        ),
    )


def _query_checks(query: QuerySettings) -> QueryChecks:
    return QueryChecks(
        required_labels=query.required_labels,
        minimum_labels_number=query.minimum_labels_number,
        max_matchers=query.max_streams_matchers_per_query,
        blocked=tuple(
            BlockedQuery(each.pattern, each.regex, each.hash, tuple(each.types), tuple(each.query_tags.items()))
            for each in query.blocked_queries
        ),
    )


def _policies(limits: LimitsSettings) -> PushPolicies:
    return PushPolicies(
        streams=tuple(
            StreamPolicy(name, each.selector, each.priority)
            for name, streams in limits.policy_stream_mapping
            for each in streams
        ),
        enforced_labels=limits.enforced_labels,
        policy_labels=limits.policy_enforced_labels,
        blocked_until=limits.block_ingestion_until,
        policy_blocked_until=limits.block_ingestion_policy_until,
        blocked_status=limits.block_ingestion_status_code,
    )


def _otlp_mapping(config: OtlpConfig) -> OtlpMapping:
    resource = config.resource_attributes
    return OtlpMapping(
        index_labels=frozenset() if resource.ignore_defaults else INDEX_LABELS,
        resource_attributes=tuple(map(_attribute_rule, resource.attributes_config)),
        scope_attributes=tuple(map(_attribute_rule, config.scope_attributes)),
        log_attributes=tuple(map(_attribute_rule, config.log_attributes)),
        severity_text_as_label=config.severity_text_as_label,
    )


def _attribute_rule(rule: AttributesConfig) -> AttributeRule:
    regex = re.compile(rule.regex) if rule.regex else None
    return AttributeRule(Action(rule.action), frozenset(rule.attributes), regex)


def _redaction_rules(settings: Settings) -> RedactionRules:
    redaction = settings.redaction
    return RedactionRules(redaction.patterns, read_expressions(redaction.rules), redaction.hash_key)
