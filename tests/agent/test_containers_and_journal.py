"""Docker's containers over a socket, the journal through its program: stand-ins that speak as the real ones do."""

import asyncio
import json
import socketserver
import stat
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Thread
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from structlog.testing import capture_logs

from sigyn.agent.config.targets import JournalConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.stages import StagePipeline
from sigyn.agent.targets.docker_log import ContainerLog, Demultiplexer, TerminalLines
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.journal import JournalReader
from tests.agent.file_reading import Memory
from tests.agent.processes import AgentProcess, push_sink, running_agent, until

CONTAINER = {
    "Id": "c0ffee",
    "Names": ["/web"],
    "Labels": {"com.docker.compose.service": "shop"},
    "HostConfig": {"NetworkMode": "bridge"},
    "NetworkSettings": {"Networks": {"bridge": {"NetworkID": "n1", "IPAddress": "172.17.0.2"}}},
    "Ports": [],
}


def frame(kind: int, text: str) -> bytes:
    data = text.encode()
    return bytes([kind, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@pytest.mark.parametrize("splitter", [Demultiplexer(), TerminalLines()])
def test_a_line_without_an_end_comes_in_pieces(splitter: Demultiplexer | TerminalLines) -> None:
    time, text, found = "2026-01-15T10:00:00Z", "x" * 16_384, []
    for number in range(600):
        piece = f"{time} {text}" if number == 0 else text
        found += splitter.feed(frame(1, piece) if isinstance(splitter, Demultiplexer) else piece.encode())
        assert sum(len(line) for _, line in found) > 16_384 * number - (5 << 20)
    found += splitter.feed(frame(1, "\n") if isinstance(splitter, Demultiplexer) else b"\n")
    lines = [line.decode().partition(" ") for _, line in found]
    assert {begin for begin, _, _ in lines} == {time}
    assert "".join(rest for _, _, rest in lines) == text * 600
    assert len(lines) == 3


@pytest.fixture
def docker(tmp_path: Path) -> Iterator[tuple[Path, list[str]]]:
    """A daemon with one container, whose log goes on until the test ends; `since` of each log request."""
    path, since, done = tmp_path / "docker.sock", list[str](), Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/containers/c0ffee/logs":
                since.append(parse_qs(parts.query)["since"][0])
                self.stream()
                return
            answers: dict[str, object] = {
                "/containers/json": [CONTAINER],
                "/networks": [{"Id": "n1", "Name": "bridge", "Scope": "local"}],
                "/containers/c0ffee/json": {"Config": {"Tty": False}},
            }
            data = json.dumps(answers[parts.path]).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def stream(self) -> None:
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            frames = frame(1, "2026-01-15T10:00:00.000000002Z out\n") + frame(2, "2026-01-15T10:00:00.000000001Z er")
            frames += frame(2, "ror\n2026-01-15T10:00:01Z last\n")
            self.wfile.write(frames[:30])
            self.wfile.flush()
            self.wfile.write(frames[30:])
            self.wfile.flush()
            done.wait(30)

        def address_string(self) -> str:
            return "unix"

        def log_message(self, *_: object) -> None:
            pass

    class Server(socketserver.ThreadingUnixStreamServer):
        daemon_threads = True

    server = Server(str(path), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield path, since
    done.set()
    server.shutdown()
    server.server_close()
    thread.join()


def test_logs_of_containers(tmp_path: Path, docker: tuple[Path, list[str]]) -> None:
    path, since = docker
    scrape = f"""
- job_name: docker
  docker_sd_configs: [{{host: "unix://{path}", refresh_interval: 1s}}]
  relabel_configs:
  - {{source_labels: [__meta_docker_container_name], regex: /(.*), target_label: container}}
  - {{source_labels: [__meta_docker_container_log_stream], target_label: stream}}
  - {{source_labels: [__meta_docker_container_label_com_docker_compose_service], target_label: service}}
"""
    with push_sink() as sink:
        agent = AgentProcess(tmp_path, sink.url, scrape)
        try:
            agent.start()
            until(lambda: len(sink.lines()) == 3, "three lines")
            got = [(entry.timestamp % 10**9, entry.labels, entry.line) for entry in sink.entries]
            assert sorted(got, key=lambda one: one[2]) == [
                (1, '{container="web", service="shop", stream="stderr"}', "error"),
                (0, '{container="web", service="shop", stream="stderr"}', "last"),
                (2, '{container="web", service="shop", stream="stdout"}', "out"),
            ]
            assert agent.stop() == 0
            agent.start()
            until(lambda: len(since) == 2, "the log is asked for again")
        finally:
            agent.close()
    assert since == ["0.000000000", "1768471201.000000000"]


def test_the_journal_from_its_cursor_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [
        {
            "__CURSOR": f"s={number}",
            "__REALTIME_TIMESTAMP": str(1768471200_000000 + number),
            "_SYSTEMD_UNIT": "shop.service",
            "PRIORITY": "3",
            **message,
        }
        for number, message in enumerate(
            [{"MESSAGE": "plain", "PRIORITY": "²"}, {"JOB_ID": "1"}, {"MESSAGE": [104, 105, 255]}]
        )
    ]
    calls = tmp_path / "calls"
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    output = "\n".join(json.dumps(row) for row in rows)
    program.write_text(f"#!/bin/sh\necho \"$@\" >> {calls}\ncat <<'END'\n{output}\nEND\nexec sleep 60\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    scrape = """
- job_name: j
  journal: {max_age: 2h, labels: {job: journal}, matches: _TRANSPORT=kernel}
  relabel_configs:
  - {source_labels: [__journal__systemd_unit], target_label: unit}
  - {source_labels: [__journal_priority_keyword], target_label: level}
"""
    with push_sink() as sink, running_agent(tmp_path, sink.url, scrape) as agent:
        until(lambda: len(sink.lines()) == 2, "two entries")
        assert sink.lines() == ["plain", "hi�"]
        assert sink.entries[0].labels == '{job="journal", unit="shop.service"}'
        assert sink.entries[1].labels == '{job="journal", level="error", unit="shop.service"}'
        assert sink.entries[1].timestamp == 1768471200_000002000
        assert agent.stop() == 0
        assert 'journal-j: "s=2"' in agent.positions.read_text()
        agent.start()
        until(lambda: len(calls.read_text().splitlines()) == 2, "journalctl is started again")
    first, second = calls.read_text().splitlines()
    assert "--since=-7200s" in first
    assert first.endswith("_TRANSPORT=kernel")
    assert "--after-cursor=s=2" in second


def test_a_journalctl_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    program = tmp_path / "journalctl"

    def install(message: str, last: str) -> None:
        row = json.dumps({"__CURSOR": message, "__REALTIME_TIMESTAMP": "1768471200000000", "MESSAGE": message})
        written = tmp_path / "written"
        written.write_text(f"#!/bin/sh\necho '{row}'\n{last}\n")
        written.chmod(0o755)
        written.rename(program)

    async def scenario() -> None:
        sink = Memory({})
        job = Job("j", StagePipeline([], "j", StageMetrics()), sink)
        reader = JournalReader(JournalConfig(), job, (), AgentCounters(), "", str(program), again=0.01)
        install("first", f"rm {program}")
        with capture_logs() as told:
            await reader.start()
            await sink.until("first")
            async with asyncio.timeout(10):
                while not any("No such file" in each["reason"] for each in told):
                    await asyncio.sleep(0.005)
        install("second", "exec sleep 60")
        await sink.until("first", "second")
        await reader.stop()

    asyncio.run(scenario())


def test_a_log_that_is_asked_for_again_gives_no_line_twice() -> None:
    """As of a container that has ended: its daemon sends what is not older than the last line each time."""
    at = "2026-01-15T10:00:00.00000000"
    grown = ([f"{at}1Z one", "without a time", f"{at}2Z two"], [f"{at}2Z as old as two"], [], [f"{at}3Z three"])
    held: list[str] = []
    since: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/json"):
            return httpx.Response(200, json={}) if len(since) < len(grown) else httpx.Response(404)
        held.extend(grown[len(since)])
        since.append(request.url.params["since"])
        begin = since[-1].partition(".")[2]
        sent = [line for line in held if line.partition(".")[2][:9] >= begin or "." not in line]
        return httpx.Response(200, stream=httpx.ByteStream(b"".join(frame(1, f"{line}\n") for line in sent)))

    async def scenario() -> list[str]:
        sink = Memory({})
        job = Job("docker", StagePipeline([], "docker", StageMetrics()), sink)
        log = ContainerLog("c0ffee", {}, (), job, AgentCounters(), 0)
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://docker") as client:
            await log.follow(client, again=0)
        return sink.lines

    assert asyncio.run(scenario()) == ["one", "two", "as old as two", "three"]
    assert [each.partition(".")[2] for each in since] == ["000000000", "000000002", "000000002", "000000002"]


JOURNALCTL = """#!{python}
import json, sys, time
arguments = dict(argument.partition("=")[::2] for argument in sys.argv[1:] if argument.startswith("-"))
rows = [json.loads(line) for line in open("{rows}")]
cursors = [row["__CURSOR"] for row in rows]
if "--after-cursor" in arguments:
    rows = rows[cursors.index(arguments["--after-cursor"]) + 1:]
if "--merge" not in arguments:
    rows = [row for row in rows if row["_BOOT_ID"] == "b"]
if arguments.get("--lines") != "all":
    rows = rows[:10]
for match in (argument for argument in sys.argv[1:] if not argument.startswith("-")):
    name, _, value = match.partition("=")
    rows = [row for row in rows if row[name] == value]
for row in rows:
    print(json.dumps(row), flush=True)
time.sleep(60)
"""
"""As systemd's: to follow is to show ten entries of this boot, unless all boots and lines are asked for."""


def test_the_journal_of_the_boot_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written between the last push and a crash is there after it, however much it is."""
    machine_id = Path("/etc/machine-id")
    ours = machine_id.read_text().strip() if machine_id.exists() else ""
    boots = ["a"] * 20 + ["b"] * 20
    rows = [
        {
            "__CURSOR": f"s={number}",
            "__REALTIME_TIMESTAMP": str(1768471200_000000 + number),
            "_BOOT_ID": boot,
            "_MACHINE_ID": "another" if ours and number == 3 else ours,
            "MESSAGE": f"{boot}{number}",
        }
        for number, boot in enumerate(boots)
    ]
    written = tmp_path / "rows"
    written.write_text("\n".join(json.dumps(row) for row in rows[:2]))
    program = tmp_path / "bin" / "journalctl"
    program.parent.mkdir()
    program.write_text(JOURNALCTL.replace("{python}", sys.executable).replace("{rows}", str(written)))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    scrape = "\n- job_name: j\n  journal: {labels: {job: journal}}\n"
    with push_sink() as sink, running_agent(tmp_path, sink.url, scrape) as agent:
        until(lambda: len(sink.lines()) == 2, "what there is")
        assert agent.stop() == 0
        written.write_text("\n".join(json.dumps(row) for row in rows))
        agent.start()
        until(lambda: "b39" in sink.lines(), "the newest entry")
        assert sink.lines() == [row["MESSAGE"] for row in rows if row["_MACHINE_ID"] == ours]
