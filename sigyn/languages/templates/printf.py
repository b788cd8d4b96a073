"""Go's fmt.Sprintf: format texts with flags, widths, precisions and explicit argument indexes."""

from collections.abc import Sequence

from sigyn.languages.templates.formatting import Flags, format_value
from sigyn.languages.templates.limits import require_length
from sigyn.languages.templates.values import type_name

MAXIMUM_WIDTH = 1_000_000
"""Go's own bound of widths, precisions and argument indexes."""

_FLAGS = {"#": "sharp", "0": "zero", "+": "plus", "-": "minus", " ": "space"}


class _Printf:
    """One format being worked through; `argument` is the next operand to print."""

    def __init__(self, text: str, operands: Sequence[object]) -> None:
        self.text = text
        self.operands = operands
        self.position = 0
        self.argument = 0
        self.reordered = False
        self.good_index = True
        self.after_index = False
        self.out: list[str] = []
        self.length = 0

    def write(self, piece: str) -> None:
        self.length += len(piece)
        require_length(self.length)
        self.out.append(piece)

    def here(self) -> str:
        return self.text[self.position : self.position + 1]

    def number(self, end: int | None = None) -> int | None:
        """The number at this place. One that is too large swallows the rest of the format, as in Go."""
        limit = len(self.text) if end is None else end
        start = self.position
        while self.position < limit and "0" <= self.text[self.position] <= "9":
            self.position += 1
            if int(self.text[start : self.position]) > MAXIMUM_WIDTH:
                self.position = limit
                return None
        return int(self.text[start : self.position]) if self.position > start else None

    def index(self) -> None:
        """An explicit argument index such as `[2]`, if there is one."""
        self.after_index = False
        if self.here() != "[":
            return
        self.reordered = True
        opening = self.position
        closing = self.text.find("]", opening + 1)
        if closing < 0 or len(self.text) - opening < 3:
            self.good_index = False
            self.position = opening + 1
            return
        self.position = opening + 1
        value = self.number(closing)
        found = value is not None and self.position == closing
        self.position = closing + 1
        self.after_index = found
        if value is not None and found and 1 <= value <= len(self.operands):
            self.argument = value - 1
        else:
            self.good_index = False

    def integer_operand(self) -> int | None:
        """The operand that `*` takes; None if it is no integer, or too large."""
        if self.argument >= len(self.operands):
            return None
        value = self.operands[self.argument]
        self.argument += 1
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= MAXIMUM_WIDTH:
            return int(value)
        return None

    def width(self, flags: Flags) -> None:
        if self.here() == "*":
            self.position += 1
            flags.width = self.integer_operand()
            if flags.width is None:
                self.write("%!(BADWIDTH)")
            elif flags.width < 0:
                flags.width, flags.minus, flags.zero = -flags.width, True, False
            self.after_index = False
            return
        flags.width = self.number()
        if self.after_index and flags.width is not None:
            self.good_index = False

    def precision(self, flags: Flags) -> None:
        # A point at the very end is no precision, but a verb.
        if self.here() != "." or self.position + 1 == len(self.text):
            return
        self.position += 1
        if self.after_index:
            self.good_index = False
        self.index()
        if self.here() == "*":
            self.position += 1
            precision = self.integer_operand()
            flags.precision = precision if precision is not None and precision >= 0 else None
            if flags.precision is None:
                self.write("%!(BADPREC)")
            self.after_index = False
        else:
            flags.precision = self.number() or 0

    def verb(self) -> None:
        flags = Flags()
        self.good_index = True
        while self.here() in _FLAGS and self.here():
            setattr(flags, _FLAGS[self.here()], True)
            self.position += 1
        self.index()
        self.width(flags)
        self.precision(flags)
        if not self.after_index:
            self.index()
        verb = self.here()
        self.position += 1
        if not verb:
            self.write("%!(NOVERB)")
        elif verb == "%":
            self.write("%")
        elif not self.good_index:
            self.write(f"%!{verb}(BADINDEX)")
        elif self.argument >= len(self.operands):
            self.write(f"%!{verb}(MISSING)")
        else:
            if verb == "v":
                flags.sharp_v, flags.sharp = flags.sharp, False
                flags.plus_v, flags.plus = flags.plus, False
            require_length(flags.width or 0)
            require_length(flags.precision or 0)
            self.write(format_value(self.operands[self.argument], verb, flags))
            self.argument += 1

    def run(self) -> str:
        while self.position < len(self.text):
            percent = self.text.find("%", self.position)
            if percent < 0:
                percent = len(self.text)
            if percent > self.position:
                self.write(self.text[self.position : percent])
            self.position = percent + 1
            if percent < len(self.text):
                self.verb()
        if not self.reordered and self.argument < len(self.operands):
            self.write(f"%!(EXTRA {', '.join(map(_extra, self.operands[self.argument :]))})")
        return "".join(self.out)


def _extra(value: object) -> str:
    return "<nil>" if value is None else f"{type_name(value)}={format_value(value, 'v', Flags())}"


def sprintf(text: str, operands: Sequence[object]) -> str:
    """fmt.Sprintf(text, operands...). Raises FunctionError when the result would be too long."""
    if "%" in text and len(operands) == 1 and type(operands[0]) is str and text.count("%") == 1 and "%s" in text:
        return text.replace("%s", operands[0], 1)
    return _Printf(text, operands).run()
