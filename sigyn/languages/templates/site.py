"""What compiled templates are made of: expressions as closures, and where the compiler stands.

A tree is compiled once and executed per line, so that every decision that the tree allows is made
at compile time: a closure knows its field name, its constant, the function that it calls and how
many arguments that has. Go's types are checked per value, as Go's executor does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from sigyn.languages.quoting import quote
from sigyn.languages.templates.errors import TemplateError
from sigyn.languages.templates.limits import MAXIMUM_STEPS, MAXIMUM_WORK
from sigyn.languages.templates.nodes import Bool, Command, Nil, Number, Operand, Statement, String
from sigyn.languages.templates.values import NO_VALUE, Function, to_utf8

Missing: TypeAlias = Literal["default", "zero", "error"]
"""What a missing key of a map gives: no value, the zero value of the map's elements, an error."""


class Execution:
    """The state of one execution: variables by slot, what contextual functions see, and the limits.

    `out` are the pieces of the text so far, of which `counted` make up `length`.
    """

    __slots__ = ("context", "counted", "depth", "length", "maximum_length", "out", "steps", "variables", "work")

    def __init__(self, variables: list[object], context: object, maximum_length: int) -> None:
        self.variables = variables
        self.context = context
        self.maximum_length = maximum_length
        self.out: list[str] = []
        self.length = self.counted = self.depth = 0
        self.steps = MAXIMUM_STEPS
        self.work = MAXIMUM_WORK

    def step(self, fail: "Failure") -> None:
        """Begin an iteration or another template, unless there were too many or the text is too long."""
        self.steps -= 1
        if self.steps < 0:
            raise fail(f"more than {MAXIMUM_STEPS} iterations")
        if self.measure() > self.maximum_length:
            raise fail(f"the text is longer than {self.maximum_length} characters")

    def measure(self) -> int:
        """The length of the text so far."""
        self.length += sum(map(len, self.out[self.counted :]))
        self.counted = len(self.out)
        return self.length

    def charge(self, amount: int, fail: "Failure") -> None:
        """Count the work that a long text or a large map makes, in code points."""
        self.work -= amount
        if self.work < 0:
            raise fail(f"functions worked on more than {MAXIMUM_WORK} characters")


Expression: TypeAlias = Callable[[object, Execution], object]
"""Takes dot and the state, gives the value. Raises TemplateError."""

Failure: TypeAlias = Callable[[str], TemplateError]
"""Makes the error that names the place of a node."""


@dataclass(slots=True)
class Site:
    """Where in which template the compiler is. `scope` are the names of the variables by slot."""

    parse_name: str
    text: str
    name: str
    functions: Mapping[str, Function]
    missing: Missing
    scope: list[str] = field(default_factory=lambda: ["$"])
    slots: int = 1

    def declare(self, name: str) -> int:
        self.scope.append(name)
        self.slots = max(self.slots, len(self.scope))
        return len(self.scope) - 1

    def slot(self, name: str) -> int | None:
        """The slot of the innermost variable of this name."""
        for slot in range(len(self.scope) - 1, -1, -1):
            if self.scope[slot] == name:
                return slot
        return None

    def failure(self, node: Operand | Command | Statement) -> Failure:
        """What makes errors in Go's words: line, byte in the line, and the expression as Go prints it."""
        parse_name, text, name = self.parse_name, self.text, self.name

        def fail(reason: str) -> TemplateError:
            before = text[: node.position]
            byte = len(to_utf8(before[before.rfind("\n") + 1 :]))
            place = f"{parse_name}:{before.count(chr(10)) + 1}:{byte}"
            return TemplateError(f"template: {place}: executing {quote(name)} at <{node}>: {reason}")

        return fail


def raising(fail: Failure, reason: str) -> Expression:
    """An expression whose error is known already, but which Go only raises when it gets there."""

    def expression(_dot: object, _execution: Execution) -> object:
        raise fail(reason)

    return expression


def constant(value: object) -> Expression:
    return lambda _dot, _execution: value


def dig(value: object) -> object:
    """What a pipeline makes of a value: the nil that an interface held is no value."""
    return NO_VALUE if value is None else value


def literal_value(node: Bool | Number | String | Nil) -> object:
    """What a literal means where no type is asked for."""
    match node:
        case Bool() | String():
            return node.value
        case Nil():
            return None
        case Number(imaginary=complex() as value):
            return value
        case Number(integer=int() as value) if not _is_written_as_float(node.text):
            return value
    return node.floating


def overflows_int(node: Number) -> bool:
    """Whether it is a whole number that only an unsigned integer could hold."""
    return node.integer is None and node.imaginary is None and not _is_written_as_float(node.text)


def _is_written_as_float(text: str) -> bool:
    if text[:1] == "'":
        return False
    if text[:2] in ("0x", "0X"):
        return any(letter in text for letter in "pP")
    return any(letter in text for letter in ".eEpP")
