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
    return read_tenant_overrides(path, {"PERIOD": "48h"})


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
        tmp_path, "overrides:\n  a:\n    deletion_mode: disabled\n    max_chunks_per_query: 7\n"
    ).notices
    assert (first.key, first.line, first.matters) == ("overrides.a.deletion_mode", 3, True)
    assert (second.key, second.line) == ("overrides.a.max_chunks_per_query", 4)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (
            "overrides:\n  a:\n    retention_perod: 1h\n",
            "3: unknown key `overrides.a.retention_perod`.*_period",
        ),
        ("overrides:\n  a:\n    retention_period: soon\n", "3: `overrides.a.retention_period` is `soon`: write a dur"),
        ("overrides:\n  a:\n    retention_stream:\n      - {period: 1h}\n", "4: .*has no `selector`"),
        ("overrides:\n  a: 7\n", "2: `overrides.a` holds a map"),
        ("tenants: {}\n", "`overrides` is missing"),
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


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="can't be read"):
        read_tenant_overrides(tmp_path / "nowhere.yaml", {})
