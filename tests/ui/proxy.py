"""A reverse proxy that serves a server below a path prefix, as nginx does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx

PREFIX = "/tools/logs"
_KEPT = ("content-type", "content-security-policy", "location", "set-cookie", "www-authenticate")


@dataclass
class PrefixProxy:
    """Where the proxy listens; `target`, the server behind it, may be said later."""

    url: str
    target: str = ""


@contextmanager
def prefix_proxy(target: str = "") -> Iterator[PrefixProxy]:
    """A proxy on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if not self.path.startswith(PREFIX + "/"):
                self.send_error(404)
                return
            length = int(self.headers.get("Content-Length", 0))
            skipped = {"connection", "upgrade", "accept-encoding", "content-length"}
            headers = {name: value for name, value in self.headers.items() if name.lower() not in skipped}
            answer = httpx.request(
                self.command,
                proxy.target + self.path.removeprefix(PREFIX),
                headers=headers,
                content=self.rfile.read(length),
                timeout=60,
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.multi_items():
                if name.lower() in _KEPT:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815 (http.server looks for these names)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        proxy = PrefixProxy(f"http://127.0.0.1:{server.server_port}{PREFIX}", target)
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
