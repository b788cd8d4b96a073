"""What a person should know about a configuration that was accepted."""

from dataclasses import dataclass

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
