"""An API server that lists and watches as kube-apiserver does: versions, pages, bookmarks, 410 Gone, real streams."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Object = dict[str, Any]


@dataclass
class ApiServer:
    """Objects by collection (`pods`), with the history of changes that watches are served from.

    `oldest`: watches from before this version are Gone. `cut` ends all watches at once, as a restart does.
    """

    url: str = ""
    token: str = "secret"
    objects: dict[str, dict[str, Object]] = field(default_factory=dict)
    history: list[tuple[int, str, str, Object]] = field(default_factory=list)  # version, collection, event, object
    version: int = 100
    oldest: int = 0
    page: int = 2
    generation: int = 0
    changed: Condition = field(default_factory=Condition)
    lists: list[str] = field(default_factory=list)
    watches: list[str] = field(default_factory=list)
    bookmarks: int = 0
    watch_error: int = 0  # the code of an error that watches get, 0: none

    def put(self, collection: str, item: Object) -> None:
        """Adds or changes an object."""
        metadata = item["metadata"]
        key = f"{metadata.get('namespace', '')}/{metadata['name']}"
        with self.changed:
            event = "MODIFIED" if key in self.objects.setdefault(collection, {}) else "ADDED"
            self._note(collection, event, key, item)
            self.objects[collection][key] = item

    def delete(self, collection: str, namespace: str, name: str) -> None:
        with self.changed:
            item = self.objects[collection].pop(f"{namespace}/{name}")
            self._note(collection, "DELETED", f"{namespace}/{name}", item)

    def bookmark(self, collection: str) -> None:
        """Tells all watches the newest version, without an object."""
        with self.changed:
            self.bookmarks += 1
            item = {"metadata": {}}
            self._note(collection, "BOOKMARK", "", item)

    def forget_history(self) -> None:
        """Versions up to now can no longer be watched."""
        with self.changed:
            self.oldest = self.version + 1
            self.version += 1
            self.history.clear()

    def cut(self) -> None:
        """Ends all watches in the middle."""
        with self.changed:
            self.generation += 1
            self.changed.notify_all()

    def _note(self, collection: str, event: str, _key: str, item: Object) -> None:
        self.version += 1
        item["metadata"] = {**item["metadata"], "resourceVersion": str(self.version)}
        self.history.append((self.version, collection, event, item))
        self.changed.notify_all()


@contextmanager
def api_server() -> Iterator[ApiServer]:
    state = ApiServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            if self.headers.get("Authorization") != f"Bearer {state.token}":
                self.answer(401, _status(401, "Unauthorized"))
                return
            pieces = parts.path.split("/")
            namespace = pieces[pieces.index("namespaces") + 1] if "namespaces" in pieces else ""
            if "watch" in asked:
                self.watch(pieces[-1], namespace, asked)
            else:
                self.list(pieces[-1], namespace, asked)

        def list(self, collection: str, namespace: str, asked: Mapping[str, str]) -> None:
            with state.changed:
                state.lists.append(collection)
                items = [one for one in state.objects.get(collection, {}).values() if _in(one, namespace)]
                version = state.version
            begin = int(asked.get("continue", "0"))
            end = begin + min(int(asked["limit"]), state.page)
            metadata = {"resourceVersion": str(version)}
            if end < len(items):
                metadata["continue"] = str(end)
            self.answer(200, {"kind": "List", "metadata": metadata, "items": items[begin:end]})

        def watch(self, collection: str, namespace: str, asked: Mapping[str, str]) -> None:
            state.watches.append(collection)
            at = int(asked["resourceVersion"])
            generation = state.generation
            if at < state.oldest and at % 2:  # some servers say it by the status, some in the stream
                self.answer(410, _status(410, "too old resource version"))
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            if at < state.oldest:
                self.event("ERROR", _status(410, "too old resource version"))
                self.wfile.write(b"0\r\n\r\n")
                return
            if state.watch_error:
                self.event("ERROR", _status(state.watch_error, "the watch cache is not ready"))
                self.wfile.write(b"0\r\n\r\n")
                return
            while True:
                with state.changed:
                    while state.generation == generation and not any(one[0] > at for one in state.history):
                        state.changed.wait(5)
                    if state.generation != generation:
                        self.close_connection = True  # no last chunk: cut off
                        return
                    news = [one for one in state.history if one[0] > at]
                for version, of, event, item in news:
                    at = version
                    if of == collection and (event == "BOOKMARK" or _in(item, namespace)):
                        self.event(event, item)

        def event(self, kind: str, item: Object) -> None:
            line = json.dumps({"type": kind, "object": item}).encode() + b"\n"
            half = len(line) // 2  # an event need not come in one piece
            for piece in (line[:half], line[half:]):
                self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
                self.wfile.flush()

        def answer(self, status: int, body: Object) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    state.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield state
    finally:
        state.cut()
        server.shutdown()
        server.server_close()
        thread.join()


def _in(item: Object, namespace: str) -> bool:
    return not namespace or item["metadata"].get("namespace") == namespace


def _status(code: int, message: str) -> Object:
    return {"kind": "Status", "status": "Failure", "code": code, "message": message, "metadata": {}}


def pod(name: str, namespace: str = "shop", node: str = "node-1", **labels: str) -> Object:
    """A running pod with one container and one port."""
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": f"uid-{name}",
            "labels": {"app.kubernetes.io/name": "web", **labels},
            "annotations": {"team": "blue"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "web-5d", "controller": True}],
        },
        "spec": {
            "nodeName": node,
            "containers": [
                {"name": "main", "image": "web:1", "ports": [{"name": "http", "containerPort": 8080}]},
            ],
            "initContainers": [{"name": "setup", "image": "setup:1"}],
        },
        "status": {
            "phase": "Running",
            "podIP": "10.1.0.7",
            "hostIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
            "containerStatuses": [{"name": "main", "containerID": "containerd://abc"}],
        },
    }
