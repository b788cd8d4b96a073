"""Servers that want to know who asks, agents that want to know who answers."""

import base64
import ssl
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from sigyn.agent.config.clients import Authorization, BasicAuth, TlsConfig
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.shipping.access import tls_context
from tests.agent.certificates import certificate_of
from tests.agent.processes import Sink, push_sink
from tests.agent.shipping import client, counted, entries, run, shipping, until


@pytest.fixture
def sink() -> Iterator[Sink]:
    with push_sink() as sink:
        yield sink


@pytest.mark.parametrize(
    ("settings", "header"),
    [
        ({"basic_auth": BasicAuth(username="u", password_file="FILE")}, "Basic " + base64.b64encode(b"u:s3").decode()),
        ({"bearer_token_file": "FILE"}, "Bearer s3"),
        ({"authorization": Authorization(type="Token", credentials="c")}, "Token c"),
    ],
)
def test_credentials_and_headers(tmp_path: Path, sink: Sink, settings: dict[str, object], header: str) -> None:
    async def scenario() -> None:
        secret = tmp_path / "secret"
        secret.write_text("s3\n")
        config = client(sink.url, headers={"X-Team": "blue"}, **settings)
        if config.bearer_token_file:
            config = replace(config, bearer_token_file=str(secret))
        if config.basic_auth:
            config = replace(config, basic_auth=replace(config.basic_auth, password_file=str(secret)))
        async with shipping(tmp_path, config) as (shipper, positions, _):
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")
        assert sink.requests[0]["Authorization"] == header
        assert sink.requests[0]["X-Team"] == "blue"
        assert sink.requests[0]["Content-Type"] == "application/x-protobuf"

    run(scenario)


def test_the_name_in_the_servers_certificate_may_be_another_than_its_host(tmp_path: Path) -> None:
    async def scenario() -> None:
        config = client(sink.url, tls_config=TlsConfig(ca_file=str(server[0])))
        async with shipping(tmp_path, config) as (shipper, positions, counters):
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: sum(counted(counters, "promtail_batch_retries_total").values()) >= 2)
        assert sink.lines() == []
        named = TlsConfig(ca_file=str(server[0]), server_name="logs.example.org")
        async with shipping(tmp_path, replace(config, tls_config=named)) as (shipper, positions, _):
            await until(lambda: positions["f"] == "1")
        assert sink.lines() == ["a"]

    server = certificate_of("logs.example.org", tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*server)
    with push_sink(tls) as sink:
        run(scenario)


def test_tls_with_certificates_of_both_sides(tmp_path: Path) -> None:
    async def scenario() -> None:
        config = client(sink.url, tls_config=TlsConfig(ca_file=str(server[0])))
        async with shipping(tmp_path, config) as (shipper, positions, counters):
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: sum(counted(counters, "promtail_batch_retries_total").values()) >= 2)
        assert sink.lines() == []
        with_certificate = TlsConfig(ca_file=str(server[0]), cert_file=str(mine[0]), key_file=str(mine[1]))
        async with shipping(tmp_path, replace(config, tls_config=with_certificate)) as (shipper, positions, _):
            await until(lambda: positions["f"] == "1")
        assert sink.lines() == ["a"]

    server, mine = certificate_of("localhost", tmp_path), certificate_of("agent", tmp_path)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(mine[0]))
    tls.load_cert_chain(*server)
    tls.verify_mode = ssl.CERT_REQUIRED
    with push_sink(tls) as sink:
        run(scenario)


def test_a_server_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with shipping(tmp_path, client(sink.url)) as (shipper, _, counters):
            shipper.add(entries("a"), {"f": "1"}, 1)
            await until(lambda: sum(counted(counters, "promtail_batch_retries_total").values()) >= 2)
        assert sink.lines() == []
        trusting = client(sink.url, tls_config=TlsConfig(insecure_skip_verify=True))
        async with shipping(tmp_path, trusting) as (_, positions, _):
            await until(lambda: positions["f"] == "1")
        assert sink.lines() == ["a"]

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(*certificate_of("localhost", tmp_path))
    with push_sink(tls) as sink:
        run(scenario)


@pytest.mark.parametrize("name", ["ca_file", "cert_file", "key_file"])
def test_a_certificate_that_is_not_there_is_named(name: str) -> None:
    config = TlsConfig(**{"cert_file": __file__, name: "/nowhere/x.pem"})
    with pytest.raises(ConfigurationError, match=f"tls_config.{name}: can't read /nowhere/x.pem: No such file"):
        tls_context(config)


def test_the_password_of_a_server_is_not_told(tmp_path: Path, sink: Sink) -> None:
    async def scenario() -> None:
        sink.answers += [(500, {}), (400, {})]
        url = sink.url.replace("://", "://ops:hushhush@") + "?token=hushhush"
        async with shipping(tmp_path, client(url)) as (shipper, positions, counters):
            shipper.add(entries("refused"), {"f": "1"}, 1)
            await until(lambda: positions["f"] == "1")
            assert "hushhush" not in counters.render().decode()

    with capture_logs() as logs:
        run(scenario)
    assert [each["event"] for each in logs] == ["push failed, will try again", "push refused, its entries are dropped"]
    assert "hushhush" not in str(logs)
