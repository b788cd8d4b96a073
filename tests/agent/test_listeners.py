"""Syslog, GELF, the push API: a real agent, real sockets."""

import json
import socket
import ssl
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.agent.certificates import certificate_of
from tests.agent.processes import AgentProcess, Sink, free_port, push_sink, running_agent, until

pytestmark = pytest.mark.usefixtures("agent")

RELABEL = """
  relabel_configs:
  - {source_labels: [__syslog_message_hostname], target_label: host}
  - {source_labels: [__syslog_message_severity], target_label: severity}
  - {source_labels: [__syslog_message_facility], target_label: facility}
  - {source_labels: [__syslog_message_app_name], target_label: app}
  - {source_labels: [__syslog_message_proc_id], target_label: pid}
  - {source_labels: [__syslog_message_sd_origin_1_ip], target_label: origin}
"""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return certificate_of("localhost", tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return {name: free_port() for name in ("tcp", "tls", "udp", "gelf", "push")}


@pytest.fixture(scope="module")
def sink() -> Iterator[Sink]:
    with push_sink() as sink:
        yield sink


@pytest.fixture(scope="module")
def agent(
    tmp_path_factory: pytest.TempPathFactory, sink: Sink, ports: dict[str, int], certificate: tuple[Path, Path]
) -> Iterator[AgentProcess]:
    configs = f"""
- job_name: tcp
  syslog:
    listen_address: 127.0.0.1:{ports["tcp"]}
    label_structured_data: true
    use_incoming_timestamp: true
    labels: {{job: tcp}}
{RELABEL}
- job_name: tls
  syslog:
    listen_address: 127.0.0.1:{ports["tls"]}
    labels: {{job: tls}}
    tls_config: {{cert_file: {certificate[0]}, key_file: {certificate[1]}}}
{RELABEL}
- job_name: udp
  syslog:
    listen_address: 127.0.0.1:{ports["udp"]}
    listen_protocol: udp
    syslog_format: rfc3164
    labels: {{job: udp}}
{RELABEL}
- job_name: gelf
  gelf: {{listen_address: "127.0.0.1:{ports["gelf"]}", use_incoming_timestamp: true, labels: {{job: gelf}}}}
  relabel_configs: [{{source_labels: [__gelf_message_host], target_label: host}}]
- job_name: push
  loki_push_api:
    server: {{http_listen_address: 127.0.0.1, http_listen_port: {ports["push"]}, grpc_listen_port: 0}}
    labels: {{via: agent}}
    use_incoming_timestamp: true
"""
    with running_agent(tmp_path_factory.mktemp("agent"), sink.url, configs) as agent:
        yield agent


def entry_of(sink: Sink, line: str) -> tuple[str, int]:
    until(lambda: line in sink.lines(), f"{line!r} arrives")
    entry = next(entry for entry in sink.entries if entry.line == line)
    return entry.labels, entry.timestamp


def test_rfc5424_by_tcp(sink: Sink, ports: dict[str, int]) -> None:
    structured = r'[origin.1 ip="10.0.0.1" x="a\"\]"][e]'
    first = f"<165>1 2026-01-15T10:00:00.003Z web-1 shop 42 ID47 {structured} \ufefforder placed"
    second = "<34>1 - - - - - - counted, with\na newline"
    with socket.create_connection(("127.0.0.1", ports["tcp"])) as connection:
        connection.sendall(f"{first}\n".encode()[:20])
        time.sleep(0.05)
        connection.sendall(f"{first}\n".encode()[20:] + f"{len(second.encode())} {second}".encode())
    labels, timestamp = entry_of(sink, "order placed")
    assert labels == (
        '{app="shop", facility="local4", host="web-1", job="tcp", origin="10.0.0.1", pid="42", severity="notice"}'
    )
    assert timestamp == 1768471200_003000000
    labels, timestamp = entry_of(sink, "counted, with\na newline")
    assert labels == '{facility="auth", job="tcp", severity="critical"}'
    assert abs(timestamp - time.time_ns()) < 60e9


def test_a_broken_message_is_counted_and_the_next_is_read(
    agent: AgentProcess, sink: Sink, ports: dict[str, int]
) -> None:
    with socket.create_connection(("127.0.0.1", ports["tcp"])) as connection:
        connection.sendall(b"no syslog at all\n<14>1 2026-13-01T00:00:00Z - - - - - of month 13\n")
        connection.sendall(b"<14>1 - - - - - - after it\n")
    entry_of(sink, "after it")
    assert agent.metric("promtail_target_parsing_errors_total") == 2


def test_syslog_by_tls(sink: Sink, ports: dict[str, int], certificate: tuple[Path, Path]) -> None:
    context = ssl.create_default_context(cafile=str(certificate[0]))
    with (
        socket.create_connection(("127.0.0.1", ports["tls"])) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(b"<14>1 - h a - - - behind a lock\n")
    assert (
        entry_of(sink, "behind a lock")[0]
        == '{app="a", facility="user", host="h", job="tls", severity="informational"}'
    )


@pytest.mark.parametrize(
    ("message", "line", "labels"),
    [
        (
            "<34>Oct 11 22:14:15 mymachine su[12]: 'su root' failed",
            "'su root' failed",
            'app="su", facility="auth", host="mymachine", job="udp", pid="12", severity="critical"',
        ),
        (
            "<13>Feb  5 17:32:18 10.0.0.99 Use the BFG!",
            "Use the BFG!",
            'facility="user", host="10.0.0.99", job="udp", severity="notice"',
        ),
    ],
)
def test_rfc3164_by_udp(sink: Sink, ports: dict[str, int], message: str, line: str, labels: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        connection.sendto(message.encode() + b"\n", ("127.0.0.1", ports["udp"]))
    assert entry_of(sink, line)[0] == f"{{{labels}}}"


def test_gelf_whole_compressed_and_in_chunks(sink: Sink, ports: dict[str, int]) -> None:
    messages = [
        json.dumps({"version": "1.1", "host": "h1", "short_message": text, "timestamp": 1768471200.5})
        for text in ("plain", "packed", "chunked")
    ]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as connection:
        address = ("127.0.0.1", ports["gelf"])
        connection.sendto(messages[0].encode(), address)
        connection.sendto(zlib.compress(messages[1].encode()), address)
        data = zlib.compress(messages[2].encode())
        chunks = [data[at : at + 30] for at in range(0, len(data), 30)]
        for number, chunk in reversed(list(enumerate(chunks))):
            connection.sendto(b"\x1e\x0fabcdefgh" + bytes([number, len(chunks)]) + chunk, address)
    for message in messages:
        assert entry_of(sink, message) == ('{host="h1", job="gelf"}', 1768471200_500000000)


def test_the_push_api_takes_what_agents_push(sink: Sink, ports: dict[str, int]) -> None:
    url = f"http://127.0.0.1:{ports['push']}"
    body = {"streams": [{"stream": {"app": "x"}, "values": [["1768471200000000001", "pushed", {"trace": "1"}]]}]}
    answer = httpx.post(f"{url}/loki/api/v1/push", json=body, headers={"X-Scope-OrgID": "team"})
    assert answer.status_code == 204
    assert httpx.post(f"{url}/promtail/api/v1/raw", content="raw one\nraw two\n").status_code == 204
    assert httpx.post(f"{url}/loki/api/v1/push", json={"streams": 1}).status_code == 400
    assert entry_of(sink, "pushed") == ('{app="x", via="agent"}', 1768471200000000001)
    pushed = next(entry for entry in sink.entries if entry.line == "pushed")
    assert (pushed.tenant, pushed.metadata) == ("team", {"trace": "1"})
    assert entry_of(sink, "raw two")[0] == '{via="agent"}'


@pytest.mark.parametrize("path", ["/loki/api/v1/push", "/promtail/api/v1/raw"])
def test_a_body_that_is_too_large_is_refused(agent: AgentProcess, ports: dict[str, int], path: str) -> None:
    def errors() -> float:
        return agent.metric("promtail_target_parsing_errors_total")

    before = errors()
    with socket.create_connection(("127.0.0.1", ports["push"]), timeout=30) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: agent\r\nContent-Length: {200 << 20}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(("127.0.0.1", ports["push"]), timeout=30) as connection:
        connection.sendall(f"POST {path} HTTP/1.1\r\nHost: agent\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        piece = f"{1 << 20:x}\r\n".encode() + bytes(1 << 20) + b"\r\n"
        with suppress(OSError):  # it may answer, and close the connection, while more is sent
            for _ in range(101):
                connection.sendall(piece)
        until(lambda: errors() == before + 2, "both are refused")


def test_the_pages_show_listeners(agent: AgentProcess) -> None:
    rows = agent.get("/targets", Accept="application/json").json()["targets"]
    assert {(row["job"], row["type"]) for row in rows} == {
        ("tcp", "Syslog"), ("tls", "Syslog"), ("udp", "Syslog"), ("gelf", "Gelf"), ("push", "Loki push API"),
    }  # fmt: skip
    assert "<table>" in agent.get("/targets", Accept="text/html").text


def test_what_was_answered_outlives_a_kill(tmp_path: Path) -> None:
    port = free_port()
    configs = f"""
- job_name: push
  loki_push_api: {{server: {{http_listen_address: 127.0.0.1, http_listen_port: {port}}}}}
"""
    pushed = []
    with push_sink() as sink, running_agent(tmp_path, sink.url, configs) as agent:
        for kill in range(3):
            for number in range(10):
                values = [[str(time.time_ns()), f"{kill} {number}"]]
                body = {"streams": [{"stream": {"app": "x"}, "values": values}]}
                assert httpx.post(f"http://127.0.0.1:{port}/loki/api/v1/push", json=body).status_code == 204
                pushed.append(f"{kill} {number}")
            agent.kill()
            agent.start()
        until(lambda: set(pushed) <= set(sink.lines()), "all that was answered arrives")
