"""Against Debian's Alertmanager: a pattern in the logs fires, is received, silenced, resolved."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import trustme

from .servers import RuledServer, group, ruled_server
from .upstream import Upstream, alertmanager, eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
HUSH = "$2b$04$abcdefghijklmnopqrstuuppZFpU9n.F.R29ic//YRPBUgRHbgy9m"
"""bcrypt of `hush`"""

RULES = group(
    {
        "alert": "CardDeclined",
        "expr": 'sum by (app) (count_over_time({app=~".+"} |= "declined" [6s])) >= 2',
        "for": "1s",
        "labels": {"severity": "page"},
        "annotations": {"summary": "{{ $labels.app }}: {{ $value }} declined", "lines": "{{ $logs }}"},
    }
)


def alert_of(upstream: Upstream, state: str) -> dict[str, Any] | None:
    found = [alert for alert in upstream.get("/api/v2/alerts") if alert["status"]["state"] == state]
    assert len(found) <= 1
    return dict(found[0]) if found else None


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture
def receiving(folder: Path) -> Iterator[Upstream]:
    with alertmanager(folder / "alertmanager") as running:
        yield running


def test_a_pattern_fires_is_received_silenced_and_resolved(folder: Path, receiving: Upstream) -> None:
    settings = {
        "alertmanager_url": receiving.url,
        "external_labels": "cluster=eu",
        "external_url": "http://grafana:3000",
        "resend_delay": "1s",
    }
    with ruled_server(folder, RULES, **settings) as server:
        server.push({"app": "shop"}, f'msg="card declined" trace_id={TRACE}', "declined again", "all is well")
        received = eventually(lambda: alert_of(receiving, "active"))
        assert received["labels"] == {"alertname": "CardDeclined", "app": "shop", "cluster": "eu", "severity": "page"}
        assert received["annotations"] == {
            "summary": "shop: 2 declined",
            "lines": f'msg="card declined" trace_id={TRACE}\ndeclined again',
            "trace_ids": TRACE,
        }
        assert received["generatorURL"].startswith("http://grafana:3000/explore?left=")
        assert server.alerts()[0]["state"] == "firing"

        silence(receiving)
        silenced = eventually(lambda: alert_of(receiving, "suppressed"))
        assert silenced["fingerprint"] == received["fingerprint"]

        eventually(lambda: not receiving.get("/api/v2/alerts"))  # no longer active, and so not listed
        assert eventually(lambda: server.alerts() == [])
        assert server.rule("CardDeclined")["state"] == "inactive"
        assert (server.metric("loki_prometheus_notifications_sent_total{") or 0) >= 2


def silence(receiving: Upstream) -> None:
    now = datetime.now(UTC)
    body = {
        "matchers": [{"name": "app", "value": "shop", "isRegex": False}],
        "startsAt": now.isoformat(),
        "endsAt": (now + timedelta(hours=1)).isoformat(),
        "createdBy": "ops",
        "comment": "known",
    }
    answer = receiving.client.post("/api/v2/silences", json=body)
    assert answer.status_code == 200, answer.text


def test_every_alertmanager_hears_of_it_and_one_that_is_away_hears_later(folder: Path, receiving: Upstream) -> None:
    rules = group({"alert": "Always", "expr": "vector(1)"})
    urls = f"{receiving.url},http://127.0.0.1:9"
    with ruled_server(folder, rules, alertmanager_url=urls) as server:
        assert eventually(lambda: alert_of(receiving, "active"))
        failed = 'loki_prometheus_notifications_errors_total{alertmanager="http://127.0.0.1:9"}'
        assert eventually(lambda: server.metric(failed))
        assert server.metric('loki_prometheus_notifications_queue_length{alertmanager="http://127.0.0.1:9"}') == 1


def test_passwords_and_tls(folder: Path) -> None:
    authority = trustme.CA()
    certificate = authority.issue_cert("127.0.0.1")
    place = folder / "alertmanager"
    place.mkdir()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    certificate.private_key_pem.write_to_path(place / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(place / "cert.pem")
    place.joinpath("web.yml").write_text(
        f"tls_server_config: {{cert_file: cert.pem, key_file: key.pem}}\nbasic_auth_users: {{ops: '{HUSH}'}}\n"
    )
    trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    rules = group({"alert": "Always", "expr": "vector(1)"})
    with alertmanager(place, verify=trust, auth=("ops", "hush")) as receiving:
        assert httpx.get(receiving.url, verify=trust).status_code == 401
        settings = {
            "alertmanager_url": receiving.url,
            "alertmanager_ca_file": str(folder / "ca.pem"),
            "alertmanager_username": "ops",
            "resend_delay": "1s",
        }
        with ruled_server(folder, rules, **settings, alertmanager_password="wrong") as server:
            assert eventually(lambda: refused(server))
        with ruled_server(folder, rules, **settings, alertmanager_password="hush"):
            received = eventually(lambda: alert_of(receiving, "active"))
            assert received["labels"] == {"alertname": "Always"}


def refused(server: RuledServer) -> bool:
    return bool(server.metric("loki_prometheus_notifications_dropped_total{"))


def test_alerts_are_relabelled_on_their_way(folder: Path, receiving: Upstream) -> None:
    steps = [
        {"source_labels": ["app"], "regex": "internal", "action": "drop"},
        {"source_labels": ["cluster", "app"], "separator": "/", "target_label": "place"},
        {"regex": "severity", "action": "labeldrop"},
    ]
    settings = {
        "alertmanager_url": receiving.url,
        "external_labels": "cluster=eu",
        "alert_relabel_configs": json.dumps(steps),
    }
    with ruled_server(folder, RULES, **settings) as server:
        server.push({"app": "internal"}, "declined", "declined again")
        eventually(lambda: server.rule("CardDeclined")["state"] == "firing")
        server.push({"app": "shop"}, "declined", "declined again")
        received = eventually(lambda: alert_of(receiving, "active"))
        assert received["labels"] == {"alertname": "CardDeclined", "app": "shop", "cluster": "eu", "place": "eu/shop"}
        assert {alert["labels"]["severity"] for alert in server.alerts()} == {"page"}  # only what leaves is changed
