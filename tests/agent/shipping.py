"""A shipper with its buffer, and what it is asked and told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from sigyn.agent.config.clients import BackoffConfig, ClientConfig
from sigyn.agent.config.process import LimitsConfig
from sigyn.agent.counters import AgentCounters
from sigyn.agent.entry import AgentEntry
from sigyn.agent.positions import Positions
from sigyn.agent.shipping.shipper import BufferSettings, Shipper
from sigyn.model.time import MILLISECOND

QUICK = BackoffConfig(min_period=5 * MILLISECOND, max_period=20 * MILLISECOND, max_retries=3)


def client(url: str, **settings: object) -> ClientConfig:
    given: dict[str, object] = {"batchwait": 10 * MILLISECOND, "backoff_config": QUICK, **settings}
    return ClientConfig(url=url, **given)  # type: ignore[arg-type]


@asynccontextmanager
async def shipping(
    folder: Path, *clients: ClientConfig, buffer: bool = True, max_bytes: int = 1 << 30, **limits: object
) -> AsyncIterator[tuple[Shipper, Positions, AgentCounters]]:
    positions = Positions.load(folder / "positions.yaml")
    counters = AgentCounters()
    shipper = Shipper(
        clients,
        LimitsConfig(**limits),  # type: ignore[arg-type]
        positions,
        counters,
        BufferSettings(folder / "buffer", max_bytes) if buffer else None,
        sync_period=0.02,
    )
    shipper.start()
    try:
        yield shipper, positions, counters
    finally:
        await shipper.close(1.0)


def entries(*lines: str, labels: Mapping[str, str] | None = None) -> list[AgentEntry]:
    return [AgentEntry(dict(labels or {"job": "x"}), number, line) for number, line in enumerate(lines, 1)]


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not done():
            await asyncio.sleep(0.005)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await scenario()

    asyncio.run(main())


def counted(counters: AgentCounters, name: str) -> dict[str, float]:
    rows = [row for row in counters.render().decode().splitlines() if row.startswith(name + "{")]
    return {row.rpartition(" ")[0]: float(row.rpartition(" ")[2]) for row in rows}
