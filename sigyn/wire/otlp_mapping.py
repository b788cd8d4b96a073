"""Where OpenTelemetry's attributes go: to labels, to structured metadata, or nowhere.

The default is Loki's (documentation: Ingesting logs to Loki using OpenTelemetry Collector), which
`limits_config.otlp_config` changes.
"""

import base64
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import msgspec

from sigyn.wire.metadata import sanitize_name

Value: TypeAlias = "str | bool | int | float | bytes | list[Value] | dict[str, Value] | None"
"""An OpenTelemetry AnyValue."""

INDEX_LABELS = frozenset(
    {
        "cloud.availability_zone",
        "cloud.region",
        "container.name",
        "deployment.environment",
        "deployment.environment.name",
        "k8s.cluster.name",
        "k8s.container.name",
        "k8s.cronjob.name",
        "k8s.daemonset.name",
        "k8s.deployment.name",
        "k8s.job.name",
        "k8s.namespace.name",
        "k8s.pod.name",
        "k8s.replicaset.name",
        "k8s.statefulset.name",
        "service.instance.id",
        "service.name",
        "service.namespace",
    }
)
"""Resource attributes that are labels when the configuration says nothing else."""


class Action(StrEnum):
    """What becomes of an attribute, in the words of otlp_config."""

    INDEX_LABEL = "index_label"
    STRUCTURED_METADATA = "structured_metadata"
    DROP = "drop"


@dataclass(frozen=True, slots=True)
class AttributeRule:
    """`action` for the attributes that are named or whose whole name the expression matches."""

    action: Action
    attributes: frozenset[str] = frozenset()
    regex: re.Pattern[str] | None = None

    def applies(self, name: str) -> bool:
        return name in self.attributes or (self.regex is not None and self.regex.fullmatch(name) is not None)


@dataclass(frozen=True, slots=True)
class OtlpMapping:
    """otlp_config: rules for each kind of attribute, of which the first that applies counts."""

    index_labels: frozenset[str] = INDEX_LABELS
    resource_attributes: tuple[AttributeRule, ...] = ()
    scope_attributes: tuple[AttributeRule, ...] = ()
    log_attributes: tuple[AttributeRule, ...] = ()
    severity_text_as_label: bool = False

    def resource_action(self, name: str) -> Action:
        default = Action.INDEX_LABEL if name in self.index_labels else Action.STRUCTURED_METADATA
        return _action(self.resource_attributes, name, default)

    def scope_action(self, name: str) -> Action:
        return _action(self.scope_attributes, name, Action.STRUCTURED_METADATA)

    def log_action(self, name: str) -> Action:
        return _action(self.log_attributes, name, Action.STRUCTURED_METADATA)


def _action(rules: tuple[AttributeRule, ...], name: str, default: Action) -> Action:
    return next((rule.action for rule in rules if rule.applies(name)), default) if rules else default


def flatten(name: str, value: Value) -> Iterator[tuple[str, str]]:
    """An attribute as pairs of name and text: maps are taken apart, their keys joined by `_`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flatten(f"{name}_{key}", inner)
    else:
        yield sanitize_name(name), value if isinstance(value, str) else as_text(value)


def as_text(value: Value) -> str:
    """A value as text, as the collector's `AsString` gives it; maps and arrays as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return ""
    if isinstance(value, float):
        return _float_text(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, int):
        return str(value)
    return msgspec.json.encode(_plain(value), order="sorted").decode()


def _plain(value: Value) -> object:
    """`value` as what JSON can say: bytes in base64, numbers beyond JSON as text."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float):
        if not math.isfinite(value):
            return _float_text(value)
        return int(value) if value.is_integer() and abs(value) < 1e21 else value
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return value


def _float_text(value: float) -> str:
    """As ECMAScript prints it: `1`, `0.5`, `1e+21`, `1e-7`."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value)) if value or math.copysign(1, value) > 0 else "-0"
    text = repr(value)
    if "e" not in text:
        return text
    digits, _, exponent = text.partition("e")
    if -7 < int(exponent) < 0:
        return f"{value:.{len(digits.replace('.', '').lstrip('-')) - 1 - int(exponent)}f}"
    return f"{digits}e{int(exponent):+d}"
