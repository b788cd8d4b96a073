"""Which segments were found archived of late, so that the background does not ask a service for each all the time."""

import time


class Sightings:
    """Segments by id, forgotten `seconds` after they were last found archived. Used by one thread at a time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._found: dict[int, float] = {}

    def note(self, id: int) -> None:
        """A segment was found archived just now."""
        self._found[id] = time.monotonic()

    def has(self, id: int) -> bool:
        """Whether a segment was found so of late."""
        found = self._found.get(id)
        if found is not None and time.monotonic() >= found + self._seconds:
            del self._found[id]
            return False
        return found is not None

    def clear(self) -> None:
        """Looks at all of them again."""
        self._found.clear()
