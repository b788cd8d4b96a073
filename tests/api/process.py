"""A server process as people run it, on ports of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

_MAIN = """
import json, sys
from pathlib import Path
from sigyn.api.logs import configure_logs
from sigyn.api.server import ServerSettings, run
from sigyn.store.settings import StoreSettings

configure_logs("warn", "logfmt")
data, http, grpc = sys.argv[1:]
run(
    ServerSettings(store=StoreSettings(data=Path(data)), http=http, otlp_grpc=grpc),
    lambda listening: print(json.dumps([listening.url, listening.otlp_grpc]), flush=True),
)
"""


@dataclass(frozen=True)
class ServerProcess:
    """A running server: `url` of its HTTP API, `grpc` the address of OTLP, and its process."""

    url: str
    grpc: str
    client: httpx.Client
    process: subprocess.Popen[str]

    def push(self, stream: dict[str, str], *values: tuple[int, str]) -> None:
        entries = [[str(timestamp), line] for timestamp, line in values]
        body = {"streams": [{"stream": stream, "values": entries}]}
        answer = self.client.post("/loki/api/v1/push", json=body)
        assert answer.status_code == 204, answer.text

    def lines(self, query: str, **parameters: str) -> list[str]:
        """Lines of all streams of an answer, oldest first."""
        answer = self.client.get("/loki/api/v1/query_range", params={"query": query, "limit": "5000", **parameters})
        assert answer.status_code == 200, answer.text
        values = [value for stream in answer.json()["data"]["result"] for value in stream["values"]]
        return [value[1] for value in sorted(values)]

    def stop(self) -> int:
        """Asks the server to stop; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)


def command(data: Path, http: str = "127.0.0.1:0", grpc: str = "127.0.0.1:0") -> list[str]:
    return [sys.executable, "-c", _MAIN, str(data), http, grpc]


@contextmanager
def server_process(data: Path) -> Iterator[ServerProcess]:
    process = subprocess.Popen(command(data), stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        url, grpc = json.loads(process.stdout.readline())
        with httpx.Client(base_url=url, timeout=30) as client:
            yield ServerProcess(url, grpc, client, process)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()
