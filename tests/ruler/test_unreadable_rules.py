"""Rules that can't be read when the server starts: what they had to say stays unsaid, and what they know is kept."""

import json
import sqlite3
from pathlib import Path

from sigyn.ruler.rule import GroupKey
from sigyn.ruler.rule_folder import RuleFolder
from sigyn.ruler.ruler import FILE
from tests.client.receiver import Receiver, receiver

from .servers import RuledServer, group, ruled_server
from .upstream import eventually

ALWAYS = {"alert": "Always", "expr": "vector(1)"}
LATER = {"alert": "Later", "expr": "vector(1)"}


def delivered(server: RuledServer, count: int) -> None:
    eventually(lambda: (server.metric("loki_prometheus_notifications_sent_total{") or 0) >= count)


def statuses(hook: Receiver) -> list[tuple[str, str]]:
    return [(request.body["status"], request.body["groupLabels"]["alertname"]) for request in hook.requests]


def began(server: RuledServer) -> str:
    return str(next(alert["activeAt"] for alert in eventually(server.alerts)))


def test_alerts_of_a_broken_file_go_on_over_a_restart(tmp_path: Path) -> None:
    rules, path = group(ALWAYS), tmp_path / "rules" / "rules.yaml"
    with receiver() as hook:
        with ruled_server(tmp_path, rules, webhook_url=hook.url) as server:
            delivered(server, 1)
            first = began(server)
        path.write_text("groups: [")
        (tmp_path / "rules" / "zoo.yaml").write_text(json.dumps(group(LATER)))
        with ruled_server(tmp_path, None, webhook_url=hook.url) as server:
            delivered(server, 1)  # of the other file, whose turn comes after all that the start has to say
        with ruled_server(tmp_path, rules, webhook_url=hook.url) as server:
            assert began(server) == first
        assert statuses(hook) == [("firing", "Always"), ("firing", "Later")]


def test_changes_of_the_folder_that_could_not_be_kept_are_made_later(tmp_path: Path) -> None:
    folder = tmp_path / "rules"
    with receiver() as hook, ruled_server(tmp_path, group(ALWAYS), webhook_url=hook.url) as server:
        delivered(server, 1)
        connection = sqlite3.connect(tmp_path / "data" / FILE, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")  # nobody else writes until it ends
        (folder / "zoo.yaml").write_text(json.dumps(group(LATER)))
        (folder / "rules.yaml").unlink()
        log = tmp_path / "data.stderr"
        eventually(lambda: "changed rules do not run yet" in log.read_text())
        connection.close()
        delivered(server, 3)
        assert sorted(statuses(hook)) == [("firing", "Always"), ("firing", "Later"), ("resolved", "Always")]


def test_alerts_of_a_group_that_this_version_does_not_know_go_on(tmp_path: Path) -> None:
    body = "name: api\ninterval: 1s\nrules: [{alert: Always, expr: vector(1)}]\n"
    with receiver() as hook:
        with ruled_server(tmp_path, None, webhook_url=hook.url) as server:
            assert server.client.post("/loki/api/v1/rules/team", content=body).status_code == 202
            delivered(server, 1)
        with sqlite3.connect(tmp_path / "data" / FILE) as connection:
            connection.execute("UPDATE rule_group SET text = 'new: feature'")
        connection.close()
        with ruled_server(tmp_path, group(LATER), webhook_url=hook.url) as server:
            delivered(server, 1)
        assert statuses(hook) == [("firing", "Always"), ("firing", "Later")]


def test_of_a_folder_that_was_never_read_nobody_knows_what_it_holds(tmp_path: Path) -> None:
    path, key = tmp_path / "rules", GroupKey("fake", "rules.yaml", "shop")
    path.write_text("no folder")
    folder = RuleFolder(path)
    assert (folder.reload(), folder.may_hold(key)) == (False, True)
    path.unlink()
    path.mkdir()
    folder.reload()
    assert not folder.may_hold(key)
