"""Retention and demoted labels: nothing that a selector of retention names goes before its time; real servers."""

import json
import os
import subprocess
import time
from pathlib import Path

import httpx

from sigyn.model.time import DAY, MINUTE
from tests.cli.server import SIGYN, RunningServer, running_server

NAMES = {f"c{number}" for number in range(60)}
"""Twice the values at which an id is demoted."""

SELECTOR = '{customer_id="c50"}'


def variables(**settings: str) -> dict[str, str]:
    """Entries stay for a day unless a setting says otherwise."""
    retention = {"ENABLED": "true", "PERIOD": "1d", "DELETE_DELAY": "1s", **settings}
    return {**os.environ, **{f"SIGYN_RETENTION_{name}": value for name, value in retention.items()}}


def push(server: RunningServer, label: str, begin: int, tenant: str = "fake") -> None:
    """A stream for each of the names, whose line is the name; entries of consecutive nanoseconds from `begin` on.

    A push for each, so that there is enough for a compaction, before which retention takes nothing out.
    """
    with httpx.Client(base_url=server.url, headers={"X-Scope-OrgID": tenant}, timeout=60) as http:
        for number, name in enumerate(sorted(NAMES)):
            stream = {"stream": {"app": "a", label: name}, "values": [[str(begin + number), name]]}
            answer = http.post("/loki/api/v1/push", json={"streams": [stream]})
            assert answer.status_code == 204, answer.text


def ask(server: RunningServer, path: str, tenant: str = "fake", **parameters: str) -> list[dict[str, object]]:
    asked = {"start": str(time.time_ns() - 20 * DAY), "end": str(time.time_ns()), **parameters}
    answer = httpx.get(f"{server.url}{path}", params=asked, headers={"X-Scope-OrgID": tenant}, timeout=60)
    assert answer.status_code == 200, answer.text
    data = answer.json()["data"]
    found: list[dict[str, object]] = data if isinstance(data, list) else data["result"]
    return found


def lines(server: RunningServer) -> set[str]:
    found = ask(server, "/loki/api/v1/query_range", query='{app="a"}', limit="1000")
    values = [stream["values"] for stream in found]
    assert all(isinstance(each, list) for each in values)
    return {line for each in values if isinstance(each, list) for _, line in each}


def wait_for(server: RunningServer, kept: set[str]) -> None:
    """Until retention has left these lines."""
    deadline = time.monotonic() + 60
    while lines(server) != kept:
        assert time.monotonic() < deadline, lines(server) ^ kept
        time.sleep(0.1)


def change(server: RunningServer, action: str, label: str) -> httpx.Response:
    """Demotes or promotes a label by hand."""
    return httpx.post(f"{server.url}/sigyn/api/v1/cardinality/{action}", params={"label": label}, timeout=60)


def log_of(data: Path, event: str) -> list[str]:
    return [line for line in data.with_name(f"{data.name}.stderr").read_text().splitlines() if event in line]


def test_what_a_selector_keeps_is_kept_however_many_values_its_label_has(tmp_path: Path) -> None:
    data, begin = tmp_path / "data", time.time_ns() - 3 * DAY
    streams = {"STREAMS": f"{SELECTOR}=365d"}
    with running_server(data, variables=variables(**streams, ENABLED="false")) as server:
        push(server, "customer_id", begin)
        push(server, "customer_id", begin)
        assert len(ask(server, "/loki/api/v1/series")) == len(NAMES)
        refused = change(server, "demote", "customer_id")
        assert refused.status_code == 400
        assert (
            f"label=`customer_id` stays with the streams, since retention has a period for `{SELECTOR}`" in refused.text
        )
        assert server.stop() == 0
    [told] = log_of(data, "label not demoted")
    assert "label=customer_id" in told
    assert SELECTOR in told.replace("\\", "")
    with running_server(data, variables=variables(**streams)) as server:
        wait_for(server, {"c50"})


def test_a_selector_of_one_tenant_keeps_the_labels_of_this_one(tmp_path: Path) -> None:
    """And from when the file of overrides names it."""
    file = tmp_path / "overrides.yaml"
    file.write_text("{}\n")
    own = {**os.environ, "SIGYN_SERVER_AUTH_ENABLED": "true", "SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG": str(file)}
    with running_server(tmp_path / "data", variables=own) as server:
        now = time.time_ns() - MINUTE
        push(server, "customer_id", now, "a")
        file.write_text("overrides: {a: {retention_stream: [{selector: '{user_id=~\"c5.\"}', period: 1y}]}}\n")
        push(server, "user_id", now, "a")
        push(server, "user_id", now, "b")

        def demoted(tenant: str) -> list[str]:
            headers = {"X-Scope-OrgID": tenant}
            found = httpx.get(f"{server.url}/sigyn/api/v1/cardinality", headers=headers, timeout=60).json()["data"]
            return [label["name"] for label in found["demoted"]]

        assert [demoted("a"), demoted("b")] == [["customer_id"], ["user_id"]]


def test_entries_that_carry_a_label_stay_for_the_longest_period_of_their_stream(tmp_path: Path) -> None:
    """A selector that came after the label was demoted loses nothing; a plan tells the same."""
    data = tmp_path / "data"
    with running_server(data) as server:
        push(server, "customer_id", time.time_ns() - 3 * DAY)
        assert server.stop() == 0
    retained = variables(STREAMS=f"{SELECTOR}=365d")
    with running_server(data, variables=retained) as server:
        wait_for(server, set(sorted(NAMES)[30:]))  # the others have streams, which the selector does not match
        push(server, "customer_id", time.time_ns() - MINUTE)
        assert server.stop() == 0
    [told] = log_of(data, "retention names a demoted label")
    assert "sigyn cardinality --promote customer_id" in told
    assert planned_rows(data, retained) == 0
    assert planned_rows(data, variables()) == 30


def planned_rows(data: Path, settings: dict[str, str]) -> int:
    """Entries that `sigyn store plan` would delete."""
    command = [SIGYN, "store", "plan", "--data", str(data), "-o", "json"]
    steps = json.loads(subprocess.run(command, env=settings, capture_output=True, check=True).stdout)["steps"]
    return sum(step["rows"] for step in steps if step["action"] == "delete")
