"""Messages as their receivers get them, letter by letter."""

import json
import re
from pathlib import Path

from sigyn.model.labels import Labels
from sigyn.model.time import MINUTE
from sigyn.ruler.log_lines import LogLine
from sigyn.ruler.notify.bodies import alertmanager_alerts, mail, slack_body, webhook_body
from sigyn.ruler.notify.message import Message, Notice

from .rules import START, labels

GOLDEN = Path(__file__).parent / "golden"
LINES = (
    LogLine(START + 1, 'level=error msg="card <declined>" trace_id=4bf92f3577b34da6a3ce929d0e0e4736',
            {"app": "shop"}, "4bf92f3577b34da6a3ce929d0e0e4736"),
    LogLine(START + 2, "level=error msg=```boom```", {"app": "shop"}),
)  # fmt: skip
ANNOTATIONS: Labels = (("runbook", "https://wiki/errors"), ("summary", "shop has 12.5 errors & more\n"))


def notice(*, resolved: bool = False, app: str = "shop", placed: bool = False) -> Notice:
    return Notice(
        labels(alertname="Errors", app=app, severity="page"),
        ANNOTATIONS,
        12.5,
        START,
        START + (5 * MINUTE if resolved else 4 * MINUTE),
        resolved,
        "http://grafana/explore?left=%7B%7D",
        LINES,
        placed,
    )


def message(*notices: Notice) -> Message:
    return Message("fake", "shop.yaml;shop", "Errors", "http://grafana", notices)


BOTH = message(notice(), notice(resolved=True, app="till"))


def assert_golden(name: str, text: str) -> None:
    assert text == (GOLDEN / name).read_text(encoding="utf-8")


def pretty(body: object) -> str:
    return json.dumps(body, indent=2, ensure_ascii=False) + "\n"


def test_alertmanager() -> None:
    assert_golden("alertmanager.json", pretty(alertmanager_alerts([notice(), notice(resolved=True, placed=True)])))


def test_webhook() -> None:
    assert_golden("webhook.json", pretty(webhook_body(BOTH)))


def test_slack() -> None:
    assert_golden("slack.json", pretty(slack_body(BOTH)))


def test_mail() -> None:
    written = mail(BOTH, "sigyn@example.org", ["ops@example.org", "dev@example.org"])
    assert written["Subject"] == "[FIRING:1] Errors"
    assert written["To"] == "ops@example.org, dev@example.org"
    assert_golden("mail.txt", written.get_content())


def test_slack_gets_no_more_attachments_than_it_takes() -> None:
    ended = [notice(resolved=True, app=f"ended {number}") for number in range(30)]
    body = slack_body(message(*ended, *(notice(app=f"app {number}") for number in range(200))))
    assert body["text"] == "[FIRING:200] Errors"
    assert [each["fields"][0]["value"] for each in body["attachments"][:-1]] == [
        f"app {number}" for number in range(20)
    ]
    assert body["attachments"][-1]["text"] == "and 180 more firing and 30 more resolved"
    body = slack_body(message(*ended))
    assert (len(body["attachments"]), body["attachments"][-1]["text"]) == (21, "and 10 more resolved")
    assert len(slack_body(message(*ended[:20]))["attachments"]) == 20


def test_a_mail_has_the_headers_that_mail_servers_want() -> None:
    written = mail(BOTH, "Sigyn <sigyn@example.org>", ["ops@example.org"])
    assert written["Date"] == "Thu, 01 Jan 2026 00:05:00 +0000"  # when the newest of it happened
    assert re.fullmatch(r"<[0-9a-f]{32}@example\.org>", written["Message-ID"])


def test_a_mail_that_comes_twice_has_the_same_id_and_others_have_others() -> None:
    twice, other = message(notice()), message(notice(app="till"))
    ids = [mail(each, "sigyn@example.org", ["ops@example.org"])["Message-ID"] for each in (twice, twice, other)]
    assert ids[0] == ids[1] != ids[2]


def test_a_mail_describes_the_first_of_many_alerts() -> None:
    many = message(*(notice(app=f"app {number}") for number in range(3000)))
    written = mail(many, "sigyn@example.org", ["ops@example.org"])
    text = written.get_content()
    assert written["Subject"] == "[FIRING:3000] Errors"
    assert text.count("[FIRING] Errors\n") == 100
    assert text.endswith("\n\nand 2900 more firing\n")


def test_the_subject_says_what_is_left() -> None:
    assert message(notice(), notice(app="till")).subject == "[FIRING:2] Errors"
    assert message(notice(resolved=True)).subject == "[RESOLVED:1] Errors"


def test_a_mail_has_no_headers_from_labels() -> None:
    hostile = Message("fake", "g", "Errors\r\nBcc: all@example.org", "", (notice(),))
    assert mail(hostile, "a@b", ["c@d"])["Bcc"] is None


def test_a_fingerprint_is_of_the_labels() -> None:
    assert notice().fingerprint == notice(resolved=True).fingerprint != notice(app="till").fingerprint
    assert len(notice().fingerprint) == 16
