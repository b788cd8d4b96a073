"""Waiting for what happens in the background."""

import asyncio
import time
from collections.abc import Callable


async def until(condition: Callable[[], bool]) -> None:
    """Returns when it is true."""
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
