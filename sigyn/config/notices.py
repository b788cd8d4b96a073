"""What a person should know about a configuration that was accepted."""

from collections.abc import Iterator
from dataclasses import dataclass

from sigyn.config.yaml_tree import Reading

_WITHOUT_EFFECT = ("NOT APPLIED", "NOT ENFORCED")


@dataclass(frozen=True, slots=True)
class Notice:
    """A key of a configuration file, where it stands (line 0: in no file), and what became of it, in one line."""

    source: str
    line: int
    key: str
    text: str

    @property
    def matters(self) -> bool:
        """Whether something that was asked for does not happen."""
        return self.text.startswith(_WITHOUT_EFFECT)

    def __str__(self) -> str:
        return f"{self.place}: {self.key}: {self.text}"

    @property
    def place(self) -> str:
        """`loki.yaml:12`"""
        return f"{self.source}:{self.line}" if self.line else self.source


def reading_notices(reading: Reading, source: str) -> Iterator[Notice]:
    """What there is to say about the reading of a file."""
    for name in reading.unset_variables:
        yield Notice(source, 1, f"${{{name}}}", "this variable is not set; it stands for nothing")
    for path, first, last in reading.repeated_keys:
        yield Notice(source, last, path, f"stands here and in line {first}; the later one counts")
