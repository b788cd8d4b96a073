"""Every setting reaches the part of the server that acts on it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sigyn.cli.assembly import server_settings
from sigyn.config.retention_values import STREAM_RETENTIONS, FreeSpace, StreamRetention
from sigyn.config.settings import DECLARATIONS, Settings, with_values
from sigyn.config.structured_values import BlockedQuery, OtlpConfig, PolicyStream, RelabelConfig
from sigyn.config.tiers import TIERS, Tier
from sigyn.config.values import LABEL_PAIRS, Kind
from sigyn.model.time import HOUR
from sigyn.services.push_limits import PushLimits

USED_ELSEWHERE = {"server.log_level", "server.log_format", "limits.per_tenant_override_config", "storage.prices"}
"""What `sigyn serve` uses itself, before the server is there, and what `sigyn store` uses."""

BASIS = {
    "storage.objects": "s3://logs",
    "retention.enabled": True,
    "retention.period": 1,
    "ruler.rules_bucket": "s3://rules",
    "auth.type": ("token",),
}
"""Settings without which others mean nothing."""

OTHERS = {
    "auth.type": ("none",),
    "auth.grants": "ann=read",
    "redaction.patterns": ("card",),
    "redaction.rules": "n=[0-9]",
    "limits.policy_stream_mapping": (("finance", (PolicyStream('{app="pay"}'),)),),
    "limits.policy_enforced_labels": (("finance", ("owner",)),),
    "limits.block_ingestion_policy_until": (("finance", 7),),
    "limits.otlp_config": OtlpConfig(severity_text_as_label=True),
    "query.blocked_queries": (BlockedQuery("{}"),),
    "ruler.alert_relabel_configs": (RelabelConfig(regex="app", action="labeldrop"),),
}
"""Other values of settings that take few."""

HIDDEN = {"auth.oidc_client_secret", "redaction.hash_key"}
"""What a text of the settings does not show; they have a test of their own."""

OTHER_BUCKETS = {"storage.gcs": "gs://logs", "storage.azure": "az://logs"}


_ITEMS = {
    STREAM_RETENTIONS.unit: StreamRetention("{}", 1),
    TIERS.unit: Tier("warm", 1, "s3://warm"),
    LABEL_PAIRS.unit: ("a", "b"),
}


def another(value: Any, kind: Kind) -> Any:
    """A value of this kind that is not this one."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 7
        case str():
            return "filter-only" if value == "filter-and-delete" else f"{value}7"
        case FreeSpace():
            return FreeSpace(bytes=7)
        case tuple():
            return (*value, _ITEMS.get(kind.unit, "more"))
    raise AssertionError(f"a setting of the type {type(value).__name__}")


@pytest.mark.parametrize("path", sorted(set(DECLARATIONS) - HIDDEN - USED_ELSEWHERE))
def test_a_setting_changes_what_a_part_is_told(path: str) -> None:
    bucket = next((url for prefix, url in OTHER_BUCKETS.items() if path.startswith(prefix)), "s3://logs")
    basis = with_values(Settings(), BASIS | {"storage.objects": bucket})
    declaration = DECLARATIONS[path]
    other = OTHERS.get(path) or another(BASIS.get(path, declaration.default), declaration.kind)
    changed = with_values(basis, {path: other})
    assert _without_text(basis) != _without_text(changed)


def test_pushes_have_the_same_defaults_with_and_without_settings() -> None:
    assert server_settings(Settings()).push == PushLimits()


def test_secrets_are_told_but_not_shown() -> None:
    secrets = dict.fromkeys(HIDDEN, "hush")
    settings = server_settings(with_values(Settings(), secrets))
    assert settings.access.oidc is not None
    assert settings.access.oidc.client_secret == settings.push.redaction.hash_key == "hush"
    assert "hush" not in repr(settings)


def _without_text(settings: Settings) -> tuple[Any, ...]:
    """What the parts are told, without the text of `/config`."""
    told = server_settings(settings)
    names = [name for name in type(told).__dataclass_fields__ if name != "configuration"]
    return tuple(repr(getattr(told, name)) + str(_secrets(getattr(told, name))) for name in names)


def _secrets(part: Any) -> list[Any]:
    objects = getattr(part, "objects", None) or getattr(part, "rules_bucket", None)
    catalog = getattr(part, "catalog", "")
    return [catalog, objects.secret_access_key, objects.session_token, dict(objects.options)] if objects else []


def test_retention_follows_the_file_of_overrides(tmp_path: Path) -> None:
    """Read again at run time, by everything that asks for it: periods, those of streams, and sizes."""
    file = tmp_path / "overrides.yaml"
    file.write_text("overrides: {a: {retention_period: 24h}}\n")
    basis = {
        "retention.enabled": True,
        "retention.period": 48 * HOUR,
        "limits.per_tenant_override_config": (str(file),),
    }
    rules = server_settings(with_values(Settings(), basis)).retention
    labels = {0: (("app", "x"),), 1: (("app", "y"),)}

    def periods(tenant: str) -> list[int]:
        return [
            period // HOUR for period in rules.periods(tenant, np.arange(2), labels.__getitem__, frozenset()).tolist()
        ]

    assert [periods("a"), periods("b")] == [[24, 24], [48, 48]]
    streams = "{selector: '{app=\"x\"}', period: 7h}"
    file.write_text(
        f"overrides: {{b: {{retention_stream: [{streams}], max_tenant_bytes: 1KB, deletion_mode: filter-only}}}}\n"
    )
    assert [periods("a"), periods("b")] == [[48, 48], [7, 48]]
    assert dict(rules.own_bytes) == {"b": 1024}
    assert dict(rules.own_delete_modes) == {"b": "filter-only"}
    file.write_text("overrides: {b: {retention_stream: [{selector: 'x', period: 1h}]}}\n")
    assert periods("b") == [7, 48]  # what can't be read changes nothing
    file.write_text("{}\n")
    assert [periods("a"), periods("b"), len(rules.own_bytes)] == [[48, 48], [48, 48], 0]
