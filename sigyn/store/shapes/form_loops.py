"""Compiled loops between the text of values and the forms in which columns hold them.

Each reading loop says which texts it would write back byte for byte: only those may take the form.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from sigyn.compiled.loops import borrowing, compiled
from sigyn.store.shapes.bytes_at import byte_at, word_at
from sigyn.store.shapes.comparing import same_bytes

Bytes = npt.NDArray[np.uint8]
Integers = npt.NDArray[np.int32]
Longs = npt.NDArray[np.int64]
Scales = npt.NDArray[np.int8]
Flags = npt.NDArray[np.bool_]

MAX_DIGITS = 15  # such a number is exact as float64, and so is its quotient by a power of ten
DAY_SECONDS = 86_400
_ONES = np.uint64(0x0101010101010101)


@borrowing
def _eight_digits(word: np.uint64) -> tuple[np.uint64, bool]:
    """The bytes, the first the lowest, that eight lower-case hexadecimal digits say; whether they are such.

    All eight are worked on at once, each in its own byte: none gets larger than a byte.
    """
    letter = (word >> np.uint64(6)) & _ONES
    value = (word & (_ONES * np.uint64(15))) + letter * np.uint64(9)
    written = value + _ONES * np.uint64(48) + letter * np.uint64(39)
    # As 6 more carries into the upper half just where a digit is no decimal one, so it must where there is a letter.
    upper = (value | ((value + _ONES * np.uint64(6)) ^ (letter << np.uint64(4)))) & (_ONES * np.uint64(0xF0))
    pairs = ((value << np.uint64(4)) | (value >> np.uint64(8))) & np.uint64(0x00FF00FF00FF00FF)
    pairs = (pairs | (pairs >> np.uint64(8))) & np.uint64(0x0000FFFF0000FFFF)
    return (pairs | (pairs >> np.uint64(16))) & np.uint64(0xFFFFFFFF), written == word and upper == 0


@compiled
def read_hex(data: Bytes, offsets: Integers, width: int, out: Bytes, fits: Flags) -> None:
    """Lower-case hexadecimal digits as bytes: out[i * width // 2 ...]; only texts of `width` digits fit."""
    for i in range(len(fits)):
        begin, end = offsets[i], offsets[i + 1]
        fits[i] = end - begin == width
        if not fits[i]:
            continue
        at = begin
        target = i * width // 2
        while at + 8 <= end:
            four, proper = _eight_digits(word_at(data, at))
            fits[i] &= proper
            for k in range(4):
                out[np.uint64(target + k)] = np.uint8(four >> np.uint64(8 * k))
            at += 8
            target += 4
        while at < end:
            value = 0
            for k in range(2):
                byte = byte_at(data, at + k)
                if 48 <= byte <= 57:
                    value = value * 16 + byte - 48
                elif 97 <= byte <= 102:
                    value = value * 16 + byte - 87
                else:
                    fits[i] = False
            out[np.uint64(target)] = value
            at += 2
            target += 1


@compiled
def write_hex(data: Bytes, out: Bytes) -> None:
    """Two lower-case digits for each byte."""
    for i in range(len(data)):
        high, low = data[i] >> 4, data[i] & 15
        out[2 * i] = high + 48 if high < 10 else high + 87
        out[2 * i + 1] = low + 48 if low < 10 else low + 87


@compiled
def read_decimals(data: Bytes, offsets: Integers, mantissas: Longs, scales: Scales, fits: Flags) -> None:
    """Numbers as mantissa and digits behind the point: `-12.50` is -1250 and 2.

    What fits: an optional minus, digits without a needless zero in front, and up to nine digits behind a point.
    """
    for i in range(len(fits)):
        at, end = offsets[i], offsets[i + 1]
        fits[i] = False
        negative = at < end and data[at] == 45
        if negative:
            at += 1
        if at >= end or end - at > MAX_DIGITS + 1:
            continue
        if data[at] == 48 and at + 1 < end and data[at + 1] != 46:
            continue
        value = 0
        digits = 0
        point = -1
        proper = True
        for k in range(at, end):
            byte = data[k]
            if 48 <= byte <= 57:
                value = value * 10 + byte - 48
                digits += 1
            elif byte == 46 and point < 0 and k > at and k + 1 < end:
                point = k
            else:
                proper = False
                break
        if not proper or digits > MAX_DIGITS or (negative and value == 0):
            continue
        scale = end - 1 - point if point >= 0 else 0
        if scale > 9:
            continue
        mantissas[i] = -value if negative else value
        scales[i] = scale
        fits[i] = True


@borrowing
def decimal_length(value: int, scale: int) -> int:
    """Bytes of a number without a minus, of which `scale` digits stand behind a point."""
    digits = 1
    while value >= 10:
        value //= 10
        digits += 1
    return max(digits, scale + 1) + 1 if scale else digits


@compiled
def decimal_lengths(mantissas: Longs, scales: Scales, valid: Flags, out: Integers) -> None:
    """Bytes of the text of each number; 0 where there is none."""
    for i in range(len(out)):
        out[i] = 0
        if valid[i]:
            out[i] = (1 if mantissas[i] < 0 else 0) + decimal_length(abs(mantissas[i]), scales[i])


@borrowing
def write_decimal(value: int, scale: int, out: Bytes, begin: int, end: int) -> None:
    """The text of a number without a minus to out[begin:end], which is as long as it."""
    at = end - 1
    written = 0
    while at >= begin:
        if scale and written == scale:
            out[np.uint64(at)] = 46
            at -= 1
        out[np.uint64(at)] = 48 + value % 10
        value //= 10
        written += 1
        at -= 1


@compiled
def write_decimals(mantissas: Longs, scales: Scales, valid: Flags, offsets: Integers, out: Bytes) -> None:
    """The text of each number at its offset."""
    for i in range(len(valid)):
        if not valid[i]:
            continue
        begin = offsets[i]
        if mantissas[i] < 0:
            out[begin] = 45
            begin += 1
        write_decimal(abs(mantissas[i]), scales[i], out, begin, offsets[i + 1])


@compiled
def read_numbered(data: Bytes, offsets: Integers, prefix: Bytes, numbers: Longs, fits: Flags) -> None:
    """The numbers behind a prefix; what fits has digits behind it and no needless zero in front."""
    width = len(prefix)
    for i in range(len(fits)):
        at, end = offsets[i] + width, offsets[i + 1]
        fits[i] = False
        if at >= end or end - at > MAX_DIGITS or (data[at] == 48 and at + 1 < end):
            continue
        proper = True
        for k in range(width):
            if data[offsets[i] + k] != prefix[k]:
                proper = False
                break
        value = 0
        for k in range(at, end):
            if not (proper and 48 <= data[k] <= 57):
                proper = False
                break
            value = value * 10 + data[k] - 48
        fits[i] = proper
        numbers[i] = value


@compiled
def write_numbered(numbers: Longs, prefix: Bytes, valid: Flags, offsets: Integers, out: Bytes) -> None:
    """The prefix and each number at its offset."""
    width = len(prefix)
    for i in range(len(valid)):
        if not valid[i]:
            continue
        begin = offsets[i]
        for k in range(width):
            out[begin + k] = prefix[k]
        value = numbers[i]
        for at in range(offsets[i + 1] - 1, begin + width - 1, -1):
            out[at] = 48 + value % 10
            value //= 10


@borrowing
def _two(data: Bytes, at: int) -> int:
    """The number of two digits; -1 when they are none."""
    tens, ones = byte_at(data, at), byte_at(data, at + 1)
    if 48 <= tens <= 57 and 48 <= ones <= 57:
        return int((tens - 48) * 10 + ones - 48)
    return -1


@compiled
def _days(year: int, month: int, day: int) -> int:
    """Days since 1970 of a date of the Gregorian calendar (after Howard Hinnant's civil calendar algorithms)."""
    year -= month <= 2
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


@compiled
def _date(days: int) -> tuple[int, int, int]:
    """The date of a day since 1970: the inverse of `_days`."""
    days += 719468
    era = days // 146097
    of_era = days - era * 146097
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153
    day = of_year - (153 * shifted + 2) // 5 + 1
    month = shifted + 3 if shifted < 10 else shifted - 9
    return year_of_era + era * 400 + (month <= 2), month, day


@compiled
def read_times(
    data: Bytes, offsets: Integers, separator: int, digits: int, suffix: Bytes, out: Longs, fits: Flags
) -> None:
    """Times such as 2026-11-25T21:35:57.021Z as ns since 1970: `digits` of a second's fraction, then `suffix`."""
    width = 19 + (digits + 1 if digits else 0) + len(suffix)
    unit = 10 ** (9 - digits)
    date, days = 0, 0  # neighbours are mostly of one day
    for i in range(len(fits)):
        at: Any = np.int64(offsets[i])
        fits[i] = False
        if offsets[i + 1] - at != width:
            continue
        if byte_at(data, at + 4) != 45 or byte_at(data, at + 7) != 45 or byte_at(data, at + 10) != separator:
            continue
        if byte_at(data, at + 13) != 58 or byte_at(data, at + 16) != 58:
            continue
        century, year = _two(data, at), _two(data, at + 2)
        month, day = _two(data, at + 5), _two(data, at + 8)
        hour, minute, second = _two(data, at + 11), _two(data, at + 14), _two(data, at + 17)
        if century < 17 or century > 21 or year < 0 or not 1 <= month <= 12 or not 1 <= day <= 31:
            continue
        if not 0 <= hour <= 23 or not 0 <= minute <= 59 or not 0 <= second <= 59:
            continue
        own_date = (century * 100 + year) * 10_000 + month * 100 + day
        if own_date != date:
            own_days = _days(century * 100 + year, month, day)
            if _date(own_days) != (century * 100 + year, month, day):
                continue
            date, days = own_date, own_days
        fraction = 0
        proper = True
        if digits:
            proper = byte_at(data, at + 19) == 46
            for k in range(digits):
                byte = byte_at(data, at + 20 + k)
                proper = proper and 48 <= byte <= 57
                fraction = fraction * 10 + byte - 48
        if not proper or not same_bytes(data, at + width - len(suffix), suffix, 0, len(suffix)):
            continue
        out[i] = (days * DAY_SECONDS + hour * 3600 + minute * 60 + second) * 1_000_000_000 + fraction * unit
        fits[i] = True


@borrowing
def _write_two(out: Bytes, at: np.uint64, number: int) -> None:
    """Two digits."""
    out[at] = 48 + number // 10
    out[at + np.uint64(1)] = 48 + number % 10


@compiled
def write_times(
    times: Longs, separator: int, digits: int, suffix: Bytes, valid: Flags, offsets: Integers, out: Bytes
) -> None:
    """The text of each time at its offset."""
    unit = 10 ** (9 - digits)
    days, year, month, day = 0, 1970, 1, 1  # neighbours are mostly of one day
    for i in range(len(valid)):
        if not valid[i]:
            continue
        at = np.uint64(offsets[i])
        seconds = times[i] // 1_000_000_000
        fraction = (times[i] - seconds * 1_000_000_000) // unit
        if seconds // DAY_SECONDS != days:
            days = seconds // DAY_SECONDS
            year, month, day = _date(days)
        second = seconds - days * DAY_SECONDS
        _write_two(out, at, year // 100)
        _write_two(out, at + np.uint64(2), year % 100)
        _write_two(out, at + np.uint64(5), month)
        _write_two(out, at + np.uint64(8), day)
        _write_two(out, at + np.uint64(11), second // 3600)
        _write_two(out, at + np.uint64(14), second // 60 % 60)
        _write_two(out, at + np.uint64(17), second % 60)
        out[at + np.uint64(4)] = out[at + np.uint64(7)] = 45
        out[at + np.uint64(10)] = separator
        out[at + np.uint64(13)] = out[at + np.uint64(16)] = 58
        at += np.uint64(19)
        if digits:
            out[at] = 46
            for k in range(digits, 0, -1):
                out[at + np.uint64(k)] = 48 + fraction % 10
                fraction //= 10
            at += np.uint64(digits + 1)
        for k in range(len(suffix)):
            out[at + np.uint64(k)] = suffix[k]
