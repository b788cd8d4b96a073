"""Silences of Debian's Alertmanager, listed, made and ended through this server."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.access_files import write_htpasswd
from tests.cli.server import running_server

from .servers import RuledServer, group, ruled_server
from .test_alertmanager import HUSH
from .upstream import Upstream, alertmanager, eventually

PATH = "/sigyn/api/v1/alertmanager"
RULES = group({"alert": "Always", "expr": "vector(1)", "labels": {"severity": "page"}})


def silence(**changed: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "matchers": [{"name": "alertname", "value": "Alw.*", "isRegex": True}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "comment": "we know",
    } | changed


@pytest.fixture
def receiving(tmp_path: Path) -> Iterator[Upstream]:
    place = tmp_path / "alertmanager"
    place.mkdir()
    (place / "web.yml").write_text(f"basic_auth_users: {{ops: '{HUSH}'}}\n")
    with alertmanager(place, auth=("ops", "hush")) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path, receiving: Upstream) -> Iterator[RuledServer]:
    urls = f"http://127.0.0.1:9,{receiving.url}"  # the first is away
    access = {"alertmanager_username": "ops", "alertmanager_password": "hush"}
    with ruled_server(tmp_path, RULES, alertmanager_url=urls, resend_delay="1s", **access) as running:
        yield running


def test_a_silence_holds_an_alert_back_until_it_is_ended(server: RuledServer, receiving: Upstream) -> None:
    eventually(lambda: server.get(f"{PATH}/alerts"))
    made = server.client.post(f"{PATH}/silences", json=silence())
    assert made.status_code == 200, made.text
    id = made.json()["data"]["id"]
    (alert,) = eventually(lambda: [each for each in server.get(f"{PATH}/alerts") if each["status"]["silencedBy"]])
    assert alert["status"]["silencedBy"] == [id]
    (listed,) = server.get(f"{PATH}/silences")
    assert (listed["status"]["state"], listed["createdBy"], listed["comment"]) == ("active", "anybody", "we know")
    assert listed["matchers"] == [{"name": "alertname", "value": "Alw.*", "isRegex": True, "isEqual": True}]
    assert [each["id"] for each in receiving.get("/api/v2/silences")] == [id]
    assert server.client.delete(f"{PATH}/silence/{id}").status_code == 204
    assert server.get(f"{PATH}/silences")[0]["status"]["state"] == "expired"
    eventually(lambda: not server.get(f"{PATH}/alerts")[0]["status"]["silencedBy"])


def test_what_is_refused(server: RuledServer) -> None:
    def refused(body: object, **headers: str) -> tuple[int, str]:
        answer = server.client.post(f"{PATH}/silences", json=body, headers=headers)
        return answer.status_code, answer.text

    assert refused(silence(matchers=[])) == (
        400,
        "a silence needs a matcher: without one it would hold back every alert\n",
    )
    assert refused({"matchers": 1})[0] == 400
    status, text = refused(silence(matchers=[{"name": "a", "value": "(", "isRegex": True}]))
    assert status == 400
    assert text.startswith("Alertmanager refused it: ")
    assert refused(silence(), **{"Content-Type": "text/plain"})[0] == 400
    assert refused(silence(), Origin="http://elsewhere.example")[0] == 403
    unknown = server.client.delete(f"{PATH}/silence/11111111-1111-1111-1111-111111111111")
    assert unknown.status_code == 404
    assert server.client.delete(f"{PATH}/silence/..%2Fstatus").status_code == 404


def test_nobody_to_ask(tmp_path: Path) -> None:
    with ruled_server(tmp_path, RULES) as server:
        assert server.get(PATH) == {"alertmanagers": []}
        answer = server.client.get(f"{PATH}/silences")
        assert (answer.status_code, "ruler.alertmanager_url" in answer.text) == (404, True)
    with ruled_server(tmp_path, RULES, alertmanager_url="http://user:pass@127.0.0.1:9") as server:
        assert server.get(PATH) == {"alertmanagers": ["http://127.0.0.1:9"]}
        answer = server.client.get(f"{PATH}/silences")
        assert answer.status_code == 503
        assert answer.text.startswith("no Alertmanager answered: http://127.0.0.1:9: ")
        assert "pass" not in answer.text


def test_who_may(tmp_path: Path, receiving: Upstream) -> None:
    passwords = write_htpasswd(tmp_path / "htpasswd", ann="a", bob="b", eve="e")
    settings = {
        "RULER_ALERTMANAGER_URL": receiving.url,
        "RULER_ALERTMANAGER_USERNAME": "ops",
        "RULER_ALERTMANAGER_PASSWORD": "hush",
        "AUTH_TYPE": "basic",
        "AUTH_PASSWORD_FILE": str(passwords),
        "AUTH_GRANTS": "ann=read+rules; bob=read; eve=all@one",
        "SERVER_AUTH_ENABLED": "true",
    }
    variables = dict(os.environ) | {f"SIGYN_{name}": value for name, value in settings.items()}
    with (
        running_server(tmp_path / "data", variables=variables) as running,
        httpx.Client(base_url=running.url, headers={"X-Scope-OrgID": "one"}, timeout=30) as client,
    ):

        def asked(name: str) -> tuple[int, int]:
            auth = (name, name[0])
            looked = client.get(f"{PATH}/silences", auth=auth)
            changed = client.post(f"{PATH}/silences", json=silence(createdBy="somebody else"), auth=auth)
            return looked.status_code, changed.status_code

        assert asked("ann") == (200, 200)
        assert asked("bob") == (200, 403)
        assert asked("eve") == (403, 403)
        assert [each["createdBy"] for each in receiving.get("/api/v2/silences")] == ["ann"]
