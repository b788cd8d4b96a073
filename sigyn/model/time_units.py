"""Times in seconds, milliseconds or microseconds where nanoseconds belong: read as nanoseconds, they lie in 1970."""

from dataclasses import dataclass

from sigyn.model.rfc3339 import format_rfc3339
from sigyn.model.time import MICROSECOND, MILLISECOND, SECOND

_YEAR_2000, _YEAR_2100 = 946_684_800, 4_102_444_800  # seconds since 1970


@dataclass(frozen=True, slots=True)
class TimeUnit:
    """A unit of `nanoseconds`, and the numbers of it that are times from 2000 to 2099: first <= number < end."""

    name: str
    nanoseconds: int

    @property
    def first(self) -> int:
        return _YEAR_2000 * SECOND // self.nanoseconds

    @property
    def end(self) -> int:
        return _YEAR_2100 * SECOND // self.nanoseconds


NANOSECONDS = TimeUnit("nanoseconds", 1)
MISTAKEN_UNITS = (
    TimeUnit("seconds", SECOND),
    TimeUnit("milliseconds", MILLISECOND),
    TimeUnit("microseconds", MICROSECOND),
)


def mistaken_unit(time: int) -> TimeUnit | None:
    """The unit that `time` was probably written in, where ns were asked for; None when it is as likely in ns."""
    return next((unit for unit in MISTAKEN_UNITS if unit.first <= time < unit.end), None)


def mistake(time: int, unit: TimeUnit) -> str:
    """What to tell who sent `time` in `unit`."""
    meant = format_rfc3339(time * unit.nanoseconds)
    return (
        f"timestamps are nanoseconds; {time} looks like {unit.name} ({meant}) and is stored as {format_rfc3339(time)}"
    )
