"""A server that takes pushes, answers as told, and remembers what came."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """A request to the receiver."""

    path: str
    headers: dict[str, str]
    body: Any

    def values(self) -> list[list[Any]]:
        return [value for stream in self.body["streams"] for value in stream["values"]]


@dataclass
class Receiver:
    """`answers` are statuses with bodies and headers for the next requests; then 204. `came` counts requests."""

    url: str = ""
    answers: list[tuple[int, str, dict[str, str]]] = field(default_factory=list)
    requests: list[Received] = field(default_factory=list)
    came: threading.Condition = field(default_factory=threading.Condition)

    def accepted(self) -> list[list[Any]]:
        """Entries of all requests, in their order."""
        return [value for request in self.requests for value in request.values()]

    def wait_for(self, count: int) -> None:
        with self.came:
            assert self.came.wait_for(lambda: len(self.requests) >= count, timeout=20)


@contextmanager
def receiver(port: int = 0) -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            request = Received(self.path, dict(self.headers.items()), json.loads(body))
            status, text, headers = received.answers.pop(0) if received.answers else (204, "", {})
            with received.came:  # before the answer: a client that has it may look at once
                received.requests.append(request)
                received.came.notify_all()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    received.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
