"""`rules` and `alerts`: how rules fare, as Grafana's alerting pages read it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.encoding.numbers import format_exponent
from sigyn.api.prometheus.errors import in_prometheus_words
from sigyn.api.requests import Arguments, api_of, arguments_of, tenant_of
from sigyn.api.responses import json_response
from sigyn.model.errors import BadRequest
from sigyn.model.rfc3339 import format_rfc3339_nano
from sigyn.model.time import SECOND
from sigyn.ruler.alert import Alert
from sigyn.ruler.group_run import GroupRun, RuleStatus
from sigyn.ruler.rule import AlertingRule, Rule

_NEVER = "0001-01-01T00:00:00Z"
_TYPES = {"alert": "alerting", "record": "recording"}


@in_prometheus_words
async def rule_states(request: Request) -> Response:
    """`/prometheus/api/v1/rules`: by `type`, `file[]`, `rule_group[]` and `rule_name[]`, or all. Raises BadRequest.

    Prometheus' `warnings`, which Grafana passes over here, are what is wrong with files of rules.
    """
    ruler, tenant = api_of(request).ruler, tenant_of(request)
    arguments = await arguments_of(request)
    kind = arguments.first("type")
    if kind and kind not in _TYPES:
        raise BadRequest(f'invalid parameter "type": not supported value "{kind}"; it is {" or ".join(_TYPES)}')
    return _success({"groups": list(_groups(ruler.groups(tenant), arguments))}, ruler.problems(tenant))


async def alerts(request: Request) -> Response:
    """`/prometheus/api/v1/alerts`: what is pending or fires."""
    runs = api_of(request).ruler.groups(tenant_of(request))
    return _success({"alerts": [_alert(alert) for run in runs for alert in _active(run)]})


def _success(data: object, warnings: Sequence[str] = ()) -> Response:
    told = {"warnings": warnings} if warnings else {}
    return json_response({"status": "success", "data": data, "errorType": "", "error": "", **told})


def _groups(runs: Iterable[GroupRun], arguments: Arguments) -> Iterator[dict[str, Any]]:
    files, names = arguments.all("file[]"), arguments.all("rule_group[]")
    for run in runs:
        if (files and run.key.namespace not in files) or (names and run.group.name not in names):
            continue
        rules = list(_rules(run, arguments))
        if rules or not (arguments.first("type") or arguments.all("rule_name[]")):
            yield {
                "name": run.group.name,
                "file": run.key.namespace,
                "rules": rules,
                "interval": run.interval / SECOND,
                "limit": run.group.limit,
                "evaluationTime": run.seconds,
                "lastEvaluation": _time(run.state.evaluated),
            }


def _rules(run: GroupRun, arguments: Arguments) -> Iterator[dict[str, Any]]:
    kind, names = _TYPES.get(arguments.first("type")), arguments.all("rule_name[]")
    with_alerts = arguments.first("exclude_alerts") != "true"
    for place, (rule, status) in enumerate(zip(run.group.rules, run.statuses, strict=True)):
        shown = _rule(rule, status, run.rule_state(place).alerts, with_alerts)
        if (kind is None or shown["type"] == kind) and (not names or rule.name in names):
            yield shown


def _rule(rule: Rule, status: RuleStatus, found: Iterable[Alert], with_alerts: bool) -> dict[str, Any]:
    own = {
        "name": rule.name,
        "query": rule.expression.text,
        "labels": dict(rule.labels),
        "health": status.health,
        **({"lastError": status.error} if status.error else {}),
        "evaluationTime": status.seconds,
        "lastEvaluation": _time(status.evaluated),
        "type": "alerting" if isinstance(rule, AlertingRule) else "recording",
        **({"over": "series"} if rule.expression.over == "series" else {}),
    }
    if not isinstance(rule, AlertingRule):
        return own
    active = [alert for alert in found if alert.active]
    states = {alert.state for alert in active}
    return {
        "state": next((state for state in ("firing", "pending") if state in states), "inactive"),
        **own,
        "duration": rule.hold / SECOND,
        "keepFiringFor": rule.keep_firing / SECOND,
        "annotations": dict(rule.annotations),
        "alerts": [_alert(alert) for alert in active] if with_alerts else [],
    }


def _active(run: GroupRun) -> Iterator[Alert]:
    for place in range(len(run.group.rules)):
        yield from (alert for alert in run.rule_state(place).alerts if alert.active)


def _alert(alert: Alert) -> dict[str, Any]:
    return {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state,
        "activeAt": _time(alert.active_at),
        **({"keepFiringSince": _time(alert.keep_firing_since)} if alert.keep_firing_since else {}),
        "value": format_exponent(alert.value),
    }


def _time(timestamp: int) -> str:
    return format_rfc3339_nano(timestamp) if timestamp else _NEVER
