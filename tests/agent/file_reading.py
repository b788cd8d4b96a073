"""A reader of files, and a sink that keeps what it read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from sigyn.agent.config.document import read_document
from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.positions import Changes
from sigyn.agent.stages import StagePipeline
from sigyn.agent.stages.chain import read_stages
from sigyn.agent.targets.file_reader import FileReader, FileTarget
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.line_splitting import splitter_of
from sigyn.agent.targets.moments import Moments


class Memory:
    """A sink that delivers at once, and has room unless `has_room` is cleared."""

    def __init__(self, positions: dict[str, str]) -> None:
        self.entries: list[AgentEntry] = []
        self.positions = positions
        self.has_room = asyncio.Event()
        self.has_room.set()

    def add(self, entries: Sequence[AgentEntry], positions: Changes, _size: int) -> None:
        self.entries += entries
        for key, value in positions.items():
            self.positions.pop(key, None)
            if value:
                self.positions[key] = value

    def full(self) -> bool:
        return not self.has_room.is_set()

    async def room(self) -> None:
        await self.has_room.wait()

    async def kept(self) -> None:
        """What is in files need not be kept."""

    @property
    def lines(self) -> list[str]:
        return [entry.line for entry in self.entries]

    async def until(self, *lines: str) -> None:
        try:
            async with asyncio.timeout(10):
                while len(self.entries) < len(lines):
                    await asyncio.sleep(0.005)
        except TimeoutError:
            assert self.lines == list(lines)
        await asyncio.sleep(0.02)
        assert self.lines == list(lines)


@asynccontextmanager
async def reading(
    pattern: Path | str,
    positions: dict[str, str] | None = None,
    *,
    exclude: str = "",
    encoding: str = "",
    compression: str = "",
    stages: str = "[]",
    grace: float = 0.2,
    sync_period: float = 0.2,
) -> AsyncIterator[Memory]:
    sink = Memory({} if positions is None else positions)
    configured = read_stages(read_document(stages), "stages")
    job = Job("test", StagePipeline(configured, "test", StageMetrics()), sink)
    reader = FileReader(
        sink, AgentCounters(), dict(sink.positions), Moments(), sync_period=sync_period, poll_period=0.05, grace=grace
    )
    target = FileTarget(job, str(pattern), exclude, {"job": "test"}, splitter_of(encoding), compression)
    reader.set_targets("test", [target])
    task = asyncio.create_task(reader.run())
    try:
        yield sink
    finally:
        task.cancel()
        outcome = (await asyncio.gather(task, return_exceptions=True))[0]
        assert isinstance(outcome, asyncio.CancelledError), outcome


def scenario(run: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await run()

    asyncio.run(main())


def append(path: Path, text: str | bytes) -> None:
    with path.open("ab") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
