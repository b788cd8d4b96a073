"""`sigyn serve`: what it says, what it listens to, how it stops."""

import os
import socket
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
import yaml
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.agent.processes import free_port, until
from tests.cli.commands import Sigyn
from tests.cli.server import SIGYN, RunningServer, running_server

SEEDS = Path(__file__).parent.parent / "config" / "seeds"


def test_the_banner_says_where_and_what_to_try(server: RunningServer) -> None:
    lines = server.banner.splitlines()
    assert lines[0].startswith("Sigyn ")
    assert server.url in lines[1]
    assert "(OTLP over gRPC)" in lines[2]
    assert lines[3].split() == ["page", f"{server.url}/"]
    assert lines[4].split()[:2] == ["data", "in"]
    assert httpx.get(f"{server.url}/ready").text == "ready\n"


def test_the_commands_of_the_banner_work(server: RunningServer) -> None:
    push, query = (line.removeprefix("  try ").strip() for line in server.banner.splitlines()[5:7])
    assert subprocess.run(["bash", "-c", push], capture_output=True, text=True, check=True).stdout == ""
    found = subprocess.run(["bash", "-c", query], capture_output=True, text=True, check=True).stdout
    assert '"hello"' in found


def test_a_stop_is_clean_and_a_start_after_it_finds_everything(tmp_path: Path, sigyn: Sigyn, app_log: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as running:
        assert sigyn("push", str(app_log), "--labels", '{job="kept"}', "--addr", running.url).code == 0
        assert running.stop() == 0
    with running_server(data) as running:  # which loads what queries need
        assert running.stop() == 0
    assert all(line.startswith("ts=") for line in data.with_name("data.stderr").read_text().splitlines())
    kept = sigyn("query", '{job="kept"}', "--data", str(data), "--since", "10000d", "--forward", "-o", "raw")
    assert kept.lines == app_log.read_text().splitlines()


def test_a_tail_that_is_refused_is_no_error_of_the_server(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as running:
        with pytest.raises(InvalidStatus) as refused:
            connect(f"ws{running.url.removeprefix('http')}/loki/api/v1/tail?query=%7B")
        assert refused.value.response.status_code == 400
        assert b"parse error" in refused.value.response.body
        assert running.stop() == 0
    assert "level=error" not in data.with_name("data.stderr").read_text()


def test_headers_that_are_too_large_are_told_apart_from_large_bodies(server: RunningServer) -> None:
    with raw_connection(server) as connection:
        connection.sendall(b"GET /ready?" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 431 ")
    body = b'{"streams":[]}' + b" " * 250_000
    with raw_connection(server) as connection:
        connection.sendall(b"POST /loki/api/v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r" % len(body))
        assert httpx.get(f"{server.url}/ready").status_code == 200  # after which the server has read it
        connection.sendall(b"\n" + body)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 422 ")


def raw_connection(server: RunningServer) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=30)


def test_a_data_folder_has_one_server(server: RunningServer) -> None:
    data = server.banner.split("data in")[1].split()[0]
    refused = subprocess.run(
        [SIGYN, "serve", "--data", data, "--http", ":0"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert f"data folder `{data}` is in use by process {server.process.pid}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_data_folder_that_is_a_file(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch()
    refused = subprocess.run(
        [SIGYN, "serve", "--data", str(file), "--http", ":0"], capture_output=True, text=True, check=False
    )
    assert refused.returncode == 1
    assert refused.stderr.endswith(f"error: data folder `{file}` can't be used: it is no folder\n")


def test_a_banner_that_can_not_be_written_keeps_no_server_from_serving(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    command = [SIGYN, "serve", "--data", str(tmp_path / "data"), "--http", address, "--otlp-grpc", "127.0.0.1:0"]
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen(command, stdout=full, stderr=subprocess.DEVNULL) as serving,
    ):
        try:
            until(lambda: _is_ready(f"http://{address}/ready"), "the server is ready")
        finally:
            serving.terminate()
    assert serving.returncode == 0


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        refused = subprocess.run(
            [SIGYN, "serve", "--data", str(tmp_path), "--http", address], capture_output=True, text=True, check=False
        )
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"error: can't listen on {address}: address already in use")
    assert len(refused.stderr.splitlines()) == 1


def test_the_port_of_otlp_that_a_collector_has(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        flags = ["--data", str(tmp_path), "--http", "127.0.0.1:0", "--otlp-grpc", address]
        refused = subprocess.run([SIGYN, "serve", *flags], capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert f"error: can't listen on {address} for OTLP over gRPC: " in refused.stderr
    assert "give --otlp-grpc (server.otlp_grpc) another one, or '' to do without\n" in refused.stderr


def test_a_configuration_of_lokis_and_variables_are_in_force(tmp_path: Path) -> None:
    config = tmp_path / "loki.yaml"
    config.write_text(
        "auth_enabled: true\nserver: {http_listen_address: 127.0.0.1}\n"
        "limits_config: {max_line_size: 8}\ningester: {chunk_encoding: snappy}\nauth: {type: none, oauth: wanted}\n"
    )
    variables = os.environ | {"SIGYN_LIMITS_MAX_LINE_SIZE_TRUNCATE": "true"}
    with running_server(tmp_path / "data", f"-config.file={config}", variables=variables) as running:
        body = {"streams": [{"stream": {"a": "b"}, "values": [["1768471200000000000", "0123456789"]]}]}
        assert httpx.post(f"{running.url}/loki/api/v1/push", json=body).status_code == 401
        team = {"X-Scope-OrgID": "team"}
        assert httpx.post(f"{running.url}/loki/api/v1/push", json=body, headers=team).status_code == 204
        found = httpx.get(
            f"{running.url}/loki/api/v1/query_range", params={"query": '{a="b"}', "since": "1000d"}, headers=team
        )
        assert found.json()["data"]["result"][0]["values"][0][1] == "01234567"
        in_force = yaml.safe_load(httpx.get(f"{running.url}/config").text)
    assert in_force["limits"]["max_line_size"] == "8B"
    log = (tmp_path / "data.stderr").read_text()
    assert log.count("key=ingester.chunk_encoding") == 1
    assert "level=warning event=configuration" in log.replace("level=warn ", "level=warning ")
    assert 'key=auth.oauth reason="NOT APPLIED' in log


def test_a_command_of_lokis_works_as_it_stands(sigyn: Sigyn, tmp_path: Path) -> None:
    config = tmp_path / "loki.yaml"
    config.write_text("server: {log_level: warn}\n")
    file = f"-config.file={config}"
    for flags in (
        (file, "-target=all", "-config.expand-env=true", "-log.level=debug"),
        ("-config.expand-env", file, "--target", "all", "-log.level", "debug"),
    ):
        shown = sigyn("serve", *flags, "-print-config")
        assert shown.code == 0, shown.err
        assert any(line.split()[:2] == ["log_level:", "debug"] for line in shown.lines)


def test_a_flag_of_lokis_that_is_not_known_is_named_as_it_is_written(sigyn: Sigyn) -> None:
    refused = sigyn("serve", "-ingester.max-chunk-age=1h")
    assert refused.code == 2
    assert "No such option '-ingester.max-chunk-age'. Of Loki's flags there are -config.expand-env, -config.file," in (
        refused.err
    )
    parts = sigyn("serve", "-target=read,write")
    assert parts.code == 2
    assert "`read,write`: one process does everything; start one server" in parts.err
    wrong = sigyn("serve", "-log.level=loud")
    assert wrong.code == 2
    assert "'-log.level' / '--log.level': 'loud' is not one of 'debug', 'info', 'warn', 'error'" in wrong.err


def test_selectors_are_checked_also_while_retention_is_off(sigyn: Sigyn, tmp_path: Path) -> None:
    config = tmp_path / "loki.yaml"
    config.write_text("limits_config:\n  retention_stream: [{selector: '{app=shop}', period: 24h}]\n")
    refused = sigyn("serve", f"-config.file={config}", "-verify-config")
    assert refused.code == 2
    place, what = f"{config}:2: `limits_config.retention_stream[0].selector` is `{{app=shop}}`", "parse error at line 1"
    assert f"{place}: this is no selector: {what}, col 6" in refused.err


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SIGYN_AUTH_TYPE", "basic", "auth.type is basic, but auth.password_file names no file"),
        ("SIGYN_AUTH_GRANTS", "ann=everything", "auth.grants is `ann=everything`: `everything` is no scope"),
        ("SIGYN_REDACTION_RULES", "(", "of redaction.rules: `(` is no rule: write name=expression"),
        ("SIGYN_RETENTION_STREAMS", "{a=b}=1h", "not a value of retention.streams: this is no selector: parse"),
        ("SIGYN_QUERY_BLOCKED_QUERIES", '[{pattern: "(", regex: true}]', "query.blocked_queries: `(`: error parsing"),
        (
            "SIGYN_STORAGE_TIERS",
            "warm after 7d in s3://logs/a; cold after 30d in s3://logs/a/b",
            "tier `s3://logs/a/b` lies in `s3://logs/a`; give each a bucket or a prefix of its own",
        ),
        ("SIGYN_STORAGE_TIERS", "warm after 7d in file://{data}/objects", "/data/objects` lies in `file://"),
        ("SIGYN_STORAGE_OBJECTS", "az://logs", "object store `az://logs` can't be used: Generic MicrosoftAzure error"),
        ("SIGYN_STORAGE_CATALOG", "postgresql://a:b@h/logs?no=1", "catalog `postgresql://h/logs` can't be understood"),
        ("SIGYN_RULER_RULES_BUCKET", "az://rules", "object store `az://rules` can't be used"),
    ],
)
def test_what_would_keep_the_server_from_starting_is_no_valid_configuration(
    sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, variable: str, value: str, message: str
) -> None:
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    monkeypatch.setenv(variable, value.replace("{data}", str(tmp_path / "data")))
    refused = sigyn("serve", "--data", str(tmp_path / "data"), "-verify-config")
    assert refused.code == 2
    assert message in refused.err
    assert "the configuration is valid" not in refused.out
    assert not (tmp_path / "data").exists()


def test_a_server_refuses_what_its_configuration_is_refused_for(tmp_path: Path) -> None:
    command = [SIGYN, "serve", "--data", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--otlp-grpc", ""]
    variables = os.environ | {"SIGYN_STORAGE_TIERS": f"warm after 7d in file://{tmp_path}/data/objects"}
    starting, checking = (
        subprocess.run([*command, *flags], env=variables, capture_output=True, text=True, timeout=60, check=False)
        for flags in ((), ("-verify-config",))
    )
    assert (starting.returncode, starting.stderr) == (checking.returncode, checking.stderr)
    assert starting.returncode == 2
    assert "lies in `file://" in starting.stderr


def test_checking_a_configuration(sigyn: Sigyn, tmp_path: Path) -> None:
    checked = sigyn("serve", f"-config.file={SEEDS}/004-ybuilt-01-whole.yaml", "-verify-config")
    assert checked.code == 0
    assert checked.lines[-1] == "the configuration is valid"
    assert any("storage_config.boltdb_shipper: segments carry their own index" in line for line in checked.lines)
    (tmp_path / "typo.yaml").write_text("server:\n  http_listen_prt: 3100\n")
    refused = sigyn("serve", "-config.file", str(tmp_path / "typo.yaml"), "-verify-config")
    assert refused.code == 2
    assert "typo.yaml:2: unknown key `server.http_listen_prt` (did you mean `http_listen_port`" in refused.err


def test_printing_the_settings(sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGYN_STORAGE_S3_SECRET_ACCESS_KEY", "hush")
    printed = sigyn("serve", "-print-config", "--http", "0.0.0.0:80")
    assert yaml.safe_load(printed.out)["server"]["http"] == "0.0.0.0:80"
    assert "hush" not in printed.out


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--http", "nope"), "--http is `nope`: write host:port"),
        (("-config.file=none.yaml",), "File 'none.yaml' does not exist"),
        (("--otlp-grpc", "x:y"), "--otlp-grpc is `x:y`: write host:port"),
    ],
)
def test_wrong_flags(sigyn: Sigyn, flags: tuple[str, ...], message: str) -> None:
    refused = sigyn("serve", *flags)
    assert refused.code == 2
    assert message in refused.err


def test_an_unset_variable_is_named_beside_what_it_leads_to(
    sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("SECRET_OF_MINIO", raising=False)
    (tmp_path / "loki.yaml").write_text(
        "common:\n  storage:\n    s3:\n      bucketnames: logs\n      access_key_id: minio\n"
        "      secret_access_key: ${SECRET_OF_MINIO}\n"
    )
    refused = sigyn("serve", f"-config.file={tmp_path}/loki.yaml", "-verify-config")
    assert refused.code == 2
    assert "${SECRET_OF_MINIO}: this variable is not set; it stands for nothing" in refused.out
    assert "the configuration is valid" not in refused.out
