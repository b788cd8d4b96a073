"""Keys of Promtail's that the agent has no use for: they are taken, and it is said why they change nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass
from typing import TypeVar

T = TypeVar("T")


def unused(default: T, why: str) -> T:
    """A field of a section that is read and changes nothing."""
    declared: T = field(default=default, metadata={"unused": why})
    return declared


@dataclass(frozen=True, slots=True)
class UnusedKey:
    """A key of the file that changes nothing, and why."""

    path: str
    why: str

    @property
    def matters(self) -> bool:
        """Whether the file asks for something that does not happen."""
        return self.why.startswith("NOT APPLIED")

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


def unused_keys(section: object, path: str = "") -> Iterator[UnusedKey]:
    """The keys of a configuration, or of a section of it, that differ from their default and change nothing."""
    if isinstance(section, tuple):
        for number, each in enumerate(section):
            yield from unused_keys(each, f"{path}[{number}]")
    elif is_dataclass(section) and not isinstance(section, type):
        for each in fields(section):
            name = each.metadata.get("key", each.name)
            inside = f"{path}.{name}" if path else name
            value = getattr(section, each.name)
            why = each.metadata.get("unused")
            if why is None:
                yield from unused_keys(value, inside)
            elif value != each.default:
                yield UnusedKey(inside, why)
