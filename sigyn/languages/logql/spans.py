"""Where in its text a node of a tree stands."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """Offsets of code points into the query text: start <= i < end."""

    start: int
    end: int


NOWHERE = Span(0, 0)


def no_span() -> Span:
    """A field for a span that takes no part in comparison."""
    return field(default=NOWHERE, compare=False, repr=False)
