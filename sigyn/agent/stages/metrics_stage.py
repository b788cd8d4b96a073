"""`metrics`: counts what passes.

Beside Promtail's own options there are those that configurations in the wild expect: `value`, `match`,
`buckets`, `value_name` and `value_type` beside `type`, without a `config`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from sigyn.agent.config.decoding import decode, is_null, key_text
from sigyn.agent.config.document import Node, Table
from sigyn.agent.config.units import AnyText, Duration
from sigyn.agent.entry import AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.metrics import DEFAULT_BUCKETS, DEFAULT_IDLE, Metric, MetricType
from sigyn.agent.stages.stage import Stage, StageContext, StageKind
from sigyn.agent.stages.values import byte_length, to_number, to_text
from sigyn.languages.go_numbers import FloatSyntaxError, parse_go_float
from sigyn.model.time import SECOND

_METRIC_NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
_ACTIONS: Mapping[MetricType, tuple[str, ...]] = {
    "counter": ("inc", "add"),
    "gauge": ("set", "inc", "dec", "add", "sub"),
    "histogram": ("",),
}
_VALUE_TYPES: Mapping[str, float] = {
    "": 1.0,
    "seconds": 1.0,
    "milliseconds": 1e3,
    "microseconds": 1e6,
    "nanoseconds": 1e9,
}

Update = Callable[[AgentEntry], None]


@dataclass(frozen=True, slots=True)
class MetricConfig:
    """`config` of a metric."""

    match_all: bool | None = None
    count_entry_bytes: bool | None = None
    value: str | None = None
    action: str = ""
    buckets: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricOptions:
    """One metric.

    Without `config`, a counter adds `value` (1 if there is none) for every entry that `match`
    selects; a gauge is set to, and a histogram observes, the extracted value `value_name`, whose
    numbers are in `value_type` and are counted in seconds.
    """

    type: str = ""
    description: str = ""
    source: str | None = None
    prefix: str = ""
    max_idle_duration: Duration | None = None
    config: MetricConfig | None = None
    match: str = ""
    value: AnyText | None = None
    value_name: str = ""
    value_type: str = ""
    buckets: tuple[float, ...] = ()
    action: str = ""


def read_metrics(node: Node, path: str) -> Mapping[str, MetricOptions]:
    """Metrics by name. Raises ConfigurationError."""
    if is_null(node):
        return {}
    if not isinstance(node, Table):
        raise ConfigurationError(f"{path} has to be a map of metrics", line=node.line)
    names = [(key_text(key, path, True), value) for key, value in node.entries]
    return {name: decode(value, MetricOptions, f"{path}.{name}", strict=True) for name, value in names}


def _compile(options: Mapping[str, MetricOptions], context: StageContext) -> Stage:
    updates = [_compile_metric(name, each, context) for name, each in options.items()]

    def run(entries: list[AgentEntry]) -> list[AgentEntry]:
        for entry in entries:
            for update in updates:
                update(entry)
        return entries

    return Stage(run)


def _compile_metric(name: str, options: MetricOptions, context: StageContext) -> Update:
    type_ = _type(options.type)
    config = options.config or _config_beside(options, type_)
    _check(config, type_)
    idle = DEFAULT_IDLE if options.max_idle_duration is None else options.max_idle_duration
    if idle < SECOND:
        raise ConfigurationError("max_idle_duration less than 1s not allowed")
    full_name = (options.prefix or "promtail_custom_") + name
    if not _METRIC_NAME.fullmatch(full_name):
        raise ConfigurationError(f"`{full_name}` is no valid name of a metric")
    bounds = (config.buckets or DEFAULT_BUCKETS) if type_ == "histogram" else ()
    if list(bounds) != sorted(set(bounds)):
        raise ConfigurationError(f"the buckets of `{full_name}` have to increase")
    metric = context.metrics.metric(full_name, type_, options.description, bounds=bounds, max_idle=idle)
    source = options.source or options.value_name or name
    update = _compile_update(metric, source, config, _scale(options))
    if options.config is None and type_ == "counter" and options.source is None and not options.value_name:
        update = partial(_add_fixed, metric, _fixed(options.value))
    if not options.match:
        return update
    # Here and not above: few metrics have a `match`, and LogQL's parser is a third of the agent's start.
    from sigyn.agent.stages.extracted_selector import compile_extracted_selector

    matches = compile_extracted_selector(options.match)
    return lambda entry: update(entry) if matches(entry) else None


def _type(text: str) -> MetricType:
    for type_ in _ACTIONS:
        if text.lower() == type_:
            return type_
    raise ConfigurationError(
        f"invalid metric type '{text.lower()}', metric type must be one of 'counter', 'gauge', or 'histogram'"
    )


def _config_beside(options: MetricOptions, type_: MetricType) -> MetricConfig:
    """What the options beside `type` amount to when there is no `config`."""
    action = options.action
    if not action and type_ == "counter" and (options.value is not None or options.match or options.value_name):
        action = "add"
    if not action and type_ == "gauge" and options.value_name:
        action = "set"
    return MetricConfig(action=action, buckets=options.buckets)


def _check(config: MetricConfig, type_: MetricType) -> None:
    if config.match_all and config.value is not None:
        raise ConfigurationError(
            "`match_all: true` cannot be combined with `value`, please remove `match_all` or `value`"
        )
    if config.count_entry_bytes and not config.match_all:
        raise ConfigurationError("`count_entry_bytes: true` can only be set with `match_all: true`")
    if config.count_entry_bytes and config.action.lower() != "add":
        raise ConfigurationError("`count_entry_bytes: true` can only be set with `action: add`")
    actions = _ACTIONS[type_]
    if type_ == "histogram":
        return
    if not config.action:
        raise ConfigurationError(f"{type_} action must be defined, one of {', '.join(actions)}")
    if config.action.lower() not in actions:
        raise ConfigurationError(f"the action of a {type_} has to be one of {', '.join(actions)}, not {config.action}")


def _scale(options: MetricOptions) -> float:
    scale = _VALUE_TYPES.get(options.value_type.lower())
    if scale is None:
        names = ", ".join(name for name in _VALUE_TYPES if name)
        raise ConfigurationError(f"unknown value_type `{options.value_type}`; it has to be one of {names}")
    return scale


def _fixed(value: str | None) -> float:
    try:
        return 1.0 if value is None else parse_go_float(value)
    except FloatSyntaxError:
        raise ConfigurationError(f"the `value` of a counter has to be a number, not `{value}`") from None


def _add_fixed(metric: Metric, amount: float, entry: AgentEntry) -> None:
    metric.add(entry.labels, amount)


def _compile_update(metric: Metric, source: str, config: MetricConfig, scale: float) -> Update:
    apply = _compile_action(metric, config.action.lower(), scale)
    if config.match_all:
        if config.count_entry_bytes:
            return lambda entry: metric.add(entry.labels, byte_length(entry.line))
        return lambda entry: apply(entry.labels, None)
    wanted = config.value

    def update(entry: AgentEntry) -> None:
        if source not in entry.extracted:
            return
        value = entry.extracted[source]
        if wanted is None or to_text(value) == wanted:
            apply(entry.labels, value)

    return update


def _compile_action(metric: Metric, action: str, scale: float) -> Callable[[Mapping[str, str], object], None]:
    match action:
        case "inc":
            return lambda labels, _value: metric.add(labels, 1)
        case "dec":
            return lambda labels, _value: metric.add(labels, -1)

    def apply(labels: Mapping[str, str], value: object) -> None:
        number = to_number(value)
        if number is None:
            return
        if scale != 1.0 and not _is_duration(value):
            number /= scale
        match action:
            case "set":
                metric.set(labels, number)
            case "add":
                metric.add(labels, number)
            case "sub":
                metric.add(labels, -number)
            case _:
                metric.observe(labels, number)

    return apply


def _is_duration(value: object) -> bool:
    """Whether a text carries its own unit, as `120ms` does."""
    return isinstance(value, str) and value[-1:] in ("s", "m", "h")


KIND = StageKind("metrics", read_metrics, _compile)
