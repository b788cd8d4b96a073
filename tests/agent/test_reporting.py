"""What an agent tells its server of itself, in real processes; and servers that don't want to know."""

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest

from sigyn.model.errors import TooManyRequests
from sigyn.services.agents import MOST, REMEMBERED, AgentRegistry, AgentReport
from tests.cli.server import running_server
from tests.ruler.upstream import eventually

from .processes import running_agent, tail

PATH = "/sigyn/api/v1/agents"


def test_an_agent_tells_what_it_reads(tmp_path: Path) -> None:
    log = tmp_path / "shop.log"
    log.write_text("one line\nanother\n")
    with (
        running_server(tmp_path / "data") as server,
        running_agent(tmp_path, f"{server.url}/loki/api/v1/push", tail(tmp_path / "*.log", job="shop")),
    ):

        def reported() -> Any:
            agents = httpx.get(server.url + PATH, timeout=30).json()["data"]
            return agents if agents and agents[0]["targets"] and agents[0]["targets"][0]["lag_seconds"] else None

        (agent,) = eventually(reported)
        (target,) = agent["targets"]
        assert (target["job"], target["type"], target["state"]) == ("shop", "File", "ready")
        assert (target["path"], target["labels"]) == (str(tmp_path / "*.log"), {"job": "shop"})
        assert target["files"] >= 1
        assert target["unread_bytes"] == 0
        assert agent["heard"] >= agent["started"]


def test_a_server_that_does_not_know_is_asked_once(tmp_path: Path) -> None:
    asked: list[str] = []

    class Loki(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            self.send_response(204)  # whatever is posted is taken for a push
            self.end_headers()

        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            asked.append(self.path)
            self.send_response(404)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    log = tmp_path / "shop.log"
    log.write_text("one line\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Loki) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            url = f"http://127.0.0.1:{server.server_port}/loki/api/v1/push"
            with running_agent(tmp_path, url, tail(log)) as agent:
                eventually(lambda: PATH in asked)
                with log.open("a") as file:
                    file.write("another\n")
                eventually(lambda: agent.metric("promtail_sent_entries_total") == 2)
                assert asked.count(PATH) == 1
                assert set(asked) == {PATH, "/loki/api/v1/push"}
        finally:
            server.shutdown()
            thread.join()


def report(id: str = "a", host: str = "b") -> AgentReport:
    return AgentReport(id, host, "1", 0, ())


def test_who_tells_nothing_is_forgotten_and_tenants_are_apart() -> None:
    agents = AgentRegistry()
    agents.put("one", report(), 0)
    agents.put("one", report("b", "a"), 5)
    agents.put("two", report(), 0)
    assert [each.report.id for each in agents.of("one", 6)] == ["b", "a"]
    assert [each.report.id for each in agents.of("one", REMEMBERED)] == ["b"]
    assert [each.heard for each in agents.of("two", 1)] == [0]


def test_too_many() -> None:
    agents = AgentRegistry()
    for number in range(MOST):
        agents.put("one", report(str(number)), 0)
    agents.put("one", report("0"), 1)
    with pytest.raises(TooManyRequests):
        agents.put("one", report("more"), 1)


def test_of_too_many_tenants_who_was_heard_of_the_longest_ago_is_forgotten() -> None:
    agents = AgentRegistry(most_of_all=3)
    for now, tenant in enumerate(("quiet", "busy", "invented-1", "busy", "invented-2")):
        agents.put(tenant, report(), now)
    known = {tenant: len(agents.of(tenant, 5)) for tenant in ("quiet", "busy", "invented-1", "invented-2")}
    assert known == {"quiet": 0, "busy": 1, "invented-1": 1, "invented-2": 1}


def test_who_was_forgotten_has_its_place_again() -> None:
    agents = AgentRegistry()
    for number in range(MOST):
        agents.put("one", report(str(number)), 0)
    agents.put("one", report("later"), REMEMBERED)
    assert [each.report.id for each in agents.of("one", REMEMBERED)] == ["later"]


def test_what_is_no_report(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        answer = httpx.put(server.url + PATH, content=json.dumps({"id": 1}))
        assert (answer.status_code, "not what an agent tells" in answer.text) == (400, True)
