"""The syntax tree of a template. `str(node)` is the text that Go's error messages show.

`position` counts code points from the beginning of the whole text, as in Go (where it counts bytes).
"""

from dataclasses import dataclass
from typing import TypeAlias

from sigyn.languages.quoting import quote


@dataclass(frozen=True, slots=True)
class Dot:
    position: int

    def __str__(self) -> str:
        return "."


@dataclass(frozen=True, slots=True)
class Nil:
    position: int

    def __str__(self) -> str:
        return "nil"


@dataclass(frozen=True, slots=True)
class Bool:
    position: int
    value: bool

    def __str__(self) -> str:
        return "true" if self.value else "false"


@dataclass(frozen=True, slots=True)
class Number:
    """A numeric constant with every type that it can take; None: it can't take that one."""

    position: int
    text: str
    integer: int | None
    floating: float | None
    imaginary: complex | None

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class String:
    position: int
    quoted: str
    value: str

    def __str__(self) -> str:
        return self.quoted


@dataclass(frozen=True, slots=True)
class Identifier:
    """The name of a function."""

    position: int
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Field:
    """`.a.b`."""

    position: int
    names: tuple[str, ...]

    def __str__(self) -> str:
        return "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Variable:
    """`$x.a.b`; `name` has the dollar."""

    position: int
    name: str
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        return ".".join((self.name, *self.names))


@dataclass(frozen=True, slots=True)
class Chain:
    """`(pipeline).a.b` or `function.a.b`."""

    position: int
    operand: "Operand"
    names: tuple[str, ...]

    def __str__(self) -> str:
        operand = f"({self.operand})" if isinstance(self.operand, Pipe) else str(self.operand)
        return operand + "".join(f".{name}" for name in self.names)


@dataclass(frozen=True, slots=True)
class Command:
    """An operand, or a function with its arguments."""

    position: int
    operands: tuple["Operand", ...]

    def __str__(self) -> str:
        return " ".join(f"({each})" if isinstance(each, Pipe) else str(each) for each in self.operands)


@dataclass(frozen=True, slots=True)
class Pipe:
    """`$a, $b := command | command`; with `assign` it was `=`."""

    position: int
    declarations: tuple[Variable, ...]
    assign: bool
    commands: tuple[Command, ...]

    def __str__(self) -> str:
        names = ", ".join(map(str, self.declarations))
        operator = (" = " if self.assign else " := ") if names else ""
        return names + operator + " | ".join(map(str, self.commands))


Operand: TypeAlias = Dot | Nil | Bool | Number | String | Identifier | Field | Variable | Chain | Pipe


@dataclass(frozen=True, slots=True)
class Text:
    position: int
    value: str


@dataclass(frozen=True, slots=True)
class Action:
    position: int
    pipe: Pipe

    def __str__(self) -> str:
        return f"{{{{{self.pipe}}}}}"


Branch: TypeAlias = tuple[Pipe, "Body"]


@dataclass(frozen=True, slots=True)
class If:
    """The first branch is `if`, the others `else if`; `otherwise` is the last `else`."""

    position: int
    branches: tuple[Branch, ...]
    otherwise: "Body | None"


@dataclass(frozen=True, slots=True)
class With:
    """As If, but a branch is executed with its value as dot."""

    position: int
    branches: tuple[Branch, ...]
    otherwise: "Body | None"


@dataclass(frozen=True, slots=True)
class Range:
    position: int
    pipe: Pipe
    body: "Body"
    otherwise: "Body | None"


@dataclass(frozen=True, slots=True)
class Call:
    """`{{template "name" pipeline}}`; also what a `block` leaves in its place."""

    position: int
    name: str
    pipe: Pipe | None

    def __str__(self) -> str:
        return f"{{{{template {quote(self.name)}{'' if self.pipe is None else f' {self.pipe}'}}}}}"


@dataclass(frozen=True, slots=True)
class Break:
    position: int


@dataclass(frozen=True, slots=True)
class Continue:
    position: int


Statement: TypeAlias = Text | Action | If | With | Range | Call | Break | Continue
Body: TypeAlias = tuple[Statement, ...]
