"""Go's fmt: how values print (Sprint, Sprintln) and how one value prints under a verb and flags."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sigyn.languages.quoting import quote
from sigyn.languages.templates.numbers import format_float
from sigyn.languages.templates.runes import quote_ascii, quote_rune
from sigyn.languages.templates.values import NO_VALUE, Native, Uint8, to_utf8, type_name


@dataclass(slots=True)
class Flags:
    """What stands between `%` and the verb. `sharp_v` and `plus_v` are `#` and `+` of %v, which mean something else."""

    plus: bool = False
    minus: bool = False
    sharp: bool = False
    space: bool = False
    zero: bool = False
    sharp_v: bool = False
    plus_v: bool = False
    width: int | None = None
    precision: int | None = None


_PLAIN = Flags()
_STRING_VERBS = "vsxXq"


def _pad(text: str, flags: Flags, zeros: bool = True) -> str:
    if flags.width is None:
        return text
    if flags.minus:
        return text.ljust(flags.width)
    return text.rjust(flags.width, "0" if flags.zero and zeros else " ")


def _format_integer(value: int, radix: int, verb: str, flags: Flags) -> str:
    sign = "-" if value < 0 else "+" if flags.plus else " " if flags.space else ""
    if flags.precision is not None:
        if not flags.precision and not value:
            return " " * (flags.width or 0)
        digits_wanted = flags.precision
    elif flags.zero and not flags.minus and flags.width is not None:
        digits_wanted = flags.width - len(sign)
    else:
        digits_wanted = 0
    digits = format(abs(value), {2: "b", 8: "o", 10: "d", 16: "x"}[radix]).rjust(digits_wanted, "0")
    if flags.sharp:
        digits = {2: "0b", 16: "0x"}.get(radix, "") + digits
        if radix == 8 and not digits.startswith("0"):
            digits = "0" + digits
    if verb == "O":
        digits = "0o" + digits
    return _pad(sign + (digits.upper() if verb == "X" else digits), flags, zeros=False)


def _format_unicode(value: int, flags: Flags) -> str:
    digits = f"{value % (1 << 64):04X}".rjust(flags.precision or 0, "0")
    rune = f" '{chr(value)}'" if flags.sharp and 0 <= value < 0x110000 and chr(value).isprintable() else ""
    return _pad(f"U+{digits}{rune}", flags, zeros=False)


def _format_int(value: int, verb: str, flags: Flags) -> str | None:
    match verb:
        case "v" if flags.sharp_v and isinstance(value, Uint8):
            return f"0x{int(value):x}"
        case "v" | "d":
            return _format_integer(value, 10, verb, flags)
        case "b":
            return _format_integer(value, 2, verb, flags)
        case "o" | "O":
            return _format_integer(value, 8, verb, flags)
        case "x" | "X":
            return _format_integer(value, 16, verb, flags)
        case "c":
            valid = 0 <= value < 0x110000 and not 0xD800 <= value < 0xE000
            return _pad(chr(value) if valid else "\ufffd", flags)
        case "q" if 0 <= value < 0x110000:
            return _pad(quote_rune(value, flags.plus), flags)
        case "U":
            return _format_unicode(value, flags)
    return None


def _sharp_float(text: str, verb: str, precision: int) -> str:
    """Keep the decimal point, and for %g the zeros up to the precision."""
    if verb == "b":
        return text
    mantissa, letter, exponent = text.partition({"E": "E", "G": "E", "x": "p", "X": "P"}.get(verb, "e"))
    digits = len(mantissa.lstrip("-").replace(".", "").lstrip("0"))
    wanted = (6 if precision < 0 else precision) if verb in "gG" else 0
    if "." not in mantissa:
        mantissa += "."
    return mantissa + "0" * (wanted - max(digits, 1)) + letter + exponent


def _format_float(value: float, verb: str, default_precision: int, flags: Flags) -> str:
    precision = default_precision if flags.precision is None else flags.precision
    number = format_float(value, "f" if verb == "F" else verb, precision)
    if math.isfinite(value):
        if flags.sharp:
            number = _sharp_float(number, verb, precision)
        sign = "-" if number.startswith("-") else "+" if flags.plus else " " if flags.space else ""
        number = number.removeprefix("-")
        if flags.zero and not flags.minus and flags.width is not None:
            return sign + number.rjust(flags.width - len(sign), "0")
        return _pad(sign + number, flags)
    if flags.plus and number == "NaN":
        number = "+NaN"
    elif flags.space and not flags.plus:
        number = " " + number.removeprefix("+") if not number.startswith("-") else number
    return _pad(number, flags, zeros=False)


def _format_real(value: float, verb: str, flags: Flags) -> str | None:
    if verb == "v":
        return _format_float(value, "g", -1, flags)
    if verb in "gGxXb":
        return _format_float(value, verb, -1, flags)
    if verb in "eEfF":
        return _format_float(value, verb, 6, flags)
    return None


def _format_complex(value: complex, verb: str, flags: Flags) -> str | None:
    if verb not in "veEfFgGxXb":
        return None
    signed = Flags(True, flags.minus, flags.sharp, False, flags.zero, width=flags.width, precision=flags.precision)
    return f"({_format_real(value.real, verb, flags)}{_format_real(value.imag, verb, signed)}i)"


def _format_hex(text: str, verb: str, flags: Flags) -> str:
    data = to_utf8(text)
    if flags.precision is not None:
        data = data[: flags.precision]
    prefix = "0x" if flags.sharp and data else ""
    digits = (" " + prefix).join(f"{byte:02x}" for byte in data) if flags.space else data.hex()
    digits = prefix + digits
    return _pad(digits.upper() if verb == "X" else digits, flags)


def format_text(text: str, verb: str, flags: Flags) -> str | None:
    """A string under %s, %q, %v, %x or %X; None for any other verb."""
    if verb in "xX":
        return _format_hex(text, verb, flags)
    if verb not in "vsq":
        return None
    if flags.precision is not None:
        text = text[: flags.precision]
    if verb == "q" or (verb == "v" and flags.sharp_v):
        backquotable = all((rune.isprintable() or rune == "\t") and rune not in "`\ufeff" for rune in text)
        text = f"`{text}`" if flags.sharp and backquotable else (quote_ascii if flags.plus else quote)(text)
    return _pad(text, flags)


def _format_map(value: Mapping[object, object], verb: str, flags: Flags) -> str:
    # Go sorts the keys, which are strings here, by their bytes: the order of the code points.
    items = sorted(value.items(), key=lambda item: str(item[0]))
    pairs = [f"{_format_inner(key, verb, flags)}:{_format_inner(each, verb, flags)}" for key, each in items]
    if flags.sharp_v:
        return f"{type_name(value)}{{{', '.join(pairs)}}}"
    return f"map[{' '.join(pairs)}]"


def _format_list(value: Sequence[object], verb: str, flags: Flags) -> str:
    elements = [_format_inner(each, verb, flags) for each in value]
    if flags.sharp_v:
        return f"{type_name(value)}{{{', '.join(elements)}}}"
    return f"[{' '.join(elements)}]"


def _format_inner(value: object, verb: str, flags: Flags) -> str:
    if value is None:
        return "interface {}(nil)" if flags.sharp_v else "<nil>"
    return go_string(value) if flags is _PLAIN else format_value(value, verb, flags)


def format_value(value: object, verb: str, flags: Flags) -> str:
    """`value` as Sprintf prints it; a verb that does not suit it gives `%!d(string=hi)`."""
    if value is None or value is NO_VALUE:
        return _pad("<nil>", flags) if verb in "vT" else f"%!{verb}(<nil>)"
    if verb == "T":
        return _pad(type_name(value), flags)
    text: str | None = None
    if isinstance(value, Native) and verb in _STRING_VERBS and not flags.sharp_v:
        text = format_text(value.go_string(), verb, flags)
    elif isinstance(value, str):
        text = format_text(value, verb, flags)
    elif isinstance(value, bool):
        text = _pad("true" if value else "false", flags) if verb in "tv" else None
    elif isinstance(value, int):
        text = _format_int(value, verb, flags)
    elif isinstance(value, float):
        text = _format_real(value, verb, flags)
    elif isinstance(value, complex):
        text = _format_complex(value, verb, flags)
    elif isinstance(value, Mapping):
        return _format_map(value, verb, flags)
    elif isinstance(value, list | tuple):
        return _format_list(value, verb, flags)
    elif isinstance(value, Native):
        text = format_text(value.go_string(), "s", flags)
    if text is not None:
        return text
    return f"%!{verb}({type_name(value)}={format_value(value, 'v', flags)})"


def go_string(value: object) -> str:
    """What fmt.Sprint gives for one value, and a template prints for it."""
    if type(value) is str:
        return value
    if type(value) is int:
        return str(value)
    if value is True:
        return "true"
    if value is False:
        return "false"
    if type(value) is float:
        return format_float(value)
    return format_value(value, "v", _PLAIN)


def sprint(values: Sequence[object]) -> str:
    """fmt.Sprint: a space between two operands when neither is a string."""
    out: list[str] = []
    for index, value in enumerate(values):
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            out.append(" ")
        out.append(go_string(value))
    return "".join(out)


def sprintln(values: Sequence[object]) -> str:
    """fmt.Sprintln: a space between all operands, and a newline at the end."""
    return " ".join(map(go_string, values)) + "\n"
