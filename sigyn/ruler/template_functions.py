"""The functions of Prometheus' templates, and links to Grafana's Explore.

Source of the rules: Prometheus' template reference. Functions that ask or link get the RuleContext of
the execution.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Literal, cast
from urllib.parse import quote, quote_plus, urlsplit

import msgspec

from sigyn.languages.durations import DurationError, parse_prometheus_duration
from sigyn.languages.go_numbers import FloatSyntaxError, parse_go_float
from sigyn.languages.regex import RegexError, compile_regex
from sigyn.languages.templates import Function, FunctionError, StringMap
from sigyn.languages.templates.letter_case import to_lower, to_title, to_upper
from sigyn.languages.templates.printf import sprintf
from sigyn.languages.templates.regex_functions import REGEX_FUNCTIONS
from sigyn.languages.templates.times import Duration, Time
from sigyn.model.errors import SigynError
from sigyn.model.results import Sample
from sigyn.model.time import MILLISECOND, SECOND

_LARGE = ("", "k", "M", "G", "T", "P", "E", "Z", "Y")
_LARGE_BINARY = ("", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi")
_SMALL = ("", "m", "u", "n", "p", "f", "a", "z", "y")
_FARTHEST = 1 << 63


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What functions may use: `query` answers an expression at the time of the evaluation, or raises SigynError."""

    external_url: str
    datasource_uid: str
    query: Callable[[str], Sequence[Sample]]


def explore_url(external_url: str, datasource_uid: str, query: str, over: Literal["logs", "series"] = "logs") -> str:
    """The link to a query in Grafana's Explore; empty when nobody said where Grafana is.

    The uid is of the data source that shows logs: what asks for recorded series says its type alone.
    """
    if not external_url:
        return ""
    asked: dict[str, Any] = {"refId": "A", "expr": query, "queryType": "range"}
    uid = datasource_uid if over == "logs" else ""
    if over == "series":
        asked["datasource"] = {"type": "prometheus"}
    elif uid:
        asked["datasource"] = {"type": "loki", "uid": uid}
    left = {"datasource": uid, "queries": [asked], "range": {"from": "now-1h", "to": "now"}}
    return f"{external_url.rstrip('/')}/explore?left={quote(msgspec.json.encode(left).decode(), safe='')}"


def _float(value: object) -> float:
    if isinstance(value, Duration):
        return int(value) / SECOND
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise FunctionError(f"can't convert {type(value).__name__} to float")
    try:
        return parse_go_float(value) if isinstance(value, str) else float(value)
    except FloatSyntaxError as error:
        raise FunctionError(str(error)) from None


def _short(value: float, unit: str = "") -> str:
    return sprintf("%.4g", (value,)) + unit


def _scaled(value: float, step: float, large: Sequence[str]) -> tuple[float, str]:
    """The value below `step` and the prefix that stands for the rest."""
    prefix = ""
    for prefix in large:
        if abs(value) < step:
            break
        if prefix != large[-1]:
            value /= step
    return value, prefix


def _shrunk(value: float) -> tuple[float, str]:
    """A value between 0 and 1 as one of at least 1 with its prefix."""
    prefix = ""
    for prefix in _SMALL:
        if abs(value) >= 1 or prefix == _SMALL[-1]:
            break
        value *= 1000
    return value, prefix


def _humanize(value: object) -> str:
    number = _float(value)
    if number == 0 or not math.isfinite(number):
        return _short(number)
    return _short(*(_scaled(number, 1000, _LARGE) if abs(number) >= 1 else _shrunk(number)))


def _humanize_binary(value: object) -> str:
    number = _float(value)
    if abs(number) <= 1 or not math.isfinite(number):
        return _short(number)
    return _short(*_scaled(number, 1024, _LARGE_BINARY))


def _humanize_duration(value: object) -> str:
    number = _float(value)
    if not math.isfinite(number):
        return _short(number)
    if number == 0:
        return "0s"
    if abs(number) < 1:
        scaled, prefix = _shrunk(number)
        return _short(scaled, f"{prefix}s")
    if abs(number) < 60:
        return _short(number, "s")
    whole = int(abs(number))
    sign = "-" if number < 0 else ""
    seconds, minutes, hours, days = whole % 60, whole // 60 % 60, whole // 3600 % 24, whole // 86400
    text = f"{minutes}m {seconds}s"
    if hours or days:
        text = f"{hours}h {text}"
    return sign + (f"{days}d {text}" if days else text)


def _humanize_percentage(value: object) -> str:
    return _short(_float(value) * 100, "%")


def _nanoseconds(number: float, what: str) -> int:
    if not math.isfinite(number) or abs(number * SECOND) >= _FARTHEST:
        raise FunctionError(f"{_short(number)} cannot be represented as {what}")
    return int(number * SECOND)


def _time(value: object) -> Time:
    """A moment in whole ms, which is as exact as Prometheus' times are."""
    nanoseconds = _nanoseconds(_float(value), "a time")
    whole = abs(nanoseconds) // MILLISECOND * MILLISECOND
    return Time(whole if nanoseconds >= 0 else -whole)


def _duration(value: object) -> Duration:
    return Duration(_nanoseconds(_float(value), "a duration"))


def _humanize_timestamp(value: object) -> str:
    number = _float(value)
    return _time(number).go_string() if math.isfinite(number) else _short(number)


def _parse_duration(text: str) -> float:
    try:
        return parse_prometheus_duration(text) / SECOND
    except DurationError as error:
        raise FunctionError(str(error)) from None


def _matches(pattern: str, text: str) -> bool:
    try:
        return compile_regex(pattern).search(text) is not None
    except RegexError as error:
        raise FunctionError(str(error)) from None


def _replace_all(pattern: str, replacement: str, text: str) -> object:
    return REGEX_FUNCTIONS["regexReplaceAll"].call(pattern, text, replacement)


_HOST_PORT = re.compile(r"(?:\[([^\[\]]*)\]|([^:\[\]]*)):([^:\[\]]*)")


def _host_and_port(address: str) -> tuple[str, str]:
    """Both parts of `host:port` as they are written; what is written otherwise is a host."""
    found = _HOST_PORT.fullmatch(address)
    return (found[1] or found[2] or "", found[3]) if found else (address, "")


def _strip_domain(address: str) -> str:
    host, port = _host_and_port(address)
    try:
        ip_address(host)
    except ValueError:
        host = host.partition(".")[0]
        joined = f"[{host}]" if ":" in host else host
        return f"{joined}:{port}" if port else host
    return address


def _query(context: RuleContext, text: str) -> list[object]:
    try:
        samples = context.query(text)
    except SigynError as error:
        raise FunctionError(str(error)) from None
    return [{"Labels": StringMap(sample.labels), "Value": sample.value} for sample in samples]


def _sample(value: object) -> Mapping[str, object]:
    if not isinstance(value, Mapping) or "Labels" not in value:
        raise FunctionError("this takes a sample, as `query` gives them")
    return value


def _first(values: object) -> object:
    if not isinstance(values, list) or not values:
        raise FunctionError("first() called on vector with no elements")
    return values[0]


def _label(name: str, sample: object) -> str:
    return cast(StringMap, _sample(sample)["Labels"]).get(name, "")


def _sort_by_label(name: str, samples: object) -> list[object]:
    if not isinstance(samples, list):
        raise FunctionError("sortByLabel takes samples, as `query` gives them")
    return sorted(samples, key=lambda sample: _label(name, sample))


def _args(*values: object) -> dict[str, object]:
    return {f"arg{place}": value for place, value in enumerate(values)}


def _graph(tab: int) -> Callable[[str], str]:
    return lambda expression: f"/graph?g0.expr={quote_plus(expression)}&g0.tab={tab}"


TEMPLATE_FUNCTIONS: Mapping[str, Function] = {
    "query": Function(_query, ("string",), contextual=True),
    "first": Function(_first, ("any",)),
    "label": Function(_label, ("string", "any")),
    "value": Function(lambda sample: _sample(sample)["Value"], ("any",)),
    "strvalue": Function(lambda sample: _label("__value__", sample), ("any",)),
    "sortByLabel": Function(_sort_by_label, ("string", "any")),
    "args": Function(_args, (), "any"),
    "match": Function(_matches, ("string", "string")),
    "reReplaceAll": Function(_replace_all, ("string", "string", "string")),
    "title": Function(to_title, ("string",)),
    "toUpper": Function(to_upper, ("string",)),
    "toLower": Function(to_lower, ("string",)),
    "safeHtml": Function(lambda text: text, ("string",)),
    "stripPort": Function(lambda address: _host_and_port(address)[0], ("string",)),
    "stripDomain": Function(_strip_domain, ("string",)),
    "urlQueryEscape": Function(quote_plus, ("string",)),
    "humanize": Function(_humanize, ("any",)),
    "humanize1024": Function(_humanize_binary, ("any",)),
    "humanizeDuration": Function(_humanize_duration, ("any",)),
    "humanizePercentage": Function(_humanize_percentage, ("any",)),
    "humanizeTimestamp": Function(_humanize_timestamp, ("any",)),
    "toTime": Function(_time, ("any",)),
    "toDuration": Function(_duration, ("any",)),
    "parseDuration": Function(_parse_duration, ("string",)),
    "graphLink": Function(_graph(0), ("string",)),
    "tableLink": Function(_graph(1), ("string",)),
    "externalURL": Function(lambda context: context.external_url, contextual=True),
    "pathPrefix": Function(lambda context: urlsplit(context.external_url).path, contextual=True),
    "exploreLink": Function(
        lambda context, query: explore_url(context.external_url, context.datasource_uid, query),
        ("string",),
        contextual=True,
    ),
}
"""`exploreLink` is Sigyn's own: `{{ exploreLink "{app=\\"shop\\"}" }}`."""
