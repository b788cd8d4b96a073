"""Messages in the forms of their receivers."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from hashlib import blake2b
from typing import Any

from sigyn.languages.go_numbers import format_short
from sigyn.model.labels import Labels
from sigyn.model.time import SECOND
from sigyn.ruler.notify.message import Message, Notice, annotations_with_lines, written_time

_NEVER = "0001-01-01T00:00:00Z"
"""Go's zero time, which Alertmanager's webhooks send for the end of what has none."""

_SLACK_LINE = 300
"""Characters of a log line in Slack: a message holds 3000 of them in a section."""

_SLACK_ALERTS = 20
"""Attachments of a message that Slack advises at most; it refuses more than 100, and with them the message."""

_MAIL_ALERTS = 100
"""Alerts that a mail describes: mail servers refuse mails of some megabytes, and nobody reads on for so long."""

_COLOURS = {"firing": "#d63232", "resolved": "#2e9e5b"}


def alertmanager_alerts(notices: Sequence[Notice]) -> list[dict[str, Any]]:
    """The body of a POST to Alertmanager's `/api/v2/alerts`."""
    return [
        {
            "labels": dict(notice.labels),
            "annotations": annotations_with_lines(notice),
            "startsAt": written_time(notice.starts_at),
            "endsAt": written_time(notice.ends_at),
            **({"generatorURL": notice.link} if notice.link else {}),
        }
        for notice in notices
    ]


def webhook_body(message: Message) -> dict[str, Any]:
    """The body of Alertmanager's own webhooks (version 4), with `logs`, `traceIds` and `value` for each alert."""
    return {
        "version": "4",
        "groupKey": message.about,
        "truncatedAlerts": 0,
        "status": message.status,
        "receiver": "webhook",
        "groupLabels": {"alertname": message.rule},
        "commonLabels": _common([notice.labels for notice in message.notices]),
        "commonAnnotations": _common([notice.annotations for notice in message.notices]),
        "externalURL": message.external_url,
        "alerts": [_webhook_alert(notice) for notice in message.notices],
    }


def _webhook_alert(notice: Notice) -> dict[str, Any]:
    return {
        "status": "resolved" if notice.resolved else "firing",
        "labels": dict(notice.labels),
        "annotations": dict(notice.annotations),
        "startsAt": written_time(notice.starts_at),
        "endsAt": written_time(notice.ends_at) if notice.resolved else _NEVER,
        "generatorURL": notice.link,
        "fingerprint": notice.fingerprint,
        "value": format_short(notice.value),
        "logs": [
            {"timestamp": written_time(line.timestamp), "line": line.line, "labels": dict(line.labels)}
            for line in notice.lines
        ],
        "traceIds": list(notice.trace_ids),
    }


def slack_body(message: Message) -> dict[str, Any]:
    """The body for an incoming webhook of Slack: an attachment for each alert, of many for the first."""
    described, left = _first(message.notices, _SLACK_ALERTS)
    attachments = [_slack_attachment(notice) for notice in described]
    if left:
        attachments.append({"fallback": left, "text": left})
    return {"text": message.subject, "attachments": attachments}


def _slack_attachment(notice: Notice) -> dict[str, Any]:
    status = "resolved" if notice.resolved else "firing"
    labels = dict(notice.labels)
    title = labels.pop("alertname", "")
    text = "\n".join(_escaped(f"*{name}*: {value.strip()}") for name, value in notice.annotations)
    if notice.lines and not (notice.resolved or notice.placed):
        shown = "\n".join(_escaped(line.line[:_SLACK_LINE].replace("```", "'''")) for line in notice.lines)
        text += f"\n```{shown}```"
    fields = [{"title": name, "value": _escaped(value), "short": True} for name, value in labels.items()]
    if notice.trace_ids:
        fields.append({"title": "trace ids", "value": _escaped(", ".join(notice.trace_ids)), "short": False})
    return {
        "color": _COLOURS[status],
        "fallback": f"[{status.upper()}] {title}",
        "title": f"[{status.upper()}] {title}",
        **({"title_link": notice.link} if notice.link else {}),
        "text": text.strip(),
        "fields": fields,
        "mrkdwn_in": ["text"],
        "ts": (notice.ends_at if notice.resolved else notice.starts_at) // 1_000_000_000,
    }


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def mail(message: Message, sender: str, to: Sequence[str]) -> EmailMessage:
    """A mail in plain text, which describes the first of many alerts; the same message gives the same mail."""
    written = EmailMessage()
    written["Subject"] = " ".join(message.subject.splitlines())  # whatever Python takes for a line break is refused
    written["From"] = sender
    written["To"] = ", ".join(to)
    text = "\n".join(_mail_lines(message))
    changed = max(notice.ends_at if notice.resolved else notice.starts_at for notice in message.notices)
    written["Date"] = format_datetime(datetime.fromtimestamp(changed // SECOND, UTC))
    written["Message-ID"] = _message_id(f"{message.about}\n{changed}\n{text}", sender)
    written.set_content(text)
    return written


def _message_id(text: str, sender: str) -> str:
    """Names a mail by what it says, so that mailboxes tell one that came twice."""
    domain = parseaddr(sender)[1].rpartition("@")[2] or "localhost"
    return f"<{blake2b(text.encode(), digest_size=16).hexdigest()}@{domain}>"


def _mail_lines(message: Message) -> Iterator[str]:
    described, left = _first(message.notices, _MAIL_ALERTS)
    for notice in described:
        status = "RESOLVED" if notice.resolved else "FIRING"
        yield f"[{status}] {dict(notice.labels).get('alertname', message.rule)}"
        yield f"since {written_time(notice.starts_at)}"
        if notice.resolved:
            yield f"until {written_time(notice.ends_at)}"
        yield f"value {format_short(notice.value)}"
        yield from (f"  {name} = {value}" for name, value in notice.labels)
        yield ""
        yield from (f"{name}: {value.strip()}" for name, value in notice.annotations)
        if notice.trace_ids:
            yield f"traces: {', '.join(notice.trace_ids)}"
        if notice.link:
            yield f"query: {notice.link}"
        if notice.lines and not (notice.resolved or notice.placed):
            yield "lines:"
            yield from (f"  {written_time(line.timestamp)} {line.line}" for line in notice.lines)
        yield ""
    if left:
        yield left


def _first(notices: Sequence[Notice], most: int) -> tuple[Sequence[Notice], str]:
    """What there is room for, and what to say of the rest; where not all have room, those that fire come first."""
    if len(notices) <= most:
        return notices, ""
    first = sorted(notices, key=lambda notice: notice.resolved)
    resolved = sum(notice.resolved for notice in first[most:])
    counts = {"firing": len(notices) - most - resolved, "resolved": resolved}
    return first[:most], f"and {' and '.join(f'{count} more {state}' for state, count in counts.items() if count)}"


def _common(sets: Sequence[Labels]) -> Mapping[str, str]:
    """The pairs that all of them have."""
    shared = set(sets[0]).intersection(*sets[1:]) if sets else set()
    return dict(sorted(shared))
