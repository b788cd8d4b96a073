"""Kinds of setting that are lists and maps: as in Loki's YAML, or in one line of YAML in a variable."""

import re
from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import msgspec
import yaml

from sigyn.config.expressions import check_expression, check_relabelling, check_selector
from sigyn.config.values import Kind, read_names, read_time, show_time

Read = TypeVar("Read")


class BlockedQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Queries that are refused: by their text, an expression in it, or its FNV-1 hash; by their types and tags."""

    pattern: str = ""
    regex: bool = False
    hash: int = 0
    types: str | tuple[str, ...] = ""
    query_tags: dict[str, str] = {}


class PolicyStream(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Streams that a policy is for."""

    selector: str
    priority: int = 0


class AttributesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What becomes of OTLP attributes: those that are named, or whose names an expression matches."""

    action: str
    attributes: tuple[str, ...] = ()
    regex: str = ""


class ResourceAttributes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What becomes of the attributes of resources; `ignore_defaults` leaves out Loki's list of labels."""

    ignore_defaults: bool = False
    attributes_config: tuple[AttributesConfig, ...] = ()


class OtlpConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What becomes of OTLP attributes."""

    resource_attributes: ResourceAttributes = ResourceAttributes()
    scope_attributes: tuple[AttributesConfig, ...] = ()
    log_attributes: tuple[AttributesConfig, ...] = ()
    severity_text_as_label: bool = False


class RelabelConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A step of Prometheus' relabelling."""

    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    target_label: str = ""
    regex: str = "(.*)"
    modulus: int = 0
    replacement: str = "$1"
    action: str = "replace"


PolicyStreams: TypeAlias = tuple[tuple[str, tuple[PolicyStream, ...]], ...]
PolicyLabels: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]
PolicyTimes: TypeAlias = tuple[tuple[str, int], ...]

QUERY_TYPES = ("metric", "filter", "limited")
ACTIONS = ("index_label", "structured_metadata", "drop")


def _structured(unit: str, type: Any, freeze: Callable[[Any], Any], thaw: Callable[[Any], Any]) -> Kind:
    """A kind of lists and maps. `freeze` makes the setting of what was read as `type`, and `thaw` undoes it."""
    empty: Any = {} if unit.startswith("{") else []

    def read(text: str) -> Any:
        try:
            plain = yaml.load(text, Loader=yaml.BaseLoader)
        except yaml.YAMLError:
            raise ValueError(f"write {unit}") from None
        try:
            return freeze(msgspec.convert(plain or empty, type, strict=False))
        except msgspec.ValidationError as error:
            raise ValueError(f"{error}; write {unit}") from None

    def show(value: Any) -> str:
        plain = msgspec.to_builtins(thaw(value))
        return msgspec.json.encode(plain).decode() if plain else ""

    return Kind(unit, read, show, structured=True)


def _blocked(queries: list[BlockedQuery]) -> tuple[BlockedQuery, ...]:
    return tuple(map(_checked, queries))


def _checked(query: BlockedQuery) -> BlockedQuery:
    types = read_names(query.types) if isinstance(query.types, str) else query.types
    if wrong := [each for each in types if each not in QUERY_TYPES]:
        raise ValueError(f"`{wrong[0]}` is no type of query: write {', '.join(QUERY_TYPES)}")
    if not (query.pattern or query.hash or types or query.query_tags):
        raise ValueError("a blocked query needs a `pattern`, a `hash`, `types` or `query_tags`")
    if query.regex:
        _named(query.pattern, check_expression)
    return msgspec.structs.replace(query, types=types)


def _otlp(config: OtlpConfig) -> OtlpConfig:
    resource = config.resource_attributes.attributes_config
    for rule in (*resource, *config.scope_attributes, *config.log_attributes):
        if rule.action not in ACTIONS:
            raise ValueError(f"`{rule.action}` is no action: write {', '.join(ACTIONS)}")
        try:
            re.compile(rule.regex)
        except re.error as error:
            raise ValueError(f"`{rule.regex}` is no expression: {error}") from None
    return config


def _policies(policies: dict[str, tuple[PolicyStream, ...]]) -> PolicyStreams:
    for name, streams in policies.items():
        for each in streams:
            try:
                _named(each.selector, check_selector)
            except ValueError as error:
                raise ValueError(f"policy `{name}`: {error}") from None
    return tuple(sorted(policies.items()))


def _relabelling(steps: tuple[RelabelConfig, ...]) -> tuple[RelabelConfig, ...]:
    for step in steps:
        check_relabelling(msgspec.structs.asdict(step))
    return steps


def _named(text: str, check: Callable[[str], None]) -> None:
    """What is wrong with a text among others names it."""
    try:
        check(text)
    except ValueError as error:
        raise ValueError(f"`{text}`: {error}") from None


def _times(times: dict[str, str]) -> PolicyTimes:
    return tuple((name, read_time(text)) for name, text in sorted(times.items()))


BLOCKED_QUERIES = _structured("[{pattern, regex, types, hash, query_tags}, ...]", list[BlockedQuery], _blocked, list)
POLICY_STREAMS = _structured(
    "{policy: [{selector, priority}, ...], ...}",
    dict[str, tuple[PolicyStream, ...]],
    _policies,
    dict,
)
POLICY_LABELS = _structured(
    "{policy: [label, ...], ...}",
    dict[str, tuple[str, ...]],
    lambda policies: tuple(sorted(policies.items())),
    dict,
)
POLICY_TIMES = _structured(
    "{policy: time, ...}",
    dict[str, str],
    _times,
    lambda times: {name: show_time(time) for name, time in times},
)
OTLP_CONFIG = _structured(
    "{resource_attributes, scope_attributes, log_attributes, severity_text_as_label}",
    OtlpConfig,
    _otlp,
    lambda config: {} if config == OtlpConfig() else config,
)
RELABEL_CONFIGS = _structured(
    "[{source_labels, separator, regex, target_label, replacement, modulus, action}, ...]",
    tuple[RelabelConfig, ...],
    _relabelling,
    list,
)
