"""A proxy in front of an object store that disturbs requests as it is told."""

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Literal
from urllib.parse import urlsplit

Fault = Literal["none", "refuse", "delay", "cut", "short", "turn", "404", "500", "503", "429"]
"""
none             the request goes through
refuse           the connection is closed without an answer
delay            the answer comes `DELAY_SECONDS` later
cut              the connection is closed in the middle of the body
short            the body is half of what was asked for, and its length says so
turn             a bit of each of the last bytes of the body is another
404              the service says that there is no such object
500, 503, 429    an error of the service
"""

DELAY_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Request:
    """A request that came through: its method, and the path with the query."""

    method: str
    path: str


class FaultyProxy:
    """Forwards to `target`; each entry of `faults` disturbs one request of the method that it names.

    Without `knows_conditions` writes that have one get 501, as from services that lack them.
    """

    def __init__(self, target: str) -> None:
        self.faults: deque[tuple[str, Fault]] = deque()
        self.knows_conditions = True
        self.requests: list[Request] = []
        self._target = urlsplit(target).netloc
        self._lock = Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def next_fault(self, method: str) -> Fault | None:
        """The fault for this request, which is used up; None when it goes through."""
        with self._lock:
            if self.faults and self.faults[0][0] == method:
                return self.faults.popleft()[1]
            return None

    def count(self, method: str) -> int:
        """Requests of a method so far."""
        return sum(request.method == method for request in self.requests)

    @contextmanager
    def running(self) -> Iterator["FaultyProxy"]:
        """Serves until the end of the block."""
        thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            thread.join()
            self._server.server_close()

    def _forward(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[HTTPResponse, bytes]:
        upstream = HTTPConnection(self._target, timeout=30)
        try:
            upstream.request(method, path, body, headers)
            answer = upstream.getresponse()
            return answer, answer.read()
        finally:
            upstream.close()

    def _handler(proxy) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline(65537)
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                proxy.requests.append(Request(self.command, self.path))
                fault = proxy.next_fault(self.command)
                if fault == "refuse":
                    self.close_connection = True
                    return
                if fault == "delay":
                    time.sleep(DELAY_SECONDS)
                has_condition = self.command == "PUT" and "If-None-Match" in self.headers
                unknown = has_condition and not proxy.knows_conditions
                if unknown or fault in ("404", "500", "503", "429"):
                    self.send_response(501 if unknown else int(fault))
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                answer, content = proxy._forward(self.command, self.path, body, dict(self.headers.items()))
                length = answer.headers.get("Content-Length", str(len(content)))
                if fault == "short":
                    content = content[: len(content) // 2]
                    length = str(len(content))
                if fault == "turn":
                    content = content[:-8] + bytes(byte ^ 1 for byte in content[-8:])
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    if name.lower() not in ("content-length", "connection", "transfer-encoding", "server", "date"):
                        self.send_header(name, value)
                self.send_header("Content-Length", length)
                self.end_headers()
                if fault == "cut":
                    content = content[: len(content) // 2]
                    self.close_connection = True
                self.wfile.write(content)
                self.wfile.flush()

            def log_message(self, format: str, *args: object) -> None:
                del format, args

        return Handler
