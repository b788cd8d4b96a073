"""Settings that are lists and maps: from Loki's file, from a variable, and shown so that they can be read back."""

import pytest

from sigyn.config.environment import with_environment
from sigyn.config.errors import ConfigError
from sigyn.config.loki_yaml import read_loki
from sigyn.config.settings import DECLARATIONS, Settings
from sigyn.config.structured_values import BlockedQuery, PolicyStream

FILE = """
limits_config:
  blocked_queries:
    - pattern: '.*prod.*'
      regex: true
      types: filter,limited
    - hash: 2943214005
    - query_tags: {source: grafana}
  policy_stream_mapping:
    ops: [{selector: '{a="b"}'}]
    finance: [{selector: '{c="d"}', priority: 2}]
  block_ingestion_until: 2026-01-15T10:00:00Z
  block_ingestion_policy_until: {finance: 2026-01-15T10:00:00.5+01:00}
  policy_enforced_labels: {'*': [owner]}
  otlp_config:
    resource_attributes: {attributes_config: [{action: index_label, attributes: [team]}]}
"""


def of_file(text: str) -> Settings:
    return read_loki(text, "loki.yaml", {}).settings


def test_lists_and_maps_of_a_file() -> None:
    settings = of_file(FILE)
    first, second, third = settings.query.blocked_queries
    assert first == BlockedQuery(".*prod.*", regex=True, types=("filter", "limited"))
    assert (second.hash, third.query_tags) == (2943214005, {"source": "grafana"})
    assert settings.limits.policy_stream_mapping == (
        ("finance", (PolicyStream('{c="d"}', 2),)),
        ("ops", (PolicyStream('{a="b"}'),)),
    )
    assert settings.limits.block_ingestion_until == 1_768_471_200_000_000_000
    assert settings.limits.block_ingestion_policy_until == (("finance", 1_768_467_600_500_000_000),)
    assert settings.limits.policy_enforced_labels == (("*", ("owner",)),)
    assert settings.limits.otlp_config.resource_attributes.attributes_config[0].attributes == ("team",)


@pytest.mark.parametrize(
    "path",
    [
        "query.blocked_queries",
        "limits.policy_stream_mapping",
        "limits.block_ingestion_until",
        "limits.block_ingestion_policy_until",
        "limits.policy_enforced_labels",
        "limits.otlp_config",
    ],
)
def test_what_is_shown_can_be_read_back(path: str) -> None:
    section, _, name = path.partition(".")
    kind = DECLARATIONS[path].kind
    for value in (getattr(getattr(of_file(FILE), section), name), DECLARATIONS[path].default):
        assert kind.read(kind.show(value)) == value
    assert kind.show(DECLARATIONS[path].default) == ""


def test_a_list_in_a_variable() -> None:
    text = "[{pattern: '{a=\"b\"}'}]"
    settings = with_environment(Settings(), {"SIGYN_QUERY_BLOCKED_QUERIES": text})
    assert settings.query.blocked_queries == (BlockedQuery('{a="b"}', types=()),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("blocked_queries: [{patern: x}]", "2: .*unknown field `patern`.*write .*pattern"),
        ("blocked_queries: [{types: metrics}]", "`metrics` is no type of query: write metric, filter, limited"),
        ("blocked_queries: [{regex: true}]", "needs a `pattern`"),
        ("policy_stream_mapping: {a: [{priority: 2}]}", "missing required field `selector`"),
        ("block_ingestion_until: tomorrow", "write a time such as 2026-"),
        ("block_ingestion_policy_until: {a: soon}", "write a time such as 2026-"),
        ("otlp_config: {log_attributes: [{action: keep}]}", "`keep` is no action: write index_label"),
        ("otlp_config: {log_attributes: [{action: drop, regex: '('}]}", "2: `limits_config.otlp_config`: `\\(` is no"),
        (
            "policy_stream_mapping: {finance: [{selector: a=b}]}",
            "loki.yaml:2: `limits_config.policy_stream_mapping`: policy `finance`: `a=b`: this is no selector",
        ),
        (
            "blocked_queries: [{pattern: '(', regex: true}]",
            "loki.yaml:2: `limits_config.blocked_queries`: `\\(`: error parsing regexp: missing closing \\)",
        ),
    ],
)
def test_what_is_wrong_is_named(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        of_file(f"limits_config:\n  {text}\n")
