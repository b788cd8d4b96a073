"""Webhooks, Slack and mail: told once of each change, in order, and again until they take it."""

import asyncio
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session

from sigyn.ruler.database import RulerDatabase
from sigyn.ruler.notify.message import Message
from sigyn.ruler.notify.outbox import Outbox
from tests.client.receiver import Receiver, receiver

from .servers import group, ruled_server
from .upstream import eventually

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
RULES = group(
    {
        "alert": "CardDeclined",
        "expr": 'sum by (app) (count_over_time({app=~".+"} |= "declined" [4s])) > 0',
        "annotations": {"summary": "{{ $labels.app }}: {{ $value }} declined"},
    }
)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def test_a_webhook_hears_of_both_ends_with_the_lines(tmp_path: Path, hook: Receiver) -> None:
    with ruled_server(tmp_path, RULES, webhook_url=f"{hook.url}/hook") as server:
        server.push({"app": "shop"}, f"declined trace_id={TRACE}")
        hook.wait_for(2)
    fires, ends = (request.body for request in hook.requests)
    assert [request.path for request in hook.requests] == ["/hook", "/hook"]
    (alert,) = fires["alerts"]
    assert (fires["status"], alert["status"]) == ("firing", "firing")
    assert alert["labels"] == {"alertname": "CardDeclined", "app": "shop"}
    assert alert["annotations"] == {"summary": "shop: 1 declined"}
    assert [line["line"] for line in alert["logs"]] == [f"declined trace_id={TRACE}"]
    assert alert["traceIds"] == [TRACE]
    assert (ends["status"], ends["alerts"][0]["fingerprint"]) == ("resolved", alert["fingerprint"])
    assert ends["alerts"][0]["endsAt"] > ends["alerts"][0]["startsAt"]


def test_an_alert_whose_rule_is_deleted_is_over(tmp_path: Path, hook: Receiver) -> None:
    always = group({"alert": "Always", "expr": "vector(1)"})
    with ruled_server(tmp_path, always, webhook_url=hook.url) as server:
        hook.wait_for(1)
        eventually(lambda: server.metric("loki_prometheus_notifications_queue_length{") == 0)
    (tmp_path / "rules" / "rules.yaml").unlink()  # while the server is down
    with ruled_server(tmp_path, None, webhook_url=hook.url):
        hook.wait_for(2)
    assert [request.body["status"] for request in hook.requests] == ["firing", "resolved"]


def test_a_message_waits_for_its_receiver_also_over_a_kill(tmp_path: Path, hook: Receiver) -> None:
    always = group({"alert": "Always", "expr": "vector(1)"})
    hook.answers += [(500, "not now", {})] * 50
    with ruled_server(tmp_path, always, webhook_url=hook.url) as server:
        hook.wait_for(2)
        assert server.metric("loki_prometheus_notifications_errors_total{")
    hook.answers.clear()
    before = len(hook.requests)
    with ruled_server(tmp_path, always, webhook_url=hook.url) as server:
        hook.wait_for(before + 1)
        assert eventually(lambda: server.metric("loki_prometheus_notifications_sent_total{")) == 1
        assert eventually(lambda: server.metric("loki_prometheus_notifications_queue_length{") == 0)
    assert hook.requests[-1].body["alerts"][0]["labels"] == {"alertname": "Always"}
    assert len(hook.requests) == before + 1


def test_what_is_refused_for_good_does_not_hold_up_the_rest(tmp_path: Path, hook: Receiver) -> None:
    rules = group({"alert": "First", "expr": "vector(1)"}, {"alert": "Second", "expr": "vector(1)"})
    hook.answers.append((400, "no such channel", {}))
    with ruled_server(tmp_path, rules, slack_webhook_url=f"{hook.url}/services/T0KEN") as server:
        hook.wait_for(2)
        assert eventually(lambda: server.metric('loki_prometheus_notifications_sent_total{alertmanager="slack"}')) == 1
        assert server.metric('loki_prometheus_notifications_dropped_total{alertmanager="slack"}') == 1
        assert "T0KEN" not in server.client.get("/metrics").text + server.client.get("/config").text
    assert [request.body["text"] for request in hook.requests] == ["[FIRING:1] First", "[FIRING:1] Second"]
    assert "T0KEN" not in (tmp_path / "data.stderr").read_text()


def test_a_message_that_fails_holds_up_those_of_its_rule_alone(tmp_path: Path, hook: Receiver) -> None:
    rules = group({"alert": "First", "expr": "vector(1)"}, {"alert": "Second", "expr": "vector(1)"})
    hook.answers.append((500, "I stumble over this one", {}))
    with ruled_server(tmp_path, rules, webhook_url=hook.url):
        hook.wait_for(3)
    told = [request.body["groupLabels"]["alertname"] for request in hook.requests]
    assert told == ["First", "Second", "First"]


def test_no_more_messages_wait_than_there_is_room_for() -> None:
    outbox = Outbox(RulerDatabase(None), lambda: 0, 2)
    messages = [Message("a", "rules;g", name, "", ()) for name in ("First", "Second", "Third")]
    assert outbox.put("other", messages[:1]) == 0
    assert outbox.put("hook", messages) == 1
    first = outbox.first("hook")
    assert first is not None
    assert (first.message.rule, outbox.count("hook"), outbox.count("other")) == ("Second", 2, 1)
    second = outbox.first("hook", {first.message.about})
    assert second is not None
    assert second.message.rule == "Third"


class Mailbox:
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        assert envelope.rcpt_tos == ["ops@example.org", "dev@example.org"]
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def mail_server(box: Mailbox, **settings: Any) -> Iterator[str]:
    """The address of an SMTP server that runs meanwhile."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        server = runner.run(loop.create_server(lambda: SMTP(box, loop=loop, **settings), "127.0.0.1", 0))
        host, port = server.sockets[0].getsockname()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        try:
            yield f"{host}:{port}"
        finally:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            server.close()


class Moody(Mailbox):
    """Puts the first recipients off, as greylisting does, and refuses the first mail for what is in it."""

    def __init__(self) -> None:
        super().__init__()
        self.put_off = 2
        self.refused = 0

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self.put_off:
            self.put_off -= 1
            return "450 come again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if not self.refused:
            self.refused += 1
            return "554 this looks like spam"
        return await super().handle_DATA(server, session, envelope)


def test_mail_that_is_put_off_comes_again_and_what_is_refused_holds_up_nothing(tmp_path: Path) -> None:
    rules = group(*({"alert": name, "expr": "vector(1)"} for name in ("First", "Second", "Thi\u2028rd")))
    box = Moody()
    with mail_server(box) as address:
        settings = {"mail_to": "ops@example.org,dev@example.org", "smtp_server": address, "smtp_security": "none"}
        with ruled_server(tmp_path, rules, **settings):
            eventually(lambda: len(box.mails) == 2)
    assert (box.put_off, box.refused) == (0, 1)
    assert [mail["subject"] for mail in box.mails] == ["[FIRING:1] Thi rd", "[FIRING:1] First"]


def is_known(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object) -> AuthResult:
    known = (getattr(data, "login", None), getattr(data, "password", None)) == (b"sigyn", b"hush")
    return AuthResult(success=known)


def test_mail_over_starttls_with_a_password(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    box = Mailbox()
    with mail_server(box, tls_context=context, authenticator=is_known, auth_required=True) as address:
        settings = {
            "mail_to": "ops@example.org,dev@example.org",
            "mail_from": "sigyn@example.org",
            "smtp_server": address,
            "smtp_username": "sigyn",
            "smtp_password": "hush",
        }
        with ruled_server(tmp_path, RULES, **settings) as server:
            server.push({"app": "shop"}, f"declined trace_id={TRACE}")
            fires, ends = eventually(lambda: box.mails if len(box.mails) == 2 else [])
    assert (fires["subject"], ends["subject"]) == ("[FIRING:1] CardDeclined", "[RESOLVED:1] CardDeclined")
    assert fires["from"] == "sigyn@example.org"
    text = fires.get_content()
    assert "summary: shop: 1 declined" in text
    assert f"traces: {TRACE}" in text
    assert text.rstrip().endswith(f"declined trace_id={TRACE}")


def test_mail_in_the_clear(tmp_path: Path) -> None:
    box = Mailbox()
    with mail_server(box) as address:
        settings = {"mail_to": "ops@example.org,dev@example.org", "smtp_server": address, "smtp_security": "none"}
        with ruled_server(tmp_path, group({"alert": "Always", "expr": "vector(1)"}), **settings):
            (mail,) = eventually(lambda: box.mails)
    assert mail["subject"] == "[FIRING:1] Always"
