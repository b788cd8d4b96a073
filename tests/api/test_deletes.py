"""Delete requests against a real server: out of every answer at once, out of the objects after a while."""

import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow.parquet as pq
import pytest

from sigyn.model.time import DAY, HOUR, SECOND, system_clock
from tests.cli.server import RunningServer, running_server

PATH = "/loki/api/v1/delete"
NOW = system_clock()
BEGIN = NOW - NOW % DAY - DAY + HOUR
"""An hour into yesterday: what is pushed lies in one segment of level 1 later."""


@dataclass(frozen=True)
class Logs:
    """A server, and what a person does with it."""

    server: RunningServer
    client: httpx.Client

    def push(self, app: str, *lines: str, at: int = BEGIN, tenant: str = "a", **labels: str) -> None:
        values = [[str(at + number * SECOND), line] for number, line in enumerate(lines)]
        body = {"streams": [{"stream": {"app": app, **labels}, "values": values}]}
        answer = self.client.post("/loki/api/v1/push", json=body, headers={"X-Scope-OrgID": tenant})
        assert answer.status_code == 204, answer.text

    def get(self, path: str, tenant: str = "a", **parameters: str) -> Any:
        times = {"start": str(BEGIN), "end": str(BEGIN + HOUR)}
        answer = self.client.get(path, params=times | parameters, headers={"X-Scope-OrgID": tenant})
        assert answer.status_code == 200, answer.text
        return answer

    def lines(self, query: str, tenant: str = "a") -> list[str]:
        """Lines that a query finds, oldest first."""
        answer = self.get("/loki/api/v1/query_range", tenant, query=query, limit="1000").json()
        found = [value for stream in answer["data"]["result"] for value in stream["values"]]
        return [line for _, line in sorted(found)]

    def delete(self, query: str, tenant: str = "a", **parameters: str) -> str:
        """Makes a request; its id."""
        answer = self.client.post(
            PATH, params={"query": query, "start": "0", **parameters}, headers={"X-Scope-OrgID": tenant}
        )
        assert (answer.status_code, answer.text) == (204, "")
        return answer.headers["X-Delete-Request-Id"]

    def cancel(self, id: str, **parameters: str) -> httpx.Response:
        """Takes a request of tenant `a` back."""
        return self.client.delete(PATH, params={"request_id": id, **parameters}, headers={"X-Scope-OrgID": "a"})

    def requests(self, tenant: str = "a") -> dict[str, dict[str, Any]]:
        return {one["request_id"]: one for one in self.get(PATH, tenant).json()}

    def wait_until_processed(self, id: str) -> None:
        deadline = time.monotonic() + 60
        while self.requests()[id]["status"] != "processed":
            assert time.monotonic() < deadline, self.requests()[id]
            time.sleep(0.05)


@contextmanager
def logs(data: Path, cancel_period: str = "0", variables: Mapping[str, str] | None = None) -> Iterator[Logs]:
    common = {"SIGYN_SERVER_AUTH_ENABLED": "true", "SIGYN_DELETES_CANCEL_PERIOD": cancel_period}
    with (
        running_server(data, variables=os.environ | common | (variables or {})) as server,
        httpx.Client(base_url=server.url, timeout=30) as client,
    ):
        yield Logs(server, client)


@pytest.fixture(scope="module")
def undecided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logs]:
    """A server on which nothing is removed while the tests run."""
    with logs(tmp_path_factory.mktemp("deletes") / "data", "1h") as running:
        yield running


def stored_lines(data: Path) -> set[str]:
    return {line for path in data.rglob("*.parquet") for line in pq.read_table(path)["line"].to_pylist()}


def test_a_deleted_line_is_in_no_answer_from_the_next_request_on(undecided: Logs) -> None:
    lines = ['{"user":"ann","n":1}', '{"user":"bob","n":2,"card":"4111"}', '{"user":"ann","n":3}']
    undecided.push("shop", *lines)
    undecided.push("other", *lines)
    before = undecided.get("/loki/api/v1/index/stats", query='{app="shop"}').json()
    undecided.delete('{app="shop"} |= "4111"')
    assert undecided.lines('{app="shop"}') == [lines[0], lines[2]]
    assert undecided.lines('{app="other"}') == lines
    assert undecided.lines('{app="shop"} | json | user="bob"') == []
    count = undecided.get("/loki/api/v1/query", query='sum(count_over_time({app="shop"}[2h]))', time=str(BEGIN + HOUR))
    assert count.json()["data"]["result"][0]["value"][1] == "2"
    exported = undecided.get("/sigyn/api/v1/export", query='{app="shop"}', format="ndjson").text
    assert [json.loads(line)["line"] for line in exported.splitlines()] == [lines[0], lines[2]]
    fields = undecided.get("/loki/api/v1/detected_fields", query='{app="shop"}').json()["fields"]
    assert {field["label"] for field in fields} == {"detected_level", "user", "n"}
    after = undecided.get("/loki/api/v1/index/stats", query='{app="shop"}').json()
    assert (before["entries"], after["entries"]) == (3, 2)


def test_filters_on_labels_and_times_count(undecided: Logs) -> None:
    undecided.push("times", *(f"level={level} n={n}" for n in range(5) for level in ("info", "error")))
    undecided.delete(
        '{app="times"} | logfmt | level="error"', start=str(BEGIN + 2 * SECOND), end=str(BEGIN + 5 * SECOND)
    )
    left = [f"level={level} n={n}" for n in range(5) for level in ("info", "error")]
    assert undecided.lines('{app="times"}') == [line for line in left if line not in (left[3], left[5])]


def test_what_is_pushed_after_the_request_stays_even_when_it_is_the_same(undecided: Logs) -> None:
    undecided.push("again", "secret", "plain")
    undecided.delete('{app="again"} |= "secret"')
    undecided.push("again", "secret", "new")
    assert undecided.lines('{app="again"}') == ["secret", "new", "plain"]


def test_a_request_touches_its_own_tenant_alone(undecided: Logs) -> None:
    undecided.push("mine", "secret")
    undecided.push("mine", "secret", tenant="b")
    id = undecided.delete('{app="mine"}', tenant="b")
    assert undecided.lines('{app="mine"}') == ["secret"]
    assert undecided.lines('{app="mine"}', tenant="b") == []
    assert id not in undecided.requests()
    assert undecided.cancel(id).status_code == 404


def test_a_request_that_is_taken_back_gives_its_lines_back(undecided: Logs) -> None:
    undecided.push("back", "one", "two")
    id = undecided.delete('{app="back"}')
    assert undecided.lines('{app="back"}') == []
    shown = undecided.requests()[id]
    assert (shown["query"], shown["status"], shown["progress"]) == ('{app="back"}', "received", 0)
    assert shown["start_time"] == 0
    assert shown["created_at"] * SECOND == pytest.approx(system_clock(), rel=1e-6)
    assert undecided.cancel(id).status_code == 204
    assert undecided.lines('{app="back"}') == ["one", "two"]
    assert id not in undecided.requests()


def test_a_request_is_one_whatever_interval_loki_would_split_it_by(undecided: Logs) -> None:
    undecided.push("split", "one", "two")
    before = len(undecided.requests())
    undecided.delete('{app="split"} |= "o"', max_interval="1h30m")
    assert undecided.lines('{app="split"}') == []
    assert len(undecided.requests()) == before + 1


@pytest.mark.parametrize("query", ['{app="nothing"}', '{app="pending"}'])
def test_a_request_that_has_not_begun_is_at_0_percent(undecided: Logs, query: str) -> None:
    undecided.push("pending", "one")
    id = undecided.delete(query)
    shown = undecided.requests()[id]
    assert (shown["status"], shown["progress"]) == ("received", 0)


@pytest.mark.parametrize(
    ("parameters", "reason"),
    [
        ({"start": "0"}, "query not set"),
        ({"query": '{app="a"}'}, "start time not set"),
        ({"query": '{app="a"', "start": "0"}, "parse error"),
        ({"query": "{}", "start": "0"}, "at least one"),
        ({"query": 'rate({app="a"}[1m])', "start": "0"}, "needs a log query"),
        ({"query": '{app="a"} | user in ({app="b"} | json | fields user)', "start": "0"}, "subquery"),
        ({"query": '{app="a"} | logfmt | unwrap took', "start": "0"}, "can't hold `unwrap`"),
        ({"query": '{app="a"} | json | unwrap duration(took) | took > 1', "start": "0"}, "can't hold `unwrap`"),
        ({"query": '{app="a"}', "start": "9", "end": "1"}, "start time"),
        ({"query": '{app="a"}', "start": "0", "end": "9999999999"}, "future"),
        ({"query": '{app="a"}', "start": "yesterday"}, "'start'"),
        ({"query": '{app="a"}', "start": "0", "max_interval": "xx"}, "max_interval"),
        ({"query": '{app="a"}', "start": "0", "max_interval": "1d"}, "max_interval"),
        ({"query": '{app="a"}', "start": "0", "max_interval": "10ms"}, "max_interval"),
    ],
)
def test_what_makes_no_sense_is_refused(undecided: Logs, parameters: dict[str, str], reason: str) -> None:
    before = undecided.requests()
    answer = undecided.client.put(PATH, data=parameters, headers={"X-Scope-OrgID": "a"})
    assert answer.status_code == 400
    assert reason in answer.text
    assert undecided.requests() == before


def test_the_bytes_go_and_the_rest_stays(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with logs(data) as running:
        running.push("shop", *(f"line {number} {'secret' if number % 3 else 'plain'}" for number in range(300)))
        running.push("other", "secret")
        id = running.delete('{app="shop"} |= "secret"')
        left = [f"line {number} plain" for number in range(0, 300, 3)]
        assert running.lines('{app="shop"}') == left
        running.wait_until_processed(id)
        assert running.requests()[id]["progress"] == 100
        assert running.lines('{app="shop"}') == left
        deadline = time.monotonic() + 30
        while stored_lines(data) != {*left, "secret"}:
            assert time.monotonic() < deadline
            time.sleep(0.05)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_requests_outlive_the_process(tmp_path: Path, end: str) -> None:
    data = tmp_path / "data"
    with logs(data, "1h") as running:
        running.push("shop", "secret", "plain")
        id = running.delete('{app="shop"} |= "secret"')
        if end == "stop":
            assert running.server.stop() == 0
        else:
            running.server.process.kill()
    with logs(data, "1h") as running:
        assert running.lines('{app="shop"}') == ["plain"]
        running.push("shop", "secret", at=BEGIN + 10 * SECOND)
        assert running.lines('{app="shop"}') == ["plain", "secret"]
    with logs(data, "0") as running:
        running.wait_until_processed(id)
        assert running.lines('{app="shop"}') == ["plain", "secret"]
        for force in ("false", "true"):
            late = running.cancel(id, force=force)
            assert (late.status_code, "already processed" in late.text) == (400, True)
        assert running.requests()[id]["status"] == "processed"


def test_a_request_that_is_not_done_is_taken_back_late_by_force(tmp_path: Path) -> None:
    with logs(tmp_path / "data", variables={"SIGYN_DELETES_MODE": "filter-only"}) as running:
        running.push("shop", "secret", "plain")
        id = running.delete('{app="shop"} |= "secret"')
        late = running.cancel(id)
        assert (late.status_code, "deletes.cancel_period" in late.text) == (400, True)
        assert running.lines('{app="shop"}') == ["plain"]
        assert running.cancel(id, force="true").status_code == 204
        assert running.lines('{app="shop"}') == ["secret", "plain"]
        assert running.requests() == {}


def test_a_request_of_before_anything_arrived_can_be_taken_back(tmp_path: Path) -> None:
    with logs(tmp_path / "data", "1h") as running:
        id = running.delete('{app="shop"}')
        assert running.cancel(id).status_code == 204
        assert running.requests() == {}


def test_a_tenant_whose_deletes_are_disabled_sees_its_lines_again(tmp_path: Path) -> None:
    """At once, as the file of overrides changes, and in what caches remember."""
    overrides = tmp_path / "overrides.yaml"

    def turn(mode: str) -> None:
        overrides.write_text(f"overrides: {{a: {{deletion_mode: {mode}}}}}\n")

    def counted(running: Logs) -> int:
        query = 'sum(count_over_time({app="shop"}[1h]))'
        answer = running.get("/loki/api/v1/query_range", query=query, step="600", end=str(BEGIN + 2 * HOUR)).json()
        return max(int(value) for _, value in answer["data"]["result"][0]["values"])

    turn("filter-only")
    variables = {"SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG": str(overrides)}
    with logs(tmp_path / "data", variables=variables) as running:
        for tenant in ("a", "b"):
            running.push("shop", "secret", "plain", tenant=tenant)
        id = running.delete('{app="shop"} |= "secret"')
        for mode, seen in (("disabled", ["secret", "plain"]), ("filter-only", ["plain"])) * 2:
            turn(mode)
            for _ in range(2):
                assert (running.lines('{app="shop"}'), counted(running)) == (seen, len(seen))
        turn("disabled")
        refused = running.client.post(
            PATH, params={"query": '{app="shop"}', "start": "0"}, headers={"X-Scope-OrgID": "a"}
        )
        assert (refused.status_code, "deletes.mode" in refused.text) == (400, True)
        assert running.requests()[id]["status"] == "received"
        turn("filter-and-delete")
        running.wait_until_processed(id)
        turn("disabled")
        assert (running.lines('{app="shop"}'), counted(running)) == (["plain"], 1)
        assert running.lines('{app="shop"}', tenant="b") == ["secret", "plain"]


def test_requests_are_in_force_again_when_deletes_are_turned_on_again(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with logs(data, "1h") as running:
        running.push("shop", "secret", "plain")
        id = running.delete('{app="shop"} |= "secret"')
        assert running.lines('{app="shop"}') == ["plain"]
    with logs(data, variables={"SIGYN_DELETES_MODE": "disabled"}) as running:
        assert running.lines('{app="shop"}') == ["secret", "plain"]
        assert running.requests()[id]["status"] == "received"
    with logs(data) as running:
        assert running.lines('{app="shop"}') == ["plain"]
        running.wait_until_processed(id)


def test_deletes_can_be_turned_off(tmp_path: Path) -> None:
    variables = os.environ | {"SIGYN_DELETES_MODE": "disabled"}
    with running_server(tmp_path / "data", variables=variables) as server:
        answer = httpx.post(server.url + PATH, params={"query": '{app="a"}', "start": "0"})
    assert answer.status_code == 400
    assert "deletes.mode" in answer.text
