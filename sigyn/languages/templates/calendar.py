"""The proleptic Gregorian calendar, for any year."""

from dataclasses import dataclass

MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365)
_DAYS_OF_400_YEARS = 146_097
_EPOCH_FROM_MARCH_OF_YEAR_0 = 719_468
_SECONDS_OF_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Civil:
    """A time as clocks and calendars show it. `weekday` 0 is Sunday, `year_day` 1 the first of January."""

    year: int
    month: int
    day: int
    hour: int
    minute: int
    second: int
    nanosecond: int
    weekday: int
    year_day: int


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def days_of_month(month: int, year: int) -> int:
    if month == 2 and is_leap(year):
        return 29
    return _DAYS_BEFORE[month] - _DAYS_BEFORE[month - 1]


def month_and_day(year_day: int) -> tuple[int, int]:
    """Month and day of a day (1 to 365) in a year that is no leap year."""
    month = next(index for index in range(1, 13) if year_day <= _DAYS_BEFORE[index])
    return month, year_day - _DAYS_BEFORE[month - 1]


def days_since_epoch(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 to this date."""
    # Years that begin in March have the leap day at their end.
    shifted_year = year - (month <= 2)
    era, year_of_era = divmod(shifted_year, 400)
    day_of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    day_of_era = year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year
    return era * _DAYS_OF_400_YEARS + day_of_era - _EPOCH_FROM_MARCH_OF_YEAR_0


def date_of(days: int) -> tuple[int, int, int]:
    """Year, month and day of a number of days since 1970-01-01."""
    era, day_of_era = divmod(days + _EPOCH_FROM_MARCH_OF_YEAR_0, _DAYS_OF_400_YEARS)
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted_month = (5 * day_of_year + 2) // 153
    month = shifted_month + 3 if shifted_month < 10 else shifted_month - 9
    return year_of_era + era * 400 + (month <= 2), month, day_of_year - (153 * shifted_month + 2) // 5 + 1


def civil_time(ns: int, offset: int) -> Civil:
    """The time `ns` nanoseconds after the epoch, where clocks are `offset` seconds ahead of UTC."""
    seconds, nanosecond = divmod(ns, 1_000_000_000)
    days, second_of_day = divmod(seconds + offset, _SECONDS_OF_DAY)
    year, month, day = date_of(days)
    return Civil(
        year,
        month,
        day,
        second_of_day // 3600,
        second_of_day // 60 % 60,
        second_of_day % 60,
        nanosecond,
        (days + 4) % 7,
        days - days_since_epoch(year, 1, 1) + 1,
    )


def unix_seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Seconds from the epoch to this time in UTC; hours and the like may lie outside of their ranges."""
    return days_since_epoch(year, month, day) * _SECONDS_OF_DAY + hour * 3600 + minute * 60 + second
