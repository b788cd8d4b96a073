"""A server that is killed in the middle: `for` goes on counting, what was missed is made up for or told."""

from pathlib import Path

from sigyn.model.rfc3339 import parse_rfc3339
from sigyn.model.time import SECOND

from .servers import group, ruled_server
from .upstream import eventually

HOLD = {"alert": "Errors", "expr": 'sum(count_over_time({app="shop"} |= "error" [1h])) > 0', "for": "8s"}


def test_for_goes_on_counting_over_a_kill(tmp_path: Path) -> None:
    rules = group(HOLD, {"record": "errors", "expr": 'sum(count_over_time({app="shop"}[1h]))'})
    with ruled_server(tmp_path, rules) as server:
        server.push({"app": "shop"}, "error")
        (pending,) = eventually(server.alerts)
        assert pending["state"] == "pending"
        began = pending["activeAt"]
    # The context has killed the process, as SIGKILL does.
    with ruled_server(tmp_path, rules) as server:
        (again,) = server.alerts()
        assert again == pending  # before the first evaluation
        firing = eventually(lambda: [alert for alert in server.alerts() if alert["state"] == "firing"])[0]
        assert firing["activeAt"] == began
        # A busy machine may miss one at any time, which is made up for with the next.
        eventually(
            lambda: (
                server.metric("loki_prometheus_rule_group_iterations_missed_total{")
                == server.metric("loki_prometheus_rule_group_iterations_caught_up_total{")
            )
        )
        samples = server.get("/prometheus/api/v1/query", query="count_over_time(errors[1h])")["result"]
        count = float(samples[0]["value"][1])
        group_state = server.get("/prometheus/api/v1/rules")["groups"][0]
        seconds = (parse_rfc3339(group_state["lastEvaluation"]) - parse_rfc3339(began)) // SECOND
        assert count >= seconds  # a sample for each second since, also while it was away


def test_after_a_long_outage_alerts_begin_anew(tmp_path: Path) -> None:
    rules = group({"alert": "Always", "expr": "vector(1)"})
    with ruled_server(tmp_path, rules) as server:
        first = eventually(server.alerts)[0]["activeAt"]
    with ruled_server(tmp_path, rules, for_outage_tolerance="1ms") as server:
        eventually(lambda: any(alert["activeAt"] != first for alert in server.alerts()))


def test_rules_of_the_api_outlive_a_kill(tmp_path: Path) -> None:
    body = "name: api\ninterval: 1s\nrules: [{record: recorded, expr: vector(7)}]\n"
    with ruled_server(tmp_path, None) as server:
        assert server.client.post("/loki/api/v1/rules/team", content=body).status_code == 202
    with ruled_server(tmp_path, None) as server:
        assert server.client.get("/loki/api/v1/rules").text.startswith("team:\n- name: api\n")
        assert eventually(lambda: server.get("/prometheus/api/v1/query", query="recorded")["result"])
