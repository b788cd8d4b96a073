"""Functions of templates, as Prometheus' reference and its own tests have them."""

import math

import pytest

from sigyn.ruler.template_functions import RuleContext
from sigyn.ruler.templating import TemplateData, expand

from .rules import alerting, labels, recording
from .stage import Stage, alerts_of

CONTEXT = RuleContext("", "", lambda _query: [])


def expanded(text: str, value: float = 1.5) -> str:
    data = TemplateData(labels(instance="Web-01.Example.com:9100"), value)
    ((_, got),) = expand((("text", text),), data, CONTEXT, logs=True)
    return got


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ stripPort $labels.instance }}", "Web-01.Example.com"),
        ("{{ stripDomain $labels.instance }}", "Web-01:9100"),
        ('{{ stripPort "Web" }}', "Web"),
        ('{{ stripPort "user@web/a:80" }}', "user@web/a"),
        ('{{ stripPort "[::1]:80" }} {{ stripPort "::1" }} {{ stripPort "[::1]" }}', "::1 ::1 [::1]"),
        ('{{ stripDomain "[fe80::1]:80" }} {{ stripDomain "10.0.0.1:80" }}', "[fe80::1]:80 10.0.0.1:80"),
        ('{{ stripDomain "a.b.c" }} {{ stripDomain "a.a.b:1" }}', "a a:1"),
        ('{{ urlQueryEscape "a b&c~d/e+f" }}', "a+b%26c~d%2Fe%2Bf"),
        ('{{ graphLink "a b" }}', "/graph?g0.expr=a+b&g0.tab=0"),
        ("{{ 1435065584.128 | humanizeTimestamp }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("{{ 1435065584.1289123 | humanizeTimestamp }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("{{ toTime 1435065584.1289123 }}", "2015-06-23 13:19:44.128 +0000 UTC"),
        ("{{ 90 | toDuration | humanizeDuration }}", "1m 30s"),
    ],
)
def test_what_functions_give(template: str, expected: str) -> None:
    assert expanded(template) == expected


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e300, -1e300])
@pytest.mark.parametrize("function", ["toDuration", "toTime"])
def test_numbers_that_are_no_times(function: str, value: float) -> None:
    assert expanded(f"{{{{ $value | {function} }}}}", value).startswith("<error expanding template: ")


def test_templates_see_the_name_of_a_recorded_series(stage: Stage) -> None:
    rule = alerting("app:load > 1", annotations={"text": "{{ $labels.__name__ }} {{ .Labels.app }}"})
    run = stage.group(recording("app:load", "vector(2)", app="shop"), rule)
    stage.evaluate(run, 10)
    (alert,) = alerts_of(run, 1)
    assert alert.annotations == labels(text="app:load shop")
    assert alert.labels == labels(alertname="Errors", app="shop")
