"""`sigyn serve --processes`: several processes take in pushes, and clients can't tell."""

import gzip
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cramjam
import httpx
import pytest
from google.protobuf.json_format import ParseDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from websockets.sync.client import connect

from sigyn.agent.shipping.encode import encode_entry, varint

from .access_files import write_htpasswd
from .server import SIGYN, RunningServer, running_server
from .tenancy import V1, ask, lines, push

PATIENCE = 60.0  # seconds, on a busy machine
NO_LIMIT = {"SIGYN_QUERY_MAX_ENTRIES_LIMIT_PER_QUERY": "1000000"}


@contextmanager
def server(folder: Path, processes: int = 3, **variables: str) -> Iterator[RunningServer]:
    """A server of several processes, once all of them take pushes."""
    environment = os.environ | NO_LIMIT | variables
    with running_server(folder / "data", "--processes", str(processes), variables=environment) as running:
        wait_for(lambda: metric(running.url, "sigyn_ingest_processes") == processes - 1)
        yield running


def wait_for(condition: Callable[[], object]) -> None:
    ends = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.05)


def metric(url: str, name: str) -> float:
    text = httpx.get(f"{url}/metrics", timeout=PATIENCE).text
    return sum(float(row.rpartition(" ")[2]) for row in text.splitlines() if row.partition(" ")[0] == name)


def ingest_processes(owner: int) -> list[int]:
    """Ids of the processes that a server has started."""
    children = Path(f"/proc/{owner}/task/{owner}/children").read_text().split()
    return [int(child) for child in children if b"ingest_process" in command_of(int(child))]


def command_of(process: int) -> bytes:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def json_body(*found: str, **labels: str) -> bytes:
    now = time.time_ns()
    values = [[str(now + number), line] for number, line in enumerate(found)]
    return json.dumps({"streams": [{"stream": labels or {"app": "shop"}, "values": values}]}).encode()


def protobuf_body(line: str) -> bytes:
    labels = b'{app="shop"}'
    entry = encode_entry(time.time_ns(), line, {})
    stream = b"\x0a" + varint(len(labels)) + labels + entry
    return bytes(cramjam.snappy.compress_raw(b"\x0a" + varint(len(stream)) + stream))


def otlp_request(line: str) -> dict[str, Any]:
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]}
    record = {"timeUnixNano": str(time.time_ns()), "body": {"stringValue": line}}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}


def otlp_body(line: str) -> bytes:
    return ParseDict(otlp_request(line), ExportLogsServiceRequest()).SerializeToString()


JSON, PROTOBUF = "application/json", "application/x-protobuf"
WAYS: dict[str, Callable[[str], tuple[str, dict[str, str], bytes]]] = {
    "json": lambda line: (f"{V1}/push", {"Content-Type": JSON}, json_body(line)),
    "gzip": lambda line: (
        f"{V1}/push",
        {"Content-Type": JSON, "Content-Encoding": "gzip"},
        gzip.compress(json_body(line)),
    ),
    "protobuf": lambda line: (f"{V1}/push", {"Content-Type": PROTOBUF}, protobuf_body(line)),
    "legacy": lambda line: ("/api/prom/push", {"Content-Type": PROTOBUF}, protobuf_body(line)),
    "otlp-json": lambda line: ("/otlp/v1/logs", {"Content-Type": JSON}, json.dumps(otlp_request(line)).encode()),
    "otlp": lambda line: ("/v1/logs", {"Content-Type": PROTOBUF}, otlp_body(line)),
}
EVERYTHING = '{service_name="shop"}'


def test_all_ways_to_push_mixed_with_questions_and_a_tail(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        tail = running.url.replace("http", "ws") + f"{V1}/tail?query=%7Bservice_name%3D%22shop%22%7D"
        expected = []
        with connect(tail) as followed:
            for number in range(4):
                with httpx.Client(base_url=running.url, timeout=PATIENCE) as client:
                    for way, request in WAYS.items():
                        path, headers, body = request(f"{way} {number}")
                        answer = client.post(path, headers=headers, content=body)
                        assert answer.status_code in (200, 204), answer.text
                        expected.append(f"{way} {number}")
                        assert lines(ask(client, "", EVERYTHING, limit="1000")) == sorted(expected)
            tailed: list[str] = []
            while len(tailed) < len(expected):
                frame = json.loads(followed.recv(timeout=PATIENCE))
                tailed += [value[1] for stream in frame["streams"] for value in stream["values"]]
        assert sorted(tailed) == sorted(expected)
        assert metric(running.url, "sigyn_ingest_connections_handed_over_total") >= len(expected)
        assert metric(running.url, "sigyn_ingest_connections_given_back_total") >= len(expected)
        assert metric(running.url, 'loki_distributor_lines_received_total{tenant="fake"}') == len(expected)
        assert metric(running.url, "sigyn_store_pushes_total") == len(expected)
        answered = {"loki_api_v1_push": 204, "api_prom_push": 204, "otlp_v1_logs": 200, "v1_logs": 200}
        counted = [
            f'loki_request_duration_seconds_count{{method="POST",route="{route}",status_code="{status}",ws="false"}}'
            for route, status in answered.items()
        ]
        assert [metric(running.url, name) for name in counted] == [12.0, 4.0, 4.0, 4.0]
        assert running.stop() == 0


def test_requests_in_pieces_and_several_at_once(tmp_path: Path) -> None:
    def request(line: str, *headers: str) -> bytes:
        body = json_body(line)
        head = [f"POST {V1}/push HTTP/1.1", "Host: test", f"Content-Type: {JSON}", f"Content-Length: {len(body)}"]
        return "\r\n".join([*head, *headers, "", ""]).encode() + body

    chunk = json_body("in a chunk")
    chunked = (
        f"POST {V1}/push HTTP/1.1\r\nHost: test\r\nContent-Type: {JSON}\r\nTransfer-Encoding: chunked\r\n\r\n"
        f"{len(chunk):x}\r\n".encode()
        + chunk
        + b"\r\n0\r\n\r\n"
    )
    ready = b"GET /ready HTTP/1.1\r\nHost: test\r\n\r\n"
    with server(tmp_path, 2) as running, connection_to(running.url) as connected:
        for piece in (bytes([byte]) for byte in request("byte by byte")):
            connected.sendall(piece)
        assert statuses(connected, 1) == [204]
        connected.sendall(request("first") + ready + request("second") + chunked + ready + request("third"))
        assert statuses(connected, 6) == [204, 200, 204, 204, 200, 204]
        large = request("x" * 200_000)
        connected.sendall(large[:100_000])
        time.sleep(0.05)
        connected.sendall(large[100_000:] + ready[:20])
        assert statuses(connected, 1) == [204]
        connected.sendall(ready[20:])
        assert statuses(connected, 1) == [200]
        connected.sendall(request("last", "Connection: close"))
        assert statuses(connected, 1) == [204]
        assert connected.recv(1) == b""
        with httpx.Client(base_url=running.url, timeout=PATIENCE) as client:
            found = lines(ask(client, "", EVERYTHING))
        assert [line[:12] for line in found] == [
            "byte by byte", "first", "in a chunk", "last", "second", "third", "x" * 12
        ]  # fmt: skip


@contextmanager
def connection_to(url: str) -> Iterator[socket.socket]:
    address = httpx.URL(url)
    with socket.create_connection((address.host, address.port), timeout=PATIENCE) as connected:
        yield connected


def statuses(connected: socket.socket, count: int) -> list[int]:
    """The statuses of the next answers."""
    received, found = b"", []
    while len(found) < count:
        head, separator, rest = received.partition(b"\r\n\r\n")
        fields = dict(row.split(b": ", 1) for row in head.lower().split(b"\r\n")[1:]) if separator else {}
        length = int(fields.get(b"content-length", 0))
        if separator and len(rest) >= length:
            found.append(int(head.split()[1]))
            received = rest[length:]
        else:
            more = connected.recv(65_536)
            assert more, received
            received += more
    assert not received
    return found


class Pushing:
    """Clients that push numbered lines until they are told to stop, again when they got no answer."""

    def __init__(self, url: str, clients: int = 4) -> None:
        self.acknowledged: list[str] = []
        self._url = url
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._push, args=(number,)) for number in range(clients)]

    def __enter__(self) -> "Pushing":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _push(self, client_number: int) -> None:
        number = 0
        with httpx.Client(base_url=self._url, timeout=PATIENCE) as client:
            while not self._stop.is_set():
                line = f"{client_number}-{number}"
                body = json_body(line)
                while not self._stop.is_set():
                    try:
                        answer = client.post(f"{V1}/push", headers={"Content-Type": JSON}, content=body)
                    except httpx.TransportError:
                        time.sleep(0.01)
                        continue
                    if answer.status_code == 204:
                        self.acknowledged.append(line)
                        break
                number += 1

    def wait_for(self, more: int) -> None:
        """Returns when so many more lines are acknowledged."""
        goal = len(self.acknowledged) + more
        wait_for(lambda: len(self.acknowledged) >= goal)


def stored(url: str) -> Counter[str]:
    with httpx.Client(base_url=url, timeout=PATIENCE) as client:
        found = lines(ask(client, "", EVERYTHING, limit="1000000"))
    return Counter(found)


def assert_each_once(url: str, acknowledged: list[str]) -> None:
    found = stored(url)
    assert [line for line in acknowledged if found[line] != 1] == []
    assert max(found.values()) == 1


def test_an_ingest_process_that_dies_loses_nothing_and_comes_back(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        before = ingest_processes(running.process.pid)
        assert len(before) == 2
        with Pushing(running.url) as pushing:
            pushing.wait_for(20)
            for process in before:
                os.kill(process, signal.SIGKILL)
            pushing.wait_for(20)
            wait_for(lambda: metric(running.url, "sigyn_ingest_processes") == 2)
            pushing.wait_for(20)
        assert metric(running.url, "sigyn_ingest_process_restarts_total") == 2
        assert not set(before) & set(ingest_processes(running.process.pid))
        assert_each_once(running.url, pushing.acknowledged)
        assert running.stop() == 0


def test_an_ingest_process_that_stands_still_gets_no_connections_until_it_goes_on(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        stopped = ingest_processes(running.process.pid)[0]
        os.kill(stopped, signal.SIGSTOP)
        try:
            wait_for(lambda: metric(running.url, "sigyn_ingest_processes_silent") == 1)
            assert metric(running.url, "sigyn_ingest_processes") == 1
            assert statuses_of_pushes(running.url, [json_body(f"line {number}") for number in range(10)]).total() == 10
        finally:
            os.kill(stopped, signal.SIGCONT)
        wait_for(lambda: metric(running.url, "sigyn_ingest_processes") == 2)
        assert stopped in ingest_processes(running.process.pid)
        assert metric(running.url, "sigyn_ingest_process_restarts_total") == 0
        assert len(stored(running.url)) == 10
        assert running.stop() == 0
    told = (tmp_path / "data.stderr").read_text()
    assert "says nothing, and gets no connections" in told
    assert "answers again" in told


def test_an_owner_that_dies_takes_its_processes_along(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        processes = ingest_processes(running.process.pid)
        with Pushing(running.url) as pushing:
            pushing.wait_for(30)
            os.kill(running.process.pid, signal.SIGKILL)
            running.process.wait()
        wait_for(lambda: not any(b"ingest_process" in command_of(process) for process in processes))
    with running_server(tmp_path / "data", variables=os.environ | NO_LIMIT) as again:
        assert_each_once(again.url, pushing.acknowledged)


def test_a_stop_amid_pushes_loses_nothing_and_leaves_nobody(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        processes = ingest_processes(running.process.pid)
        with Pushing(running.url) as pushing:
            pushing.wait_for(30)
            assert running.stop() == 0
        assert not any(b"ingest_process" in command_of(process) for process in processes)
    assert "Traceback" not in (tmp_path / "data.stderr").read_text()
    with running_server(tmp_path / "data", variables=os.environ | NO_LIMIT) as again:
        assert_each_once(again.url, pushing.acknowledged)


def statuses_of_pushes(url: str, bodies: list[bytes], tenant: str = "") -> Counter[tuple[int, str]]:
    """Status and text of pushes that come one after the other, each on a connection of its own."""
    found: Counter[tuple[int, str]] = Counter()
    clients = [httpx.Client(base_url=url, timeout=PATIENCE) for _ in bodies]
    headers = {"Content-Type": JSON} | ({"X-Scope-OrgID": tenant} if tenant else {})
    for client, body in zip(clients, bodies, strict=True):
        answer = client.post(f"{V1}/push", headers=headers, content=body)
        found[answer.status_code, answer.text.strip()] += 1
    for client in clients:
        client.close()
    return found


OVERRIDES = """
overrides:
  rate: {ingestion_rate_mb: 0.000001, ingestion_burst_size_mb: 0.0001}
  rate-of-a-stream: {per_stream_rate_limit: 1, per_stream_rate_limit_burst: 100}
  size: {max_line_size: 10}
"""


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunningServer, RunningServer]]:
    """Servers of one process and of several, with a limit for all tenants and others for some."""
    folder = tmp_path_factory.mktemp("limited")
    (folder / "overrides.yaml").write_text(OVERRIDES)
    variables = {
        "SIGYN_SERVER_AUTH_ENABLED": "true",
        "SIGYN_LIMITS_MAX_STREAMS_PER_USER": "5",
        "SIGYN_LIMITS_PER_TENANT_OVERRIDE_CONFIG": str(folder / "overrides.yaml"),
    }
    with (
        running_server(folder / "one", variables=os.environ | variables) as one,
        server(folder, **variables) as several,
    ):
        yield one, several


@pytest.mark.parametrize(
    ("tenant", "bodies"),
    [
        ("streams", [json_body("x", app="shop", number=f"n{number}") for number in range(9)]),
        ("rate", [json_body("x" * 30) for _ in range(9)]),
        ("rate-of-a-stream", [json_body("x" * 30, app="shop", number=f"n{number % 2}") for number in range(9)]),
        ("size", [json_body("x" * 30)] * 3),
    ],
)
def test_limits_are_those_of_one_process(
    limited: tuple[RunningServer, RunningServer], tenant: str, bodies: list[bytes]
) -> None:
    one, several = limited
    handed_over = metric(several.url, "sigyn_ingest_connections_handed_over_total")
    expected = statuses_of_pushes(one.url, bodies, tenant)
    assert any(status >= 400 for status, _ in expected)
    assert statuses_of_pushes(several.url, bodies, tenant) == expected
    assert metric(several.url, "sigyn_ingest_connections_handed_over_total") == handed_over + len(bodies)


def test_labels_are_demoted_for_all(tmp_path: Path) -> None:
    with server(tmp_path) as running, httpx.Client(base_url=running.url, timeout=PATIENCE) as client:
        bodies = [json_body(f"line {number}", app="shop", trace_id=f"{number:032x}") for number in range(60)]
        assert statuses_of_pushes(running.url, bodies).total() == 60
        assert metric(running.url, 'sigyn_demoted_labels_total{tenant="fake"}') == 1
        series = client.get(f"{V1}/series", params={"match[]": EVERYTHING}).json()["data"]
        assert len(series) == 31  # at thirty-one values it was known, over all processes together
        assert len(lines(ask(client, "", EVERYTHING + ' | trace_id="' + f"{59:032x}" + '"'))) == 1
        with_label = lines(ask(client, "", '{trace_id="' + f"{3:032x}" + '"}'))
        assert with_label == ["line 3"]


def test_tenants_and_tokens_are_known_to_all(tmp_path: Path) -> None:
    users = write_htpasswd(tmp_path / "users", ann="right")
    asks = {"SIGYN_AUTH_TYPE": "basic", "SIGYN_AUTH_PASSWORD_FILE": str(users), "SIGYN_SERVER_AUTH_ENABLED": "true"}
    with server(tmp_path, **asks) as running:

        def pushed(password: str) -> httpx.Response:
            with httpx.Client(base_url=running.url, timeout=PATIENCE, auth=("ann", password)) as client:
                return push(client, "one", "of one")

        assert pushed("wrong").status_code == 401
        assert "WWW-Authenticate" in pushed("wrong").headers
        assert pushed("right").status_code == 204
        write_htpasswd(users, ann="other")
        assert [pushed(password).status_code for password in ("right", "other")] == [401, 204]
        assert metric(running.url, "sigyn_ingest_connections_handed_over_total") == 5
        with httpx.Client(base_url=running.url, timeout=PATIENCE, auth=("ann", "other")) as client:
            unnamed = client.post(f"{V1}/push", headers={"Content-Type": JSON}, content=json_body("x"))
            assert (unnamed.status_code, "WWW-Authenticate" in unnamed.headers) == (401, False)
            assert push(client, "two", "of two").status_code == 204
            assert lines(ask(client, "two", '{app="shop"}')) == ["of two"]


@pytest.mark.parametrize(("count", "told"), [("0", "write 1"), ("1000", "128 at most")])
def test_how_many_processes_there_may_be(tmp_path: Path, count: str, told: str) -> None:
    with (
        pytest.raises(AssertionError, match=rf"server\.processes is {count}.*{told}"),
        running_server(tmp_path / "data", "--processes", count),
    ):
        pass
    checked = subprocess.run(
        [SIGYN, "serve", "--processes", count, "-verify-config"], capture_output=True, text=True, timeout=60
    )
    assert checked.returncode != 0
    assert told in checked.stderr
