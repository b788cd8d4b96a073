"""A group, evaluation by evaluation, over real lines in a store in memory."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sigyn.model.time import SECOND
from sigyn.ruler.alert import Alert
from sigyn.ruler.group_run import GroupRun

from .rules import START, alerting, labels, recording
from .stage import Stage, alerts_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
ERRORS = 'sum by (app) (count_over_time({app=~".+"} |= "error" [1m]))'


def only(run: GroupRun, place: int = 0) -> Alert:
    (alert,) = alerts_of(run, place)
    return alert


def push_errors(stage: Stage) -> None:
    stage.push(
        labels(app="shop"),
        (1, f"error one trace_id={TRACE}"),
        (2, "error two"),
        (3, "all is well"),
        (4, "error three"),
    )
    stage.push(labels(app="till"), (2, "error at the till"))


def test_an_alert_for_each_series_with_its_labels_and_annotations(stage: Stage) -> None:
    push_errors(stage)
    rule = alerting(
        f"{ERRORS} > 0",
        labels={"severity": "{{ if gt $value 1.0 }}page{{ else }}ticket{{ end }}", "from": "{{ $labels.app }}"},
        annotations={"summary": "{{ $labels.app }}: {{ $value }} in {{ $externalLabels.cluster }}"},
    )
    run = stage.group(rule, external_labels=labels(cluster="eu"))
    told = stage.evaluate(run, 10)
    assert [(dict(alert.labels), dict(alert.annotations)) for alert in alerts_of(run)] == [
        (
            {"alertname": "Errors", "app": "shop", "severity": "page", "from": "shop"},
            {"summary": "shop: 3 in eu"},
        ),
        (
            {"alertname": "Errors", "app": "till", "severity": "ticket", "from": "till"},
            {"summary": "till: 1 in eu"},
        ),
    ]
    assert {dict(notice.labels)["cluster"] for notice in told.notices} == {"eu"}
    assert run.statuses[0].health == "ok"


def test_an_alert_carries_the_lines_of_its_series_that_made_it_fire(stage: Stage) -> None:
    push_errors(stage)
    rule = alerting(
        f"{ERRORS} > 1",
        annotations={"lines": "{{ $logs }}", "traces": "{{ range $logs }}{{ .TraceID }};{{ end }}{{ $traceIDs }}"},
    )
    run = stage.group(rule, alert_lines=2)
    stage.evaluate(run, 10)
    alert = only(run)
    assert [line.line for line in alert.lines] == ["error two", "error three"]
    run = stage.group(alerting(f"{ERRORS} > 1", annotations=dict(rule.annotations), name="Others"))
    stage.evaluate(run, 10)
    alert = only(run)
    assert [line.line for line in alert.lines] == [f"error one trace_id={TRACE}", "error two", "error three"]
    assert dict(alert.annotations) == {
        "lines": f"error one trace_id={TRACE}\nerror two\nerror three",
        "traces": f"{TRACE};;;{TRACE}",
    }


def test_lines_of_parsed_labels_and_metadata(stage: Stage) -> None:
    stage.push(labels(app="shop"), (1, '{"path":"/a","ms":900}'), (2, '{"path":"/b","ms":5}'))
    stage.push(labels(app="shop"), (3, '{"path":"/a","ms":700}'), metadata=labels(trace_id=TRACE))
    rule = alerting('max_over_time({app="shop"} | json | unwrap ms [1m]) by (path) > 100')
    run = stage.group(rule)
    stage.evaluate(run, 10)
    assert [line.line for line in only(run).lines] == ['{"path":"/a","ms":900}', '{"path":"/a","ms":700}']
    assert [line.trace_id for line in only(run).lines] == ["", TRACE]


def test_no_lines_when_none_are_wanted_and_none_for_absence(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(alerting(f"{ERRORS} > 1"), alert_lines=0)
    stage.evaluate(run, 10)
    assert only(run).lines == ()
    run = stage.group(alerting('absent_over_time({app="gone"}[1m])', name="Gone"))
    stage.evaluate(run, 20)
    assert (only(run).labels, only(run).lines) == (labels(alertname="Gone", app="gone"), ())


def test_a_recorded_series_is_read_by_the_next_rule(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(recording("app:errors", ERRORS, team="shop"), alerting("app:errors > 2"))
    stage.evaluate(run, 10)
    assert stage.ask("app:errors", 10) == {
        labels(__name__="app:errors", app="shop", team="shop"): 3.0,
        labels(__name__="app:errors", app="till", team="shop"): 1.0,
    }
    assert only(run, 1).labels == labels(alertname="Errors", app="shop", team="shop")
    assert stage.ask("ALERTS", 10) == {
        labels(__name__="ALERTS", alertname="Errors", alertstate="firing", app="shop", team="shop"): 1.0
    }
    assert list(stage.ask("ALERTS_FOR_STATE", 10).values()) == [START / SECOND + 10]


def test_series_end_with_what_they_counted(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(recording("app:errors", ERRORS), alerting(f"{ERRORS} > 2"), interval=60)
    stage.evaluate(run, 60, 120)
    assert stage.ask("app:errors", 119)
    assert stage.ask("app:errors", 120) == {}
    assert stage.ask("ALERTS", 120) == {}


def test_changes_are_told_once_and_alertmanagers_again(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(alerting(f"{ERRORS} > 2", hold=10), resend_delay=20 * SECOND)
    told = {at: stage.evaluate(run, at) for at in (10, 20, 30, 40, 50, 60, 70, 80)}
    assert {at: [message.status for message in one.messages] for at, one in told.items() if one.messages} == {
        20: ["firing"],
        70: ["resolved"],
    }
    assert {at: [notice.resolved for notice in one.notices] for at, one in told.items() if one.notices} == {
        20: [False],
        40: [False],
        60: [False],
        70: [True],
    }
    (firing,), (resolved,) = told[20].notices, told[70].notices
    assert firing.starts_at == resolved.starts_at == START + 20 * SECOND
    assert firing.ends_at == START + (20 + 4 * 20) * SECOND
    assert resolved.ends_at == START + 70 * SECOND


def test_state_is_that_of_the_group_before(stage: Stage) -> None:
    push_errors(stage)
    rule = alerting(f"{ERRORS} > 2", hold=20)
    stage.evaluate(stage.group(rule), 10)
    again = stage.group(rule)  # as after a restart, or when the file was written anew
    assert only(again).state == "pending"
    stage.evaluate(again, 20, 30)
    assert (only(again).state, only(again).active_at) == ("firing", START + 10 * SECOND)


def test_missed_evaluations_are_counted_and_recordings_made_up_for(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(recording("app:errors", ERRORS), alerting(f"{ERRORS} > 2", hold=30))
    stage.evaluate(run, 10, 60)
    assert (stage.statistics.missed[run.key], stage.statistics.caught_up[run.key]) == (4, 4)
    counted = stage.ask('count_over_time(app:errors{app="shop"}[1h])', 60)
    assert list(counted.values()) == [6.0]
    assert only(run, 1).state == "firing"
    assert stage.statistics.iterations[run.key] == 2


def test_no_more_is_made_up_for_than_one_wants(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(recording("app:errors", "vector(1)"), catch_up=2)
    stage.evaluate(run, 10, 100)
    assert (stage.statistics.missed[run.key], stage.statistics.caught_up[run.key]) == (8, 2)
    times = [at for at in range(10, 101, 10) if stage.ask("count_over_time(app:errors[1s])", at)]
    assert times == [10, 80, 90, 100]


def test_what_a_group_missed_because_it_is_slow_is_not_made_up_for(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(recording("app:errors", "vector(1)"))
    stage.evaluate(run, 10)
    run.busy_until = START + 35 * SECOND
    stage.evaluate(run, 60)
    assert (stage.statistics.missed[run.key], stage.statistics.caught_up[run.key]) == (4, 2)


def test_the_alerts_that_fired_before_a_longer_outage_are_told_to_be_over(stage: Stage) -> None:
    run = stage.group(alerting("vector(1)"), outage_tolerance=60 * SECOND)
    stage.evaluate(run, 10)
    told = stage.evaluate(run, 150)
    assert [message.status for message in told.messages] == ["resolved", "firing"]
    assert [(notice.resolved, notice.ends_at > START + 150 * SECOND) for notice in told.notices] == [
        (True, False),
        (False, True),
    ]


def test_after_a_longer_outage_alerts_begin_anew(stage: Stage) -> None:
    run = stage.group(alerting("vector(1)", hold=10), outage_tolerance=60 * SECOND)
    stage.evaluate(run, 10, 20, 80)
    assert only(run).active_at == START + 10 * SECOND
    stage.evaluate(run, 150)
    assert (only(run).active_at, only(run).state) == (START + 150 * SECOND, "pending")


def test_a_rule_that_fails_is_shown_and_counted_and_stops_nothing(stage: Stage) -> None:
    push_errors(stage)
    twice = 'label_replace(sum by (app) (count_over_time({app=~".+"}[1m])), "app", "x", "app", ".*")'
    run = stage.group(alerting(twice), recording("fine", "vector(1)"))
    stage.evaluate(run, 10)
    assert run.statuses[0].health == "err"
    assert "label_replace gives two series the same labels" in run.statuses[0].error
    assert run.statuses[1].health == "ok"
    assert (stage.statistics.evaluations[run.key], stage.statistics.failures[run.key]) == (2, 1)
    assert stage.ask("fine", 10)


def test_alerts_of_a_rule_that_fails_stay_as_they_are(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(alerting(f"{ERRORS} > 2"))
    stage.evaluate(run, 10)
    before = alerts_of(run)
    for place in range(6):
        stage.push(labels(app=f"a{place}"), (1, "error"), (2, "error"), (3, "error"))
    stage.evaluate(run, 20)
    assert run.statuses[0].error.startswith("maximum of series (5) reached for a single query")
    assert alerts_of(run) == before


def test_the_same_labels_twice_are_an_error(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(alerting(f"{ERRORS} > 0", labels={"app": "all"}), recording("all", ERRORS, app="all"))
    stage.evaluate(run, 10)
    words = "vector contains metrics with the same labelset after applying"
    assert [status.error for status in run.statuses] == [f"{words} alert labels", f"{words} rule labels"]


def test_a_limit_fails_the_rule(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(alerting(f"{ERRORS} > 0"), recording("all", ERRORS), limit=1)
    stage.evaluate(run, 10)
    assert [status.error for status in run.statuses] == [
        "exceeded limit of 1 with 2 alerts",
        "exceeded limit of 1 with 2 series",
    ]
    assert alerts_of(run) == ()
    assert stage.series.newest() == 0


def test_too_many_alerts_are_none(stage: Stage) -> None:
    push_errors(stage)
    run = stage.group(alerting(f"{ERRORS} > 0"), limit=2)
    stage.evaluate(run, 10)
    assert len(alerts_of(run)) == 2
    stage.push(labels(app="more"), (5, "error"))
    told = stage.evaluate(run, 20)
    assert alerts_of(run) == ()
    assert [(message.status, len(message.notices)) for message in told.messages] == [("resolved", 2)]
    assert all(notice.resolved for notice in told.notices)
    assert stage.ask("ALERTS", 20) == {}


def test_what_a_rule_leaves_behind_ends_with_it(stage: Stage) -> None:
    push_errors(stage)
    stage.evaluate(stage.group(alerting(f"{ERRORS} > 2"), recording("app:errors", ERRORS)), 10)
    told = stage.evaluate(stage.group(recording("other", "vector(1)")), 20)
    (message,) = told.messages
    assert (message.rule, message.status) == ("Errors", "resolved")
    assert [notice.ends_at for notice in told.notices] == [START + 20 * SECOND]
    assert (stage.ask("ALERTS", 20), stage.ask("app:errors", 20)) == ({}, {})
    last = stage.group(recording("other", "vector(1)"))
    assert stage.loop.run_until_complete(last.farewell(START + 25 * SECOND)).messages == []
    assert stage.ask("other", 25) == {}
    assert stage.group(recording("other", "vector(1)")).state.evaluated == 0


def test_long_lines_are_cut(stage: Stage) -> None:
    stage.push(labels(app="shop"), (1, "error " + "x" * 10_000))
    run = stage.group(alerting(f"{ERRORS} > 0", annotations={"lines": "{{ $logs }}"}))
    stage.evaluate(run, 10)
    assert len(dict(only(run).annotations)["lines"]) == 4097


def test_templates_ask_only_so_much(stage: Stage) -> None:
    asking = '{{ range slice (query "errors") 0 1 }}{{ end }}' * 101
    stage.series.append("fake", START, {labels(__name__="errors"): 1.0}, [])
    run = stage.group(alerting("vector(1)", annotations={"text": asking}))
    stage.evaluate(run, 10)
    assert "the templates of one evaluation may ask 100 queries" in dict(only(run).annotations)["text"]


def test_a_rule_over_metrics_waits_for_series_of_their_name(stage: Stage) -> None:
    rule = alerting("rate(errors_total[1m]) > 0.3")
    run = stage.group(rule)
    stage.evaluate(run, 10)
    assert run.statuses[0].health == "unknown"
    assert run.statuses[0].error.startswith("there are no series of `errors_total` yet: metrics are not stored")
    assert stage.statistics.failures[run.key] == 0
    for at in (0, 10, 20):
        stage.series.append("fake", START + at * SECOND, {labels(__name__="errors_total", app="shop"): 1.0 * at}, [])
    stage.evaluate(run, 20)
    assert run.statuses[0].health == "ok"
    assert only(run).labels == labels(alertname="Errors", app="shop")


def test_a_delay_looks_back(stage: Stage) -> None:
    stage.push(labels(app="shop"), (9, "error"))
    rule = recording("recent", 'sum(count_over_time({app="shop"}[5s]))')
    run = stage.group(rule, evaluation_delay=5 * SECOND)
    stage.evaluate(run, 10)
    assert stage.ask("recent", 10) == {}
    stage.evaluate(run, 14)
    assert stage.ask("recent", 14) == {labels(__name__="recent"): 1.0}


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ('{{ with query "sum(count_over_time({app=~\\".+\\"}[1m]))" }}{{ . | first | value }}{{ end }}', "5"),
        (
            '{{ range query "app:errors" | sortByLabel "app" }}{{ .Labels.app }}={{ .Value }} {{ end }}',
            "shop=3 till=1 ",
        ),
        ('{{ query "app:errors{app=\\"none\\"}" | first }}', "<error expanding template: "),
        ('{{ query "sum(" }}', "<error expanding template: "),
        ("{{ $value | humanizePercentage }}", "300%"),
        ("{{ externalURL }}{{ pathPrefix }}", "http://grafana/prefix/prefix"),
        ('{{ exploreLink "{app=\\"shop\\"}" | match "^http://grafana/prefix/explore" }}', "true"),
        ("{{ $externalURL }}", "http://grafana/prefix"),
        ("{{ $labels.missing }}|", "|"),
    ],
)
def test_templates_ask_and_link(stage: Stage, template: str, expected: str) -> None:
    push_errors(stage)
    rule = alerting(f"{ERRORS} > 1", annotations={"text": template})
    run = stage.group(recording("app:errors", ERRORS), rule, external_url="http://grafana/prefix")
    stage.evaluate(run, 10)
    assert dict(only(run, 1).annotations)["text"].startswith(expected)


def test_an_alert_without_labels_from_a_number(stage: Stage) -> None:
    run = stage.group(alerting("1 + 1", name="Two"))
    stage.evaluate(run, 10)
    assert (only(run).labels, only(run).value) == (labels(alertname="Two"), 2.0)


def pane_of(link: str) -> Any:
    return json.loads(parse_qs(urlsplit(link).query)["left"][0])


def test_a_link_says_what_the_query_asks(stage: Stage) -> None:
    push_errors(stage)
    rules = alerting(f"{ERRORS} > 2"), recording("app:errors", ERRORS), alerting("app:errors > 2")
    told = stage.evaluate(stage.group(*rules, external_url="http://grafana", datasource_uid="the-logs"), 10)
    of_logs, of_series = (pane_of(notice.link) for notice in told.notices)
    assert (of_logs["datasource"], of_series["datasource"]) == ("the-logs", "")
    assert of_logs["queries"][0]["datasource"] == {"type": "loki", "uid": "the-logs"}
    assert of_series["queries"][0] == {
        "refId": "A",
        "expr": "app:errors > 2",
        "queryType": "range",
        "datasource": {"type": "prometheus"},
    }
