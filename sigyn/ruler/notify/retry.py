"""How long to wait before the next try."""

import asyncio
import random

SHORTEST, LONGEST = 0.5, 30.0  # seconds


async def pause(failures: int, longest: float = LONGEST) -> None:
    """Waits after that many failures in a row: twice as long each time, and not all at once."""
    length = min(longest, SHORTEST * 2.0 ** min(failures - 1, 10))
    await asyncio.sleep(length * random.uniform(0.75, 1.0))
