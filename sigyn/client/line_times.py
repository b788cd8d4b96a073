"""The time that a line of a log file says it is from.

Lines name their time in many forms; a file usually keeps to one, so the form that fitted the line
before is tried first.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sigyn.client.times import iso_nanoseconds, nanoseconds
from sigyn.model.time import DAY, MILLISECOND, SECOND

_MONTHS = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), start=1
    )
}
_CLOCK = r"(?P<clock>\d{2}:\d{2}:\d{2})(?:[.,:](?P<fraction>\d{1,9}))?"
_ISO = r"(?P<date>\d{4}-\d{2}-\d{2})[T ]" + _CLOCK + r"\d*\s?(?P<zone>Z|[+-]\d{2}:?\d{2})?"
_HEAD = 256  # characters of a line in which its time is looked for

Reader = Callable[["re.Match[str]", int], "int | None"]


@dataclass(frozen=True, slots=True)
class Form:
    """A form of timestamp: where it stands, and how it is read, given the latest moment that it can be."""

    name: str
    pattern: re.Pattern[str]
    read: Reader


class LineTimes:
    """Finds times in the lines of one file. Times without a zone are UTC.

    latest   the moment by which the file was written, in ns: a time that names no year is put into
             the last year that is not after it
    """

    def __init__(self, latest: int) -> None:
        self._latest = latest + DAY  # a file may be from a place where it is tomorrow
        self._forms = list(FORMS)

    def find(self, line: str) -> int | None:
        """The time of a line in ns; None when it names none."""
        head = line[:_HEAD]
        for place, form in enumerate(self._forms):
            match = form.pattern.search(head)
            if match is None:
                continue
            found = form.read(match, self._latest)
            if found is not None:
                if place:
                    self._forms.insert(0, self._forms.pop(place))
                return found
        return None


def _iso(match: "re.Match[str]", _latest: int) -> int | None:
    return iso_nanoseconds(match)


def _dated(match: "re.Match[str]", latest: int) -> int | None:
    """Groups: year (of 4 or 2 digits, or missing), month (number or name), day, clock, fraction, zone."""
    groups = match.groupdict()
    month = _MONTHS.get(groups["month"].lower()) or int(groups["month"])
    zone = groups.get("zone")
    clock = groups["clock"] if ":" in groups["clock"] else ":".join(re.findall("..", groups["clock"]))
    text = f"{month:02d}-{int(groups['day']):02d}T{clock}{zone or '+00:00'}"
    years = _years(groups.get("year"), latest)
    for year in years:
        try:
            moment = nanoseconds(datetime.fromisoformat(f"{year}-{text}"))
        except ValueError:
            continue
        moment += int((groups.get("fraction") or "").ljust(9, "0"))
        if len(years) == 1 or moment <= latest:
            return moment
    return None


def _years(text: str | None, latest: int) -> list[int]:
    """The years to try, the latest first; four leap years lie in any nine."""
    if text:
        return [int(text) if len(text) == 4 else 2000 + int(text)]
    this = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=latest // SECOND)).year
    return [this - back for back in range(9)]


def _epoch(match: "re.Match[str]", _latest: int) -> int:
    return _number(match["number"])


def _field(match: "re.Match[str]", latest: int) -> int | None:
    """The value of a field called time, ts or timestamp, in JSON or logfmt."""
    text = match["text"]
    if re.fullmatch(r"\d{9,19}(\.\d+)?", text):
        return _number(text)
    for form in FORMS[:_ABSOLUTE]:
        inside = form.pattern.match(text)
        if inside is not None:
            return form.read(inside, latest)
    return None


def _number(text: str) -> int:
    """Seconds, ms, us or ns since 1970, told apart by their number of digits."""
    whole, _, fraction = text.partition(".")
    if len(whole) > 16:
        return int(whole)
    if len(whole) > 14:
        return int(whole) * 1000
    if len(whole) > 11:
        return int(whole) * MILLISECOND
    return int(whole) * SECOND + int(fraction[:9].ljust(9, "0"))


def _form(name: str, pattern: str, read: Reader) -> Form:
    return Form(name, re.compile(pattern), read)


FORMS = (
    _form("RFC 3339", r"^[\[<(]?" + _ISO, _iso),
    _form("year/month/day", r"^\[?(?P<year>\d{4})[/.](?P<month>\d{2})[/.](?P<day>\d{2})[ T-]" + _CLOCK, _dated),
    _form(
        "syslog",
        r"^(?:<\d{1,3}>)?(?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) " + _CLOCK,
        _dated,
    ),
    _form("JSON field", r'^\s*\{.*?"(?:@timestamp|timestamp|ts|time)"\s*:\s*"?(?P<text>[^",}]+)', _field),
    _form("logfmt field", r'(?:^|\s)(?:timestamp|ts|time)="?(?P<text>[^"\s]+(?: [^"\s=]+)?)', _field),
    _form(
        "common log",
        r"\[(?P<day>\d{2})/(?P<month>[A-Z][a-z]{2})/(?P<year>\d{4}):" + _CLOCK + r" (?P<zone>[+-]\d{4})\]",
        _dated,
    ),
    _form(
        "ctime",
        r"^\[?[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) {1,2}(?P<day>\d{1,2}) " + _CLOCK + r" (?P<year>\d{4})",
        _dated,
    ),
    _form("year without century", r"^(?P<year>\d{2})/(?P<month>\d{2})/(?P<day>\d{2}) " + _CLOCK, _dated),
    _form("digits", r"^(?P<year>\d{2})(?P<month>\d{2})(?P<day>\d{2}) (?P<clock>\d{6}) ", _dated),
    _form("compact", r"^(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})[-T ]" + _CLOCK, _dated),
    _form("month-day", r"^\[?(?P<month>\d{2})[-.](?P<day>\d{2}) " + _CLOCK, _dated),
    _form("glog", r"^[IWEFD](?P<month>\d{2})(?P<day>\d{2}) " + _CLOCK, _dated),
    _form("seconds since 1970", r"^(?:- |\[|\w+ )?(?P<number>\d{10}(?:\.\d+)?|\d{13}|\d{16}|\d{19})\b", _epoch),
    _form("RFC 5424", r"^<\d{1,3}>\d{1,2} " + _ISO, _iso),
    _form("RFC 3339 inside", r"(?<![\d.-])" + _ISO, _iso),
)
"""The forms, the surest first."""

_ABSOLUTE = 3
"""How many of the first forms may stand in a field."""
