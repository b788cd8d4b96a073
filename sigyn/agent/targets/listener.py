"""What all targets have in common that are not files: a beginning, an end, and a row on the page."""

from collections.abc import Sequence
from typing import Protocol

from sigyn.agent.server import TargetRow


class Listener(Protocol):
    """A target with a life of its own on the event loop."""

    async def start(self) -> None:
        """Begins to take entries; raises Unavailable when it can't."""
        ...

    async def stop(self) -> None:
        """Takes no more; what was taken has been pushed when it returns."""
        ...

    def rows(self) -> Sequence[TargetRow]:
        """Its rows on /targets."""
        ...
