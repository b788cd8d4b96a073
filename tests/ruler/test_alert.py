"""The life of an alert, evaluation by evaluation, by a clock that is only ever told."""

import itertools
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sigyn.model.errors import QueryError
from sigyn.model.results import Sample
from sigyn.model.time import SECOND
from sigyn.ruler.alert import RESOLVED_FOR, Alert, advance, alert_labels, alert_series, check_limit

from .rules import START, alerting, labels

SHOP = labels(alertname="Errors", app="shop")
INTERVAL = 10 * SECOND


def states(hold: int, keep: int, found: str) -> list[str]:
    """States after each evaluation: `x` in `found` says that the series is there. A dot: no alert."""
    rule = alerting(hold=hold, keep=keep)
    alerts: dict[tuple[tuple[str, str], ...], Alert] = {}
    seen = []
    for place, mark in enumerate(found):
        alerts = advance(rule, alerts, {SHOP: 1.0} if mark == "x" else {}, START + place * INTERVAL)
        seen.append(alerts[SHOP].state if SHOP in alerts else ".")
    return seen


@pytest.mark.parametrize(
    ("hold", "keep", "found", "expected"),
    [
        (0, 0, "x", "firing"),
        (0, 0, "x_x", "firing inactive firing"),
        (20, 0, "xxxx", "pending pending firing firing"),
        (20, 0, "xx_xxx", "pending pending . pending pending firing"),
        (0, 20, "x__x__", "firing firing firing firing firing firing"),
        (0, 20, "x____", "firing firing firing inactive inactive"),
        (10, 10, "xx_x__", "pending firing firing firing firing inactive"),
        (15, 0, "xxx", "pending pending firing"),
    ],
)
def test_states(hold: int, keep: int, found: str, expected: str) -> None:
    assert states(hold, keep, found) == expected.split()


@dataclass
class Model:
    """The same in other words: since when the series is there without a gap, and since when it is gone."""

    hold: int
    keep: int
    since: int | None = None
    gone: int | None = None
    fires: bool = False

    def step(self, found: bool, at: int) -> str:
        if found:
            self.gone = None
            self.since = at if self.since is None else self.since
            self.fires = self.fires or at - self.since >= self.hold
        elif self.since is not None:
            self.gone = at if self.gone is None else self.gone
            if not self.fires or at - self.gone >= self.keep:
                self.since, self.fires = None, False
        return "firing" if self.fires else "pending" if self.since is not None else "over"


@given(
    st.integers(0, 5).map(lambda n: n * 10),
    st.integers(0, 5).map(lambda n: n * 10),
    st.lists(st.booleans(), min_size=1, max_size=40),
)
def test_states_of_any_course(hold: int, keep: int, course: list[bool]) -> None:
    model = Model(hold, keep)
    expected = [model.step(found, place * 10) for place, found in enumerate(course)]
    got = states(hold, keep, "".join("x" if found else "_" for found in course))
    assert [state if state in ("firing", "pending") else "over" for state in got] == expected


@given(st.lists(st.booleans(), min_size=1, max_size=60), st.integers(1, 12).map(lambda n: n * 10 * SECOND))
def test_alertmanagers_hear_of_every_change_and_of_nothing_too_often(course: list[bool], delay: int) -> None:
    rule = alerting(hold=10)
    alerts: dict[tuple[tuple[str, str], ...], Alert] = {}
    told: list[tuple[int, str]] = []
    last_state = "."
    for place, found in enumerate(course):
        at = START + place * INTERVAL
        alerts = advance(rule, alerts, {SHOP: 1.0} if found else {}, at)
        alert = alerts.get(SHOP)
        state = alert.state if alert is not None else "."
        if alert is not None and alert.due(at, delay):
            told.append((at, state))
            alerts[SHOP] = replace(alert, last_sent=at)
        if state in ("firing", "inactive") and state != last_state:
            assert told[-1] == (at, state)
        last_state = state
    assert all(state != "pending" for _, state in told)
    for (first, before), (second, after) in itertools.pairwise(told):
        assert before != after or second - first >= delay


def test_alertmanagers_hear_of_an_alert_when_the_clock_was_set_back() -> None:
    alerts = advance(alerting(), {}, {SHOP: 1.0}, START)
    told = replace(alerts[SHOP], last_sent=START)
    assert not told.due(START + SECOND, 60 * SECOND)
    assert told.due(START - 3600 * SECOND, 60 * SECOND)


def test_a_resolved_alert_is_remembered_for_a_while() -> None:
    rule = alerting()
    alerts = advance(rule, {}, {SHOP: 1.0}, START)
    alerts = advance(rule, alerts, {}, START + INTERVAL)
    assert alerts[SHOP].resolved_at == START + INTERVAL
    assert advance(rule, alerts, {}, START + INTERVAL + RESOLVED_FOR) == alerts
    assert advance(rule, alerts, {}, START + INTERVAL + RESOLVED_FOR + 1) == {}


def test_the_value_follows_the_series_and_the_beginning_stays() -> None:
    rule = alerting(hold=60)
    alerts = advance(rule, {}, {SHOP: 1.0}, START)
    alerts = advance(rule, alerts, {SHOP: 2.0}, START + INTERVAL)
    assert (alerts[SHOP].value, alerts[SHOP].active_at) == (2.0, START)


def test_labels_of_an_alert() -> None:
    series = labels(__name__="up", app="shop", severity="low", empty="x")
    assert alert_labels("Errors", series, (("severity", "page"), ("empty", ""))) == labels(
        alertname="Errors", app="shop", severity="page"
    )


def test_series_of_alerts_are_those_of_prometheus() -> None:
    firing = Alert(SHOP, "firing", 3.0, START + 7)
    resolved = Alert(labels(alertname="Errors", app="till"), "inactive", 0.0, START)
    assert alert_series([firing, resolved]) == [
        Sample(labels(__name__="ALERTS", alertname="Errors", alertstate="firing", app="shop"), 1.0),
        Sample(labels(__name__="ALERTS_FOR_STATE", alertname="Errors", app="shop"), START / SECOND),
    ]


def test_a_limit() -> None:
    check_limit(0, 1000, "alerts")
    check_limit(2, 2, "alerts")
    with pytest.raises(QueryError, match=r"^exceeded limit of 2 with 3 alerts$"):
        check_limit(2, 3, "alerts")
