"""What is different for some tenants: read as Loki reads it, refused by name where it is wrong."""

from pathlib import Path

import pytest

from sigyn.config.errors import ConfigError
from sigyn.config.retention_values import StreamRetention
from sigyn.config.tenant_overrides import TenantOverrides, read_tenant_overrides
from sigyn.model.time import DAY, HOUR


def read(tmp_path: Path, text: str) -> TenantOverrides:
    path = tmp_path / "overrides.yaml"
    path.write_text(text)
    return read_tenant_overrides([path], {"PERIOD": "48h"})


def test_values_are_by_tenant_and_setting(tmp_path: Path) -> None:
    text = """
overrides:
  "a.b":
    retention_period: ${PERIOD}
    retention_stream:
      - {selector: '{app="x"}', period: 24h, priority: 3}
  c:
    max_tenant_bytes: 1MB
"""
    assert read(tmp_path, text).tenants == {
        "a.b": {"retention.period": 2 * DAY, "retention.streams": (StreamRetention('{app="x"}', 24 * HOUR, 3),)},
        "c": {"retention.max_tenant_bytes": 1 << 20},
    }


def test_a_limit_that_can_not_differ_is_named(tmp_path: Path) -> None:
    (first, second) = read(
        tmp_path, "overrides:\n  a:\n    per_tenant_override_config: x.yaml\n    max_chunks_per_query: 7\n"
    ).notices
    assert (first.key, first.line, first.matters) == ("overrides.a.per_tenant_override_config", 3, True)
    assert (second.key, second.line) == ("overrides.a.max_chunks_per_query", 4)


@pytest.mark.parametrize(
    ("tenant", "reason"),
    [
        ("a/b", "NOT APPLIED to any request: tenant ID 'a/b' contains unsupported character '/'"),
        ("..", "NOT APPLIED to any request: tenant ID '..' is not allowed: it must not be '.' or '..'"),
        ("x" * 151, "NOT APPLIED to any request: tenant ID is too long: 151 bytes, max 150 bytes"),
        ("*", "NOT APPLIED to every tenant: this is the name of one; what holds for all stands in `limits_config`"),
    ],
)
def test_a_name_that_stands_for_no_tenant_is_named(tmp_path: Path, tenant: str, reason: str) -> None:
    (notice,) = read(tmp_path, f"overrides:\n  a*b: {{}}\n  {tenant!r}: {{max_line_size: 5}}\n").notices
    assert (notice.key, notice.line, notice.text, notice.matters) == (f"overrides.{tenant}", 3, reason, True)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "overrides:\n  a:\n    retention_perod: 1h\n",
            "3: unknown key `overrides.a.retention_perod`.*_period",
        ),
        ("overrides:\n  a:\n    retention_period: soon\n", "3: `overrides.a.retention_period` is `soon`: write a dur"),
        ("overrides:\n  a:\n    retention_stream:\n      - {period: 1h}\n", "4: .*has no `selector`"),
        (
            "overrides:\n  a:\n    retention_stream:\n      - {selector: a=b, period: 1h}\n",
            "4: `overrides.a.retention_stream.0..selector` is `a=b`: this is no selector: parse error",
        ),
        (
            "overrides:\n  a:\n    policy_stream_mapping: {p: [{selector: '{a=b}'}]}\n",
            "3: `overrides.a.policy_stream_mapping`: policy `p`: `{a=b}`: this is no selector: parse error",
        ),
        (
            "overrides:\n  a:\n    redaction_rules: ssn\n",
            "3: `overrides.a.redaction_rules` is `ssn`: `ssn` is no rule: write name=expression",
        ),
        ("overrides:\n  a:\n    redaction_patterns: emial\n", "3: `overrides.a.redaction_patterns` is `emial`: unk"),
        ("overrides:\n  a:\n    block_ingestion_status_code: 999\n", "3: .* is `999`: write an HTTP status, from 200"),
        ("overrides:\n  a:\n    max_query_capacity: 2\n", "3: `overrides.a.max_query_capacity` is `2`: write a number"),
        ("overrides:\n  a: 7\n", "2: `overrides.a` holds a map"),
        ("tenants: {}\n", "1: unknown key `tenants`"),
        ("overrides: [a]\n", "1: `overrides` holds a map"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        read(tmp_path, text)


def test_all_that_is_wrong_is_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read(tmp_path, "overrides:\n  a:\n    retention_perod: 1h\n    max_line_size: big\n  b: 7\n")
    unknown, big, no_map = str(refused.value).splitlines()
    assert ":3: unknown key `overrides.a.retention_perod`" in unknown
    assert ":4: `overrides.a.max_line_size` is `big`: write a size" in big
    assert ":5: `overrides.b` holds a map of limits" in no_map


@pytest.mark.parametrize("text", ["", "{}\n", "overrides:\n", "overrides: {}\n", "# none yet\n"])
def test_a_file_may_name_no_tenant(tmp_path: Path, text: str) -> None:
    """Loki's Helm chart makes such a file when it is given no overrides."""
    assert read(tmp_path, text) == TenantOverrides({}, ())


def test_what_is_empty_is_as_for_all(tmp_path: Path) -> None:
    text = (
        "overrides:\n  a:\n  b.c: {max_line_size: null, shard_streams: null, ingestion_rate_mb: 1}\nconfigs: {x: {}}\n"
    )
    found = read(tmp_path, text)
    assert found.tenants == {"a": {}, "b.c": {"limits.ingestion_rate_mb": 1}}
    assert [(notice.key, notice.line) for notice in found.notices] == [("configs", 4)]


def test_of_two_names_the_same_counts_as_in_the_main_file(tmp_path: Path) -> None:
    entries, deletes = "max_entries_limit: 7, max_entries_limit_per_query: 8", "deletion_mode: filter-only"
    limits = f"{{{entries}, {deletes}, allow_deletes: no}}"
    found = read(tmp_path, f"overrides:\n  a: {limits}\n  a: {{allow_deletes: false}}\n  b: {limits}\n")
    assert found.tenants == {
        "a": {"deletes.mode": "disabled"},
        "b": {"query.max_entries_limit_per_query": 8, "deletes.mode": "filter-only"},
    }
    assert [str(notice).partition(": ")[2] for notice in found.notices] == [
        "overrides.a: stands here and in line 2; the later one counts",
        "overrides.b.max_entries_limit: `max_entries_limit_per_query` stands there too, and counts",
        "overrides.b.allow_deletes: `deletion_mode` stands there too, and counts",
    ]


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        read_tenant_overrides([tmp_path / "nowhere.yaml"], {})


def read_several(tmp_path: Path, *texts: str) -> TenantOverrides:
    paths = [tmp_path / f"{number}.yaml" for number in range(len(texts))]
    for path, text in zip(paths, texts, strict=True):
        path.write_text(text)
    return read_tenant_overrides(paths, {})


def test_of_several_files_a_later_one_counts(tmp_path: Path) -> None:
    merged = read_several(
        tmp_path,
        """
overrides:
  a: {max_query_series: 1, retention_period: 24h, keep_labels: [one, two]}
  b: {otlp_config: {severity_text_as_label: true, log_attributes: [{action: drop, attributes: [one]}]}}
""",
        "",
        """
overrides:
  a: {max_query_series: 2, keep_labels: [three], retention_period: }
  b: {otlp_config: {log_attributes: [{action: drop, attributes: [two]}]}}
  c: {max_query_series: 3}
""",
    ).tenants
    assert merged["a"] == {"query.max_query_series": 2, "limits.keep_labels": ("three",)}
    assert merged["c"] == {"query.max_query_series": 3}
    config = merged["b"]["limits.otlp_config"]
    assert config.severity_text_as_label
    assert [rule.attributes for rule in config.log_attributes] == [("two",)]


def test_what_is_wrong_in_one_of_several_files_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as refused:
        read_several(
            tmp_path,
            "overrides:\n  a:\n    max_query_series: many\n",
            "overrides: []\n",
            "overrides:\n  b:\n    max_query_serie: 1\nother: {}\n",
            "overrides: {c: {max_chunks_per_query: 7}}",
        )
    problems = str(refused.value).splitlines()
    assert len(problems) == 4
    assert f"{tmp_path}/0.yaml:3: `overrides.a.max_query_series` is `many`" in problems[0]
    assert f"{tmp_path}/1.yaml:1: `overrides` holds a map" in problems[1]
    assert f"{tmp_path}/2.yaml:4: unknown key `other`" in problems[2]
    assert f"{tmp_path}/2.yaml:3: unknown key `overrides.b.max_query_serie`" in problems[3]
    (notice,) = read_several(tmp_path, "", "overrides: {c: {max_chunks_per_query: 7}}").notices
    assert (notice.source, notice.key) == (f"{tmp_path}/1.yaml", "overrides.c.max_chunks_per_query")


def test_a_file_that_is_not_there_is_named_among_several(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("")
    with pytest.raises(ConfigError, match=r"nowhere.yaml can't be read"):
        read_tenant_overrides([tmp_path / "a.yaml", tmp_path / "nowhere.yaml"], {})


def test_a_misspelt_setting_is_told_its_neighbours_once_each(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, "overrides: {a: {max_lin_size: 5MB}}")
    assert str(caught.value).count("`max_line_size`") == 1
