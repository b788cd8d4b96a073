"""A server whose catalog is in PostgreSQL."""

import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.commands import Sigyn
from tests.cli.server import RunningServer, running_server
from tests.postgres import Postgres


def push(server: RunningServer, line: str) -> httpx.Response:
    """A push of one line."""
    values = [["1768471200000000000", line]]
    body = {"streams": [{"stream": {"job": "shop"}, "values": values}]}
    return httpx.post(f"{server.url}/loki/api/v1/push", json=body, timeout=60)


def lines(server: RunningServer) -> list[str]:
    """What a query finds, sorted."""
    asked = {"query": '{job="shop"}', "since": "10000d"}
    answer = httpx.get(f"{server.url}/loki/api/v1/query_range", params=asked, timeout=60)
    assert answer.status_code == 200, answer.text
    return sorted(line for stream in answer.json()["data"]["result"] for _, line in stream["values"])


def test_the_database_goes_and_comes_back_under_a_running_server(tmp_path: Path, own_postgres: Postgres) -> None:
    variables = os.environ | {"SIGYN_STORAGE_CATALOG": own_postgres.url().replace("sigyn@", "sigyn:hush@")}
    data = tmp_path / "data"
    with running_server(data, variables=variables) as server:
        assert push(server, "before").status_code == 204
        assert "hush" not in httpx.get(f"{server.url}/config").text
        own_postgres.stop(signal.SIGQUIT)
        refused = push(server, "lost")
        assert refused.status_code == 503
        assert f"catalog `postgresql://127.0.0.1:{own_postgres.port}/postgres` failed" in refused.text
        assert lines(server) == ["before"]
        own_postgres.start()
        assert push(server, "after").status_code == 204
        assert lines(server) == ["after", "before"]
        server.process.kill()
        server.process.wait()
    with running_server(data, variables=variables) as server:
        assert lines(server) == ["after", "before"]
        assert server.stop() == 0
    assert not (data / "catalog.sqlite").exists()


def test_a_server_without_its_database_says_so(
    tmp_path: Path, own_postgres: Postgres, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_postgres.stop()
    monkeypatch.setenv("SIGYN_STORAGE_CATALOG", own_postgres.url())
    started = sigyn("serve", "--data", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--otlp-grpc", "")
    assert started.code == 1
    assert f"catalog `postgresql://127.0.0.1:{own_postgres.port}/postgres` failed: connection" in started.err
    assert "Traceback" not in started.err


def test_a_catalog_of_before_a_move_to_a_file_is_told_apart_and_what_to_do_with_it(
    tmp_path: Path, own_postgres: Postgres, sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, in_database = tmp_path / "data", {"SIGYN_STORAGE_CATALOG": own_postgres.url()}
    with running_server(data, variables=os.environ | in_database) as server:
        assert push(server, "before").status_code == 204
        assert server.stop() == 0
    assert sigyn("store", "rebuild-catalog", "--data", str(data)).code == 0
    with running_server(data) as server:
        for number in range(3):
            assert push(server, f"after {number}").status_code == 204
        assert server.stop() == 0
    monkeypatch.setenv(*next(iter(in_database.items())))
    refused = sigyn("store", "rebuild-catalog", "--data", str(data))
    assert refused.code == 2
    assert "drop its tables" in refused.err
    checked = sigyn("store", "check", "--data", str(data))
    assert checked.code == 1
    assert "drop its tables in PostgreSQL" in checked.lines[-1]
