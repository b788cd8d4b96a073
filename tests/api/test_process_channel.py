"""Messages between two processes of ours, when they may open no more files."""

import asyncio
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from sigyn.api.processes.channel import MOST_INLINE, Channel, Files, close_files, file_of, socket_pair
from sigyn.model.errors import Unavailable

PATIENCE = 60.0  # seconds
LARGE = "x" * (2 * MOST_INLINE)


@contextmanager
def no_more_files() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    lowest_free = os.dup(0)
    os.close(lowest_free)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def descriptors() -> set[str]:
    return set(os.listdir("/proc/self/fd"))


class Ends:
    """Two channels in one process; the second answers with what it is asked."""

    def __init__(self) -> None:
        one, other = socket_pair()
        self.told: list[tuple[Any, int]] = []
        self.asking = Channel(one, lambda *_: None, self._echo, lambda: None)
        self.asked = Channel(other, self._hear, self._echo, lambda: None)

    def _hear(self, message: Any, files: Files) -> None:
        self.told.append((message, len(files)))
        close_files(files)

    async def _echo(self, question: Any, files: Files) -> Any:
        close_files(files)
        return question

    def close(self) -> None:
        self.asking.close()
        self.asked.close()


@pytest.mark.parametrize("question", ["small", LARGE])
def test_a_question_whose_files_can_not_be_taken_is_refused(question: str) -> None:
    async def ask() -> None:
        ends = Ends()
        before = descriptors()
        answer = asyncio.ensure_future(ends.asking.ask(question, [file_of(b"content", "test")]))
        await asyncio.sleep(0)  # it is on its way
        with no_more_files(), pytest.raises(Unavailable, match="no more files"):
            await asyncio.wait_for(answer, PATIENCE)
        assert descriptors() == before
        assert await asyncio.wait_for(ends.asking.ask(question), PATIENCE) == question
        ends.close()

    asyncio.run(ask())


def test_a_question_that_can_not_be_sent_is_refused_and_leaves_nothing() -> None:
    async def ask() -> None:
        ends = Ends()
        before = descriptors()
        file = file_of(b"content", "test")
        with no_more_files(), pytest.raises(Unavailable, match="could not be written"):
            await asyncio.wait_for(ends.asking.ask(LARGE, [file]), PATIENCE)
        assert descriptors() == before
        with no_more_files():
            assert not ends.asking.tell_now(LARGE)
        ends.close()

    asyncio.run(ask())


def test_what_is_told_arrives_without_the_files_that_can_not_be_taken() -> None:
    async def tell() -> None:
        ends = Ends()
        ends.asking.tell("something", [file_of(b"content", "test")])
        with no_more_files():
            assert await asyncio.wait_for(ends.asking.ask("anything"), PATIENCE) == "anything"
        assert ends.told == [("something", 0)]
        ends.close()

    asyncio.run(tell())
