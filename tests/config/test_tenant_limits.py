"""The limits of a tenant as they are shown read back as its overrides."""

import textwrap

import yaml

from sigyn.config.settings import Settings, settings_of, with_values
from sigyn.config.tenant_limits import show_limits
from sigyn.config.tenant_overrides import OF_A_TENANT, parse_tenant_overrides

OWN = """
ingestion_rate_mb: 4.5
max_line_size: 100KB
discover_log_levels: false
discover_service_name: []
block_ingestion_until: 2026-01-02T03:04:05Z
otlp_config:
  resource_attributes:
    ignore_defaults: true
    attributes_config: [{action: index_label, attributes: [service.name], regex: 'k8s\\..*'}]
policy_stream_mapping: {finance: [{selector: '{a="b"}', priority: 2}]}
policy_enforced_labels: {finance: [owner]}
query_timeout: 90s
required_labels: [app, env]
blocked_queries: [{pattern: '{a="b"}', types: [metric]}]
retention_period: 31d
retention_stream: [{selector: '{app="debug"}', priority: 3, period: 24h}]
deletion_mode: filter-only
ruler_max_rule_groups_per_tenant: 5
redaction_patterns: [email, card]
max_tenant_bytes: 10GB
"""


def read(limits: str) -> Settings:
    text = "overrides:\n  team:\n" + textwrap.indent(limits, "    ")
    overrides = parse_tenant_overrides([("overrides.yaml", text)], {})
    assert [str(notice) for notice in overrides.notices] == []
    return settings_of(Settings(tenants=overrides.tenants), "team")


def test_what_is_shown_reads_back() -> None:
    for settings in (Settings(), read(OWN)):
        shown = show_limits(settings)
        again = read(shown)
        assert show_limits(again) == shown
        assert again.limits == settings.limits
        assert again.query == settings.query
        assert (again.retention, again.deletes, again.ruler) == (settings.retention, settings.deletes, settings.ruler)
        assert again.redaction == settings.redaction


def test_names_and_values_are_those_of_lokis_limits() -> None:
    shown = yaml.safe_load(show_limits(read(OWN)))
    assert len(shown) == len(OF_A_TENANT)
    expected = yaml.safe_load(OWN)
    expected |= {"block_ingestion_until": "2026-01-02T03:04:05Z", "query_timeout": "1m30s"}
    expected["retention_stream"][0]["period"] = "1d"
    assert {name: shown[name] for name in expected} == expected
    assert shown["max_label_names_per_series"] == 15


def test_the_key_of_hashes_is_hidden() -> None:
    shown = show_limits(with_values(Settings(), {"redaction.hash_key": "hushhush"}))
    assert yaml.safe_load(shown)["redaction_hash_key"] == "<hidden>"
