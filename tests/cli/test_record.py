"""What a server keeps of who asked and deleted what, when tokens end, and that secrets are written down nowhere."""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import msgspec

from sigyn.config.settings import DECLARATIONS

from .server import SIGYN, running_server
from .test_access import EXPORT, V1, add_token, bearer, export, grpc_address, push, server

SECRET_KINDS = {"secret", "URL, secret", "URLs, secret"}


def wait_until(holds: Any, what: str) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def bearer_metadata(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def test_a_token_is_good_until_its_end(tmp_path: Path) -> None:
    short = add_token(tmp_path, "short", "--scope", "read", "--expires", "2s")
    day = add_token(tmp_path, "day", "--scope", "read", "--expires", "1d")
    tokens = tmp_path / "data" / "tokens.json"
    with server(tmp_path, auth_type="token") as running:

        def status(token: str) -> int:
            return httpx.get(f"{running.url}{V1}/labels", headers=bearer(token)).status_code

        wait_until(lambda: status(short) == 401, "the token has no end")
        assert status(day) == 200
        kept = msgspec.json.decode(tokens.read_bytes())
        for each in kept:
            each["expires"] = time.time_ns() - 1
        tokens.write_bytes(msgspec.json.encode(kept))
        assert status(day) == 401
        wrong = httpx.get(f"{running.url}{V1}/labels", headers=bearer(day))
        assert day not in wrong.text


def test_who_asked_and_deleted_what_is_on_record(tmp_path: Path) -> None:
    audit = tmp_path / "kept" / "audit.jsonl"
    agent = add_token(tmp_path, "agent", "--scope", "push", "--tenant", "a")
    reader = add_token(tmp_path, "ann", "--scope", "read")
    deleter = add_token(tmp_path, "bob", "--scope", "read", "--scope", "delete", "--scope", "rules", "--tenant", "a")
    settings = {"auth_type": "token", "server_auth_enabled": "true", "audit_file": str(audit), "audit_log": "true"}
    selector = '{app="shop"}'
    with server(tmp_path, **settings) as running:
        url = running.url
        push(url, "x", headers=bearer(agent))
        httpx.get(f"{url}{V1}/query_range", params={"query": selector}, headers=bearer(reader, "a|b"))
        httpx.post(f"{url}{V1}/query", data={"query": f"rate({selector}[1m])"}, headers=bearer(reader, "b"))
        httpx.get(f"{url}/sigyn/api/v1/export", params={"query": selector}, headers=bearer(deleter))
        times = {"start": str(int(time.time()) - 60), "end": str(int(time.time()) - 1)}
        deleted = httpx.post(f"{url}{V1}/delete", params={"query": selector, **times}, headers=bearer(deleter))
        assert deleted.status_code == 204
        forbidden = httpx.post(f"{url}{V1}/delete", params={"query": selector, **times}, headers=bearer(reader, "a"))
        assert forbidden.status_code == 403
        (request,) = httpx.get(f"{url}{V1}/delete", headers=bearer(deleter)).json()
        cancel = {"request_id": request["request_id"], "force": "true"}
        assert httpx.delete(f"{url}{V1}/delete", params=cancel, headers=bearer(deleter)).status_code == 204
        rule = "name: g\nrules:\n- {record: 'x:x', expr: 'count_over_time({app=\"shop\"}[1m])'}\n"
        httpx.post(f"{url}{V1}/rules/n", content=rule, headers=bearer(deleter))
        httpx.get(f"{url}{V1}/labels")
        export(grpc_address(running), {})
        export(grpc_address(running), bearer_metadata(reader))
        export(grpc_address(running), {**bearer_metadata(agent), "x-scope-orgid": "b"})
        export(grpc_address(running), bearer_metadata(agent))
        wait_until(lambda: len(records(audit)) >= 12, "not everything is on record")
        found = records(audit)
        # A file that is moved away, as logrotate does it, is begun anew.
        audit.rename(audit.with_name("audit.1"))
        httpx.get(f"{url}{V1}/labels", headers=bearer(reader, "a"))
        wait_until(lambda: records(audit), "no file was begun anew")
        assert [record["request"] for record in records(audit)] == [f"GET {V1}/labels"]
        assert audit.stat().st_mode & 0o777 == 0o600
    asked = [(each["identity"], each["request"], each["tenants"], each["status"]) for each in found]
    assert asked == [
        ("ann", f"GET {V1}/query_range", "a|b", 200),
        ("ann", f"POST {V1}/query", "b", 200),
        ("bob", "GET /sigyn/api/v1/export", "a", 200),
        ("bob", f"POST {V1}/delete", "a", 204),
        ("ann", f"POST {V1}/delete", "a", 403),
        ("bob", f"GET {V1}/delete", "a", 200),
        ("bob", f"DELETE {V1}/delete", "a", 204),
        ("bob", f"POST {V1}/rules/n", "a", 202),
        ("anybody", f"GET {V1}/labels", "", 401),
        ("anybody", f"GRPC {EXPORT}", "", 401),
        ("ann", f"GRPC {EXPORT}", "", 403),
        ("agent", f"GRPC {EXPORT}", "b", 403),
    ]
    assert [each["method"] for each in found if each["identity"] == "anybody"] == ["none"] * 2
    assert {each["method"] for each in found if each["identity"] != "anybody"} == {"token"}
    assert [each["action"] for each in found] == [
        "read", "read", "read", "delete", "delete", "delete", "delete", "rules", "read", "push", "push", "push"
    ]  # fmt: skip
    assert found[0]["parameters"] == {"query": [selector]}
    assert found[1]["parameters"] == {"query": [f"rate({selector}[1m])"]}
    assert found[3]["parameters"] == {"query": [selector], **{name: [text] for name, text in times.items()}}
    assert all("127.0.0.1" in each["client"] and each["time"] and each["seconds"] >= 0 for each in found)
    log = (tmp_path / "data.stderr").read_text()
    assert log.count("action=delete") == 4
    for text in (log, *(path.read_text() for path in audit.parent.iterdir())):
        assert not any(token in text for token in (agent, reader, deleter))


def test_secrets_are_written_down_nowhere(tmp_path: Path) -> None:
    """Every setting that is a secret, and those that may hold one, in a server that uses and complains of them."""
    secret = "hush-hush-7c1f"
    variables = {
        declaration.variable: f"http://127.0.0.1:1/{secret}" if "URL" in declaration.kind.unit else secret
        for declaration in DECLARATIONS.values()
        if declaration.kind.unit in SECRET_KINDS
    }
    assert len(variables) > 10
    passworded = f"http://ann:{secret}@127.0.0.1:1"
    for name in ("ALERTMANAGER_URL", "WEBHOOK_URL", "REMOTE_WRITE_URL"):
        variables[f"SIGYN_RULER_{name}"] = f"{passworded}/{name.lower()}"
    variables["SIGYN_RULER_WEBHOOK_URL"] += f"?token={secret}"
    variables["SIGYN_RULER_SMTP_SERVER"] = "127.0.0.1:1"
    variables["SIGYN_RULER_MAIL_TO"] = "ops@example.org"
    variables["SIGYN_SERVER_LOG_LEVEL"] = "debug"
    variables["SIGYN_AUDIT_LOG"] = "true"
    rule = "name: g\ninterval: 1s\nrules:\n- {alert: Up, expr: 'vector(1) > 0'}\n- {record: 'x:x', expr: 'vector(1)'}\n"
    log = tmp_path / "data.stderr"
    with running_server(tmp_path / "data", variables=os.environ | variables) as running:
        assert httpx.post(f"{running.url}{V1}/rules/n", content=rule).status_code == 202
        told = ("a receiver was not told", "recorded series were not written", "receiver=mail", "receiver=slack")
        wait_until(lambda: all(text in log.read_text() for text in told), "not everything failed")
        shown = {
            path: httpx.get(running.url + path).text
            for path in ("/config", "/metrics", "/prometheus/api/v1/rules", "/services", f"{V1}/rules")
        }
        assert "<hidden>" in shown["/config"]
        assert [path for path, text in shown.items() if secret in text] == []
    assert [line for line in log.read_text().splitlines() if secret in line] == []
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert files == []


def test_a_secret_that_is_no_value_is_not_shown_in_the_error(tmp_path: Path) -> None:
    config = tmp_path / "loki.yaml"
    config.write_text("ruler: {alertmanager_url: 'ann:hush@no-url'}\n")
    for flags, variables in (
        ([], {"SIGYN_RULER_SLACK_WEBHOOK_URL": "hooks.slack.com/hush"}),
        ([f"-config.file={config}"], {}),
    ):
        command = [SIGYN, "serve", "--data", str(tmp_path / "data"), *flags]
        refused = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True, timeout=60)
        assert refused.returncode != 0
        assert "hush" not in refused.stderr
        assert "write a URL" in refused.stderr
