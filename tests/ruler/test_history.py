"""What became of alerts: changes as evaluations make them, kept within bounds and over a kill."""

import sqlite3
from pathlib import Path

import httpx
import pytest

from sigyn.model.time import SECOND
from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.group_run import GroupRun
from sigyn.ruler.history import AlertHistory, Change, Past
from sigyn.ruler.rule import GroupKey
from tests.cli.server import running_server

from .rules import START, alerting, labels
from .servers import group, ruled_server
from .stage import KEY, Stage
from .upstream import eventually

COUNT = 'sum by (app) (count_over_time({app=~".+"} |= "error" [10s])) > 0'
SHOP = labels(alertname="Errors", app="shop")


def made(run: GroupRun, stage: Stage, *times: int) -> list[tuple[str, int, float]]:
    """States, seconds after START and values of what evaluations at these times changed."""
    found: list[Change] = []
    for at in times:
        found += stage.evaluate(run, at).changes
    return [(each.state, (each.at - START) // SECOND, each.value) for each in found]


def test_pending_firing_resolved(stage: Stage) -> None:
    stage.push(labels(app="shop"), (1, "error"), (2, "error"), (12, "error"), (22, "error"))
    run = stage.group(alerting(COUNT, hold=10))
    assert made(run, stage, 10, 20, 30, 40) == [("pending", 10, 2), ("firing", 20, 1), ("resolved", 40, 1)]


def test_one_that_fires_at_once_was_never_pending_and_one_that_never_fires_is_not_resolved(stage: Stage) -> None:
    stage.push(labels(app="shop"), (1, "error"))
    assert made(stage.group(alerting(COUNT)), stage, 10, 20) == [("firing", 10, 1), ("resolved", 20, 1)]
    stage.push(labels(app="shop"), (101, "error"))
    other = stage.group(alerting(COUNT, name="Slow", hold=60))
    assert made(other, stage, 110, 120) == [("pending", 110, 1), ("inactive", 120, 1)]


def test_a_rule_or_group_that_is_gone_resolves_its_alerts(stage: Stage) -> None:
    stage.push(labels(app="shop"), (1, "error"))
    stage.evaluate(stage.group(alerting(COUNT)), 10)
    assert made(stage.group(alerting("vector(1)", name="Other")), stage, 11) == [("firing", 11, 1), ("resolved", 11, 1)]
    gone = stage.loop.run_until_complete(stage.group().farewell(START + 12 * SECOND))
    assert [(each.rule, each.state) for each in gone.changes] == [("Other", "resolved")]


def test_a_rule_over_its_limit_has_no_alerts(stage: Stage) -> None:
    stage.push(labels(app="shop"), (1, "error"))
    run = stage.group(alerting(COUNT), limit=1)
    assert made(run, stage, 5) == [("firing", 5, 1)]
    stage.push(labels(app="till"), (6, "error"))
    assert made(run, stage, 7) == [("resolved", 7, 1)]


def test_after_a_long_outage_nobody_knows(stage: Stage) -> None:
    run = stage.group(alerting(), outage_tolerance=60 * SECOND)
    assert made(run, stage, 10, 100) == [("firing", 10, 1), ("unknown", 10, 1), ("firing", 100, 1)]


def read(history: AlertHistory, start: int, end: int, limit: int = 100) -> Past:
    return history.read(KEY.tenant, start, end, limit)


def change(state: str, at: int, key: GroupKey = KEY, value: float = 1) -> Change:
    return Change(key, SHOP, state, at, value)  # type: ignore[arg-type]


def test_a_range_and_what_fired_before_it() -> None:
    history = AlertHistory(RulerDatabase(None))
    history.add([change("pending", 1), change("firing", 2), change("resolved", 5), change("firing", 8)])
    history.add([change("firing", 3, GroupKey("another", "a", "b"))])
    past = read(history, 3, 9)
    assert [(each.state, each.at) for each in past.changes] == [("firing", 8), ("resolved", 5)]
    assert [(each.state, each.at) for each in past.at_start] == [("firing", 2)]
    assert not past.cut_short
    assert read(history, 6, 9).at_start == []  # it was resolved
    assert [each.at for each in read(history, 0, 9, limit=2).changes] == [8, 5]
    assert read(history, 0, 9, limit=2).cut_short


def test_what_is_forgotten() -> None:
    history = AlertHistory(RulerDatabase(None), most=3)
    key = GroupKey(KEY.tenant, "long", "ago")
    history.add([change("firing", 1, key), change("firing", 2), change("resolved", 3), change("firing", 8)])
    history.forget_before(5)
    assert [each.at for each in read(history, 0, 100).changes] == [8, 1]  # the other group's alert fires since 1
    history.add([change("resolved" if at % 2 else "firing", at) for at in range(9, 15)])
    history.forget_before(0)
    assert [each.at for each in read(history, 0, 100).changes] == [14, 13, 12]


def test_a_value_that_is_no_number() -> None:
    history = AlertHistory(RulerDatabase(None))
    history.add([change("firing", 1, value=float("nan"))])
    (found,) = read(history, 0, 9).changes
    assert found.value != found.value


def test_over_a_kill_and_by_tenant(tmp_path: Path) -> None:
    rules = group({"alert": "Errors", "expr": COUNT.replace("10s", "1h"), "labels": {"severity": "page"}})
    with ruled_server(tmp_path, rules) as server:
        server.push({"app": "shop"}, "error")
        before = eventually(lambda: server.get("/sigyn/api/v1/alerts/history")["changes"])
    # The context has killed the process, as SIGKILL does.
    with ruled_server(tmp_path, rules) as server:
        assert server.get("/sigyn/api/v1/alerts/history")["changes"] == before
    (only,) = before
    assert (only["file"], only["group"], only["rule"]) == ("rules.yaml", "shop", "Errors")
    assert only["labels"] == {"alertname": "Errors", "app": "shop", "severity": "page"}
    assert (only["state"], only["value"]) == ("firing", "1e+00")


def test_a_file_of_the_version_before_is_carried_on(tmp_path: Path) -> None:
    with ruled_server(tmp_path, group({"alert": "Always", "expr": "vector(1)"})) as server:
        eventually(server.alerts)
    with sqlite3.connect(tmp_path / "data" / "ruler.sqlite") as connection:
        connection.execute("DROP TABLE alert_change")
        connection.execute("ALTER TABLE message DROP COLUMN rule")
        connection.execute("DELETE FROM version WHERE version >= 2")
    connection.close()
    with ruled_server(tmp_path, group({"alert": "Another", "expr": "vector(1)"})) as server:
        changed = eventually(lambda: server.get("/sigyn/api/v1/alerts/history")["changes"])
        assert {each["rule"] for each in changed} == {"Another", "Always"}


@pytest.mark.parametrize("query", ["start=x", "limit=0", "start=2&end=1"])
def test_a_question_that_makes_no_sense(tmp_path: Path, query: str) -> None:
    with running_server(tmp_path / "data") as server:
        assert httpx.get(f"{server.url}/sigyn/api/v1/alerts/history?{query}").status_code == 400
