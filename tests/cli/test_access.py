"""Who may do what, of a server as people run it: users, tokens, certificates, logins, and the record of it all."""

import json
import os
import re
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc
import httpx
import oidc_provider_mock
import pytest
import trustme
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from .access_files import write_htpasswd
from .server import SIGYN, RunningServer, running_server

V1 = "/loki/api/v1"
SEED = Path(__file__).parents[1] / "config" / "seeds" / "002-fraiseql-05-auth.yaml"
EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"


@contextmanager
def server(folder: Path, *flags: str, **settings: str) -> Iterator[RunningServer]:
    variables = os.environ | {f"SIGYN_{name.upper()}": value for name, value in settings.items()}
    with running_server(folder / "data", *flags, variables=variables) as running:
        yield running


def push(url: str, line: str, **request: object) -> httpx.Response:
    body = {"streams": [{"stream": {"app": "shop"}, "values": [[str(time.time_ns()), line]]}]}
    return httpx.post(f"{url}{V1}/push", json=body, **request)  # type: ignore[arg-type]


def add_token(folder: Path, name: str, *flags: str) -> str:
    made = subprocess.run(
        [SIGYN, "auth", "--data", str(folder / "data"), "add-token", name, *flags],
        capture_output=True,
        text=True,
        check=True,
    )
    return made.stdout.strip()


def bearer(token: str, tenant: str = "") -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} | ({"X-Scope-OrgID": tenant} if tenant else {})


def export(
    address: str, metadata: dict[str, str], credentials: grpc.ChannelCredentials | None = None
) -> grpc.StatusCode:
    options = [("grpc.ssl_target_name_override", "localhost")]
    channel = grpc.secure_channel(address, credentials, options) if credentials else grpc.insecure_channel(address)
    with channel:
        call = channel.unary_unary(
            EXPORT, ExportLogsServiceRequest.SerializeToString, ExportLogsServiceResponse.FromString
        )
        try:
            call(ExportLogsServiceRequest(), metadata=tuple(metadata.items()), timeout=20)
        except grpc.RpcError as error:
            code: grpc.StatusCode = error.code()
            return code
    return grpc.StatusCode.OK


def grpc_address(running: RunningServer) -> str:
    return next(re.finditer(r"(\S+) \(OTLP over gRPC\)", running.banner))[1]


def test_the_users_of_the_seed(tmp_path: Path) -> None:
    passwords = write_htpasswd(tmp_path / "htpasswd", admin="s3cret", other="word")
    config = tmp_path / "loki.yaml"
    config.write_text(SEED.read_text().replace("/etc/loki/.htpasswd", str(passwords)))
    with server(tmp_path, f"-config.file={config}") as running:
        team = {"X-Scope-OrgID": "team"}
        assert push(running.url, "one", headers=team).status_code == 401
        refused = httpx.get(f"{running.url}{V1}/labels", headers=team)
        assert refused.headers["www-authenticate"].startswith("Basic ")
        assert push(running.url, "one", headers=team, auth=("admin", "wrong")).status_code == 401
        assert push(running.url, "one", headers=team, auth=("other", "word")).status_code == 401
        assert push(running.url, "one", headers=team, auth=("nobody", "s3cret")).status_code == 401
        assert push(running.url, "one", headers=team, auth=("admin", "s3cret")).status_code == 204
        assert httpx.get(f"{running.url}/ready").status_code == 200
        assert httpx.get(f"{running.url}/metrics").status_code == 200
        assert httpx.get(f"{running.url}/config").status_code == 401
        write_htpasswd(passwords, admin="changed")
        assert push(running.url, "two", headers=team, auth=("admin", "s3cret")).status_code == 401
        assert push(running.url, "two", headers=team, auth=("admin", "changed")).status_code == 204
        passwords.write_text("admin:{SHA}nonsense\n")
        assert push(running.url, "three", headers=team, auth=("admin", "changed")).status_code == 204
    assert "changed" not in (tmp_path / "data.stderr").read_text().replace("a changed file", "")


def test_tokens_do_what_their_scopes_say_for_their_tenants(tmp_path: Path) -> None:
    agent = add_token(tmp_path, "agent", "--scope", "push", "--tenant", "a")
    reader = add_token(tmp_path, "grafana", "--scope", "read", "--tenant", "a", "--tenant", "b")
    stored = (tmp_path / "data" / "tokens.json").read_text()
    assert agent not in stored
    assert (tmp_path / "data" / "tokens.json").stat().st_mode & 0o077 == 0
    audit = tmp_path / "audit.jsonl"
    with server(tmp_path, auth_type="token", server_auth_enabled="true", audit_file=str(audit)) as running:
        query = f"{running.url}{V1}/query_range"
        assert push(running.url, "of a", headers=bearer(agent)).status_code == 204  # its only tenant need not be named
        assert push(running.url, "of b", headers=bearer(agent, "b")).status_code == 403
        assert push(running.url, "of a", headers=bearer(reader, "a")).status_code == 403
        ask = {"query": '{app="shop"}'}
        assert httpx.get(query, params=ask, headers=bearer(agent)).status_code == 403
        found = httpx.get(query, params=ask, headers=bearer(reader, "a")).json()["data"]["result"]
        assert found[0]["values"][0][1] == "of a"
        assert httpx.post(query, data=ask, headers=bearer(reader, "b")).json()["data"]["result"] == []
        assert httpx.get(query, params=ask, headers=bearer(reader, "c")).status_code == 403
        assert httpx.get(query, params=ask, headers=bearer(reader)).status_code == 401
        as_password = httpx.get(query, params=ask, headers={"X-Scope-OrgID": "a"}, auth=("any", reader))
        assert as_password.status_code == 200
        assert httpx.post(f"{running.url}/flush", headers=bearer(reader, "a")).status_code == 403
        assert export(grpc_address(running), {}) == grpc.StatusCode.UNAUTHENTICATED
        assert export(grpc_address(running), {"authorization": f"Bearer {reader}"}) == grpc.StatusCode.PERMISSION_DENIED
        assert export(grpc_address(running), {"authorization": f"Bearer {agent}"}) == grpc.StatusCode.OK
        socket = running.url.replace("http", "ws") + V1 + "/tail?query={app%3D%22shop%22}"
        with pytest.raises(InvalidStatus) as refused:
            connect(socket).close()
        assert refused.value.response.status_code == 401
        with connect(socket, additional_headers=bearer(reader, "a")) as tail:
            assert "of a" in str(tail.recv(timeout=20))
        listed = subprocess.run(
            [SIGYN, "auth", "--data", str(tmp_path / "data"), "list"], capture_output=True, text=True
        )
        assert "grafana" in listed.stdout
        subprocess.run([SIGYN, "auth", "--data", str(tmp_path / "data"), "revoke", "grafana"], check=True)
        assert httpx.get(query, params=ask, headers=bearer(reader, "a")).status_code == 401
    records = [json.loads(line) for line in audit.read_text().splitlines()]
    asked = [record for record in records if record["identity"] == "grafana" and record["status"] == 200]
    assert {record["request"] for record in asked} >= {f"GET {V1}/query_range", f"POST {V1}/query_range"}
    assert all(record["parameters"]["query"] == ['{app="shop"}'] for record in asked)
    assert {record["status"] for record in records if record["action"] == "push"} == {401, 403}
    assert agent not in audit.read_text()
    assert reader not in audit.read_text()


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


def write_pair(authority: trustme.CA, folder: Path) -> dict[str, str]:
    leaf = authority.issue_cert("localhost", "127.0.0.1")
    leaf.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "cert.pem").write_bytes(b"".join(blob.bytes() for blob in leaf.cert_chain_pems))
    authority.cert_pem.write_to_path(folder / "ca.pem")
    return {"cert_file": str(folder / "cert.pem"), "key_file": str(folder / "key.pem")}


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_certificates_are_read_again_when_they_change(tmp_path: Path, authority: trustme.CA) -> None:
    pair = write_pair(authority, tmp_path)
    settings = {f"server_{kind}tls_{name}": path for kind in ("", "grpc_") for name, path in pair.items()}
    other = trustme.CA()
    with server(tmp_path, **settings) as running:
        url, address = running.url, grpc_address(running)
        assert url.startswith("https://")
        assert httpx.get(f"{url}/ready", verify=trusting(authority)).status_code == 200
        assert export(address, {}, grpc.ssl_channel_credentials(authority.cert_pem.bytes())) == grpc.StatusCode.OK
        write_pair(other, tmp_path)
        assert httpx.get(f"{url}/ready", verify=trusting(other)).status_code == 200
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{url}/ready", verify=trusting(authority))
        assert export(address, {}, grpc.ssl_channel_credentials(other.cert_pem.bytes())) == grpc.StatusCode.OK
        (tmp_path / "cert.pem").write_text("nonsense")
        assert httpx.get(f"{url}/ready", verify=trusting(other)).status_code == 200


def test_clients_are_known_by_their_certificates(tmp_path: Path, authority: trustme.CA) -> None:
    settings = {f"server_tls_{name}": path for name, path in write_pair(authority, tmp_path).items()}
    settings |= {"server_tls_client_ca_file": str(tmp_path / "ca.pem"), "server_tls_client_certificates": "optional"}
    settings |= {"auth_type": "certificate", "auth_grants": "agent=push; viewer=read"}
    with server(tmp_path, **settings) as running:
        context = trusting(authority)
        assert push(running.url, "x", verify=context).status_code == 401
        agent = trusting(authority)
        authority.issue_cert("agent.internal", common_name="agent").configure_cert(agent)
        assert push(running.url, "x", verify=agent).status_code == 204
        assert httpx.get(f"{running.url}{V1}/labels", verify=agent).status_code == 403
        stranger = trusting(authority)
        authority.issue_cert("stranger.internal", common_name="stranger").configure_cert(stranger)
        assert push(running.url, "x", verify=stranger).status_code == 403


def test_grpc_clients_are_known_by_their_certificates(tmp_path: Path, authority: trustme.CA) -> None:
    settings = {f"server_grpc_tls_{name}": path for name, path in write_pair(authority, tmp_path).items()}
    settings |= {f"server_tls_{name}": path for name, path in write_pair(authority, tmp_path).items()}
    for kind in ("", "grpc_"):
        settings[f"server_{kind}tls_client_ca_file"] = str(tmp_path / "ca.pem")
        settings[f"server_{kind}tls_client_certificates"] = "required"
    settings |= {"auth_type": "certificate", "auth_grants": "agent=push; viewer=read"}
    trusted = authority.cert_pem.bytes()

    def shown(signer: trustme.CA, name: str) -> grpc.ChannelCredentials:
        leaf = signer.issue_cert(f"{name}.internal", common_name=name)
        chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
        return grpc.ssl_channel_credentials(trusted, leaf.private_key_pem.bytes(), chain)

    with server(tmp_path, **settings) as running:
        address = grpc_address(running)
        assert export(address, {}, shown(authority, "agent")) == grpc.StatusCode.OK
        assert export(address, {}, shown(authority, "viewer")) == grpc.StatusCode.PERMISSION_DENIED
        assert export(address, {}, shown(authority, "stranger")) == grpc.StatusCode.PERMISSION_DENIED
        assert export(address, {}, shown(trustme.CA(), "agent")) == grpc.StatusCode.UNAVAILABLE
        assert export(address, {}, grpc.ssl_channel_credentials(trusted)) == grpc.StatusCode.UNAVAILABLE
        assert export(address, {}) == grpc.StatusCode.UNAVAILABLE


def test_people_log_in_at_a_provider(tmp_path: Path) -> None:
    with oidc_provider_mock.run_server_in_thread() as provider:
        issuer = f"http://localhost:{provider.server_port}"
        httpx.put(f"{issuer}/users/ann", json={"email": "ann@example.org", "email_verified": True})
        httpx.put(f"{issuer}/users/eve", json={"email": "eve@example.org", "email_verified": True})
        settings = {"auth_type": "oidc", "auth_oidc_issuer": issuer, "auth_oidc_client_id": "sigyn"}
        settings |= {"auth_oidc_client_secret": "hush", "auth_grants": "ann@example.org=read"}
        with server(tmp_path, **settings) as running:
            page = {"Accept": "text/html"}
            assert httpx.get(f"{running.url}{V1}/labels").status_code == 401
            with httpx.Client(base_url=running.url, follow_redirects=True, timeout=30) as browser:
                form = browser.get(f"{V1}/labels?since=1h", headers=page)
                assert form.url.port == provider.server_port
                back = browser.post(str(form.url), data={"sub": "ann"}, headers=page)
                assert (back.status_code, back.url.path, back.url.query) == (200, f"{V1}/labels", b"since=1h")
                assert browser.get("/sigyn/api/v1/whoami").json()["data"]["name"] == "ann@example.org"
                assert browser.post("/log_level", data={"log_level": "info"}).status_code == 403
                elsewhere = {"Origin": "https://evil.example"}
                asked = browser.post(f"{V1}/query", data={"query": "1"}, headers=elsewhere)
                assert asked.status_code == 403
                kept = {cookie.name: cookie for cookie in browser.cookies.jar}["sigyn_session"]
                assert kept.has_nonstandard_attr("HttpOnly")
                forged = {"Cookie": f"sigyn_session={kept.value}x"}
                assert httpx.get(f"{running.url}{V1}/labels", headers=forged).status_code == 401
                assert browser.get("/login/callback", params={"state": "forged", "code": "x"}).status_code == 400
                browser.post("/logout", follow_redirects=False)
                assert browser.get(f"{V1}/labels").status_code == 401
            with httpx.Client(base_url=running.url, follow_redirects=True, timeout=30) as browser:
                form = browser.get("/login", params={"next": "//evil.example"})
                assert browser.post(str(form.url), data={"sub": "eve"}).status_code == 403
        assert "hush" not in (tmp_path / "data.stderr").read_text()


def test_an_address_that_is_not_verified_is_nobodys_name(tmp_path: Path) -> None:
    address = "ann@example.org"
    people: dict[str, tuple[dict[str, object], int]] = {
        "said as text": ({"email_verified": "false"}, 403),
        "the name of the account too": ({"email_verified": False, "preferred_username": "Ann@Example.org"}, 403),
        "verified, as text": ({"email_verified": "true"}, 200),
        "nothing said": ({}, 200),
    }
    with oidc_provider_mock.run_server_in_thread() as provider:
        issuer = f"http://localhost:{provider.server_port}"
        settings = {"auth_type": "oidc", "auth_oidc_issuer": issuer, "auth_oidc_client_id": "sigyn"}
        settings |= {"auth_oidc_client_secret": "hush", "auth_grants": f"{address}=read; Ann@Example.org=read"}
        with server(tmp_path, **settings) as running:
            for sub, (claims, status) in people.items():
                httpx.put(f"{issuer}/users/{sub}", json={"email": address, **claims})
                with httpx.Client(base_url=running.url, follow_redirects=True, timeout=30) as browser:
                    form = browser.get(f"{V1}/labels?since=1h", headers={"Accept": "text/html"})
                    assert browser.post(str(form.url), data={"sub": sub}).status_code == status, sub


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"auth_type": "basic"}, "auth.password_file names no file"),
        ({"auth_type": "passwords"}, "`passwords` is no way to prove who asks"),
        ({"auth_type": "oidc", "auth_oidc_issuer": "http://a", "auth_oidc_client_id": "b"}, "auth.grants is empty"),
        ({"auth_type": "certificate"}, "it needs server.tls_client_ca_file"),
        ({"auth_grants": "ann=everything"}, "`everything` is no scope"),
        ({"auth_grants": "ann=read"}, "auth.grants says who may do what, but auth.type is none"),
        ({"auth_type": "token", "auth_grants": "ann=read@"}, "auth.grants is `ann=read@`: `@` has no tenant behind it"),
        ({"auth_type": "basic", "auth_password_file": "/nosuch"}, "/nosuch can't be read"),
    ],
)
def test_a_plan_that_can_not_work_is_refused_at_start(tmp_path: Path, settings: dict[str, str], message: str) -> None:
    variables = os.environ | {f"SIGYN_{name.upper()}": value for name, value in settings.items()}
    command = [SIGYN, "serve", "--data", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--otlp-grpc", ""]
    refused = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode in (1, 2)
    assert message in refused.stderr


@pytest.mark.parametrize("mistake", ["no key", "swapped"])
def test_files_of_tls_that_do_not_fit_are_named(tmp_path: Path, mistake: str) -> None:
    pair = write_pair(trustme.CA(), tmp_path)
    cert, key = pair["cert_file"], pair["key_file"]
    cert, key, named = {
        "no key": (cert, "", "the private key in the same file, as tls_key_file is empty"),
        "swapped": (key, cert, f"the private key {cert}"),
    }[mistake]
    variables = os.environ | {"SIGYN_SERVER_TLS_CERT_FILE": cert, "SIGYN_SERVER_TLS_KEY_FILE": key}
    command = [SIGYN, "serve", "--data", str(tmp_path / "data"), "--http", "127.0.0.1:0", "--otlp-grpc", ""]
    refused = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"error: TLS with the certificate {cert} and {named}: "
        "one of them is not in that file, is not PEM, or has a passphrase\n"
    )


def test_an_open_server_that_others_reach_says_so(tmp_path: Path) -> None:
    with server(tmp_path, "--http", "0.0.0.0:0") as running:
        assert running.stop() == 0
    log = (tmp_path / "data.stderr").read_text()
    assert "anybody who reaches this address may read, push and delete everything" in log
    with server(tmp_path) as running:
        assert running.stop() == 0
    assert "anybody who reaches" not in (tmp_path / "data.stderr").read_text()


def test_pages_of_other_sites_reach_nothing_on_this_machine(tmp_path: Path) -> None:
    with server(tmp_path) as running:
        other = {"Origin": "https://evil.example"}
        assert push(running.url, "x", headers=other).status_code == 403
        assert push(running.url, "x", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
        assert push(running.url, "x", headers={"Sec-Fetch-Site": "same-origin", **other}).status_code == 204
        assert push(running.url, "x", headers={"Origin": running.url}).status_code == 204
        with pytest.raises(InvalidStatus):
            connect(running.url.replace("http", "ws") + V1 + "/tail?query={}", origin="https://evil.example").close()
        headers = httpx.get(f"{running.url}/ready").headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
