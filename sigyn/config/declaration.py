"""How a setting is declared: once, with its default, its kind, its help and Loki's names for it."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, TypeVar

from sigyn.config.values import Kind

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A setting as documentation, environment and adapters see it.

    section, name  `limits`, `max_line_size`
    default        its value when nothing sets it
    kind           how it is written
    help           one or two sentences
    loki           paths in Loki's configuration file that set it
    """

    section: str
    name: str
    default: Any
    kind: Kind
    help: str
    loki: tuple[str, ...]

    @property
    def path(self) -> str:
        """`limits.max_line_size`"""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """`SIGYN_LIMITS_MAX_LINE_SIZE`"""
        return f"SIGYN_{self.section}_{self.name}".upper()


def setting(default: T, kind: Kind, help: str, *loki: str) -> T:
    """A field of a settings class."""
    declared: T = field(default=default, metadata={"kind": kind, "help": help, "loki": loki})
    return declared


def declarations_of(section: str, settings: type) -> Iterator[Declaration]:
    """The declarations in a settings class, in its order."""
    for each in fields(settings):
        yield Declaration(section, each.name, _default(each), **each.metadata)


def _default(declared: "Field[Any]") -> Any:
    if declared.default is MISSING:
        raise TypeError(f"setting {declared.name} has no default")
    return declared.default
