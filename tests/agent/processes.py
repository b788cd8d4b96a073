"""A real agent in a process of its own, and a server that takes its pushes."""

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread

import httpx

from sigyn.wire.compression import decompress_snappy
from sigyn.wire.loki_messages import PushRequest

SIGYN = str(Path(sys.executable).with_name("sigyn"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def until(done: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Waits until something is so, and fails with `what` when it never is."""
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, f"not within {seconds:g} s: {what}"
        time.sleep(0.02)


@dataclass
class Received:
    """A pushed entry."""

    labels: str
    timestamp: int
    line: str
    metadata: dict[str, str]
    tenant: str


@dataclass
class Sink:
    """A push endpoint that keeps what it gets; `answers` are given in turn, then 204.

    Pushes of more than `burst` bytes of lines are refused with 429, as by a rate limit that they never pass.
    """

    url: str = ""
    entries: list[Received] = field(default_factory=list)
    requests: list[dict[str, str]] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    burst: int = 1 << 30
    lock: Lock = field(default_factory=Lock)

    def lines(self) -> list[str]:
        with self.lock:
            return [entry.line for entry in self.entries]


@contextmanager
def push_sink(tls: ssl.SSLContext | None = None) -> Iterator[Sink]:
    """Listens on localhost, with TLS if there is a context for it."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with sink.lock:
                sink.requests.append(dict(self.headers.items()))
                sink.times.append(time.monotonic())
                status, headers = sink.answers.pop(0) if sink.answers else (204, {})
                entries = decode(body, self.headers.get("X-Scope-OrgID", "")) if status == 204 else []
                if sum(len(entry.line) for entry in entries) > sink.burst:
                    status = 429
                else:
                    sink.entries += entries
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            """A page, such as the login of a proxy."""
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    sink.url = f"{'https://localhost' if tls else 'http://127.0.0.1'}:{server.server_address[1]}/loki/api/v1/push"
    try:
        yield sink
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def decode(body: bytes, tenant: str) -> list[Received]:
    push = PushRequest.FromString(bytes(decompress_snappy(body)))
    return [
        Received(
            _text(stream.labels),
            entry.timestamp.seconds * 1_000_000_000 + entry.timestamp.nanos,
            _text(entry.line),
            {_text(pair.name): _text(pair.value) for pair in entry.structured_metadata},
            tenant,
        )
        for stream in push.streams
        for entry in stream.entries
    ]


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


class AgentProcess:
    """`sigyn agent` on a configuration, with its pages on a port of its own."""

    def __init__(self, folder: Path, url: str, scrape_configs: str, more: str = "") -> None:
        self.port = free_port()
        self.positions = folder / "positions.yaml"
        self.log = folder / "agent.log"
        self.config = folder / "agent.yaml"
        self.config.write_text(
            f"server: {{http_listen_address: 127.0.0.1, http_listen_port: {self.port}}}\n"
            f"positions: {{filename: {self.positions}, sync_period: 1s}}\n"
            "target_config: {sync_period: 1s}\n"
            f"clients: [{{url: {url}, batchwait: 100ms, backoff_config: {{min_period: 50ms, max_period: 300ms}}}}]\n"
            f"{more}\nscrape_configs:\n{scrape_configs}"
        )
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: bool = True, in_child: Callable[[], object] | None = None) -> None:
        """`in_child` is called in the process first."""
        command = [SIGYN, "agent", f"-config.file={self.config}"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, preexec_fn=in_child
            )
        if wait:
            until(self.ready, f"the agent is ready\n{self.log.read_text()}")

    def ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def get(self, path: str, **headers: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=5)

    def metric(self, name: str) -> float:
        """The sum of all series of a metric."""
        rows = [row for row in self.get("/metrics").text.splitlines() if row.startswith((name + "{", name + " "))]
        return sum(float(row.rsplit(" ", 1)[1]) for row in rows)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.kill()


@contextmanager
def running_agent(folder: Path, url: str, scrape_configs: str, more: str = "") -> Iterator[AgentProcess]:
    agent = AgentProcess(folder, url, scrape_configs, more)
    try:
        agent.start()
        yield agent
    finally:
        agent.close()


def tail(pattern: Path | str, stages: str = "[]", more: str = "", job: str = "test") -> str:
    """A scrape config that tails files."""
    return (
        f"- job_name: {job}\n  pipeline_stages: {stages}\n{more}"
        f"  static_configs: [{{labels: {{job: {job}, __path__: {json.dumps(str(pattern))}}}}}]\n"
    )
