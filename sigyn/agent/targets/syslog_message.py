"""Syslog messages: RFC 5424, and the older RFC 3164 as it is found in the wild."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sigyn.languages.templates.golayout import parse_time
from sigyn.model.errors import BadRequest
from sigyn.model.time import SECOND

SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")
FACILITIES = (
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp",
    "ntp", "security", "console", "solaris-cron",
    "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
)  # fmt: skip

_RFC5424 = re.compile(
    r"<(\d{1,3})>(\d{1,2}) (-|\S+) (-|\S{1,255}) (-|\S{1,48}) (-|\S{1,128}) (-|\S{1,32}) (-|\[)", re.DOTALL
)
_RFC3164 = re.compile(
    r"<(\d{1,3})>(?:([A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d)|(\d{4}-\d\d-\d\dT\S+)) (\S+) (.*)", re.DOTALL
)
_TAG = re.compile(r"([^\s:\[]{1,48})(?:\[([^\]\s]{1,128})\])?: ?")
_ELEMENT = re.compile(r'([^\s="\]]{1,32})((?: [^\s="\]]{1,32}="(?:[^"\\\]]|\\.)*")*)\]', re.DOTALL)
_PARAMETER = re.compile(r' ([^\s="\]]{1,32})="((?:[^"\\\]]|\\.)*)"', re.DOTALL)
_UNESCAPE = re.compile(r'\\(["\\\]])')
_BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class SyslogMessage:
    """A message; an absent part is empty. `timestamp` in ns, None when there is none."""

    severity: str
    facility: str
    timestamp: int | None
    hostname: str
    app_name: str
    proc_id: str
    msg_id: str
    message: str
    structured: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def parse_rfc5424(text: str) -> SyslogMessage:
    """A message of RFC 5424; raises BadRequest."""
    match = _RFC5424.match(text)
    if match is None:
        raise BadRequest(f"no message of RFC 5424: {text[:80]!r}")
    priority, version, time, *names, _ = match.groups()
    if version != "1":
        raise BadRequest(f"version {version} of the protocol is not known")
    structured, end = _structured_data(text, match.end() - 1)
    message = text[end:]
    severity, facility = _priority(priority)
    hostname, app_name, proc_id, msg_id = ("" if name == "-" else name for name in names)
    return SyslogMessage(
        severity,
        facility,
        None if time == "-" else _rfc3339(time),
        hostname,
        app_name,
        proc_id,
        msg_id,
        message.removeprefix(" ").removeprefix(_BOM),
        structured,
    )


def parse_rfc3164(text: str, now: int) -> SyslogMessage:
    """A message of RFC 3164; its time has no year: the one that brings it closest to `now`. Raises BadRequest."""
    match = _RFC3164.match(text)
    if match is None:
        raise BadRequest(f"no message of RFC 3164: {text[:80]!r}")
    priority, old_time, new_time, hostname, rest = match.groups()
    severity, facility = _priority(priority)
    tag = _TAG.match(rest)
    return SyslogMessage(
        severity,
        facility,
        _closest(old_time, now) if old_time else _rfc3339(new_time),
        hostname,
        tag[1] if tag else "",
        (tag[2] or "") if tag else "",
        "",
        rest[tag.end() :] if tag else rest,
    )


def _structured_data(text: str, at: int) -> tuple[dict[str, dict[str, str]], int]:
    if text[at] == "-":
        return {}, at + 1
    elements: dict[str, dict[str, str]] = {}
    while text.startswith("[", at):
        match = _ELEMENT.match(text, at + 1)
        if match is None:
            raise BadRequest(f"structured data is broken at {text[at : at + 40]!r}")
        elements[match[1]] = {name: _UNESCAPE.sub(r"\1", value) for name, value in _PARAMETER.findall(match[2])}
        at = match.end()
    return elements, at


def _priority(text: str) -> tuple[str, str]:
    number = int(text)
    if number > 191:
        raise BadRequest(f"priority {number} is over 191")
    return SEVERITIES[number & 7], FACILITIES[number >> 3]


def _rfc3339(text: str) -> int:
    try:
        return parse_time("2006-01-02T15:04:05Z07:00", text)
    except ValueError:
        raise BadRequest(f"no time of RFC 3339: {text!r}") from None


def _closest(text: str, now: int) -> int:
    year = datetime.fromtimestamp(now // SECOND, UTC).year
    times = []
    for candidate in (year - 1, year, year + 1):
        try:
            when = datetime.strptime(f"{candidate} {text}", "%Y %b %d %H:%M:%S").replace(tzinfo=UTC)
        except ValueError:
            continue  # 29 February of another year
        times.append(int(when.timestamp()) * SECOND)
    if not times:
        raise BadRequest(f"no time: {text!r}")
    return min(times, key=lambda time: abs(time - now))
