"""Ingest processes as their owner starts them."""

import asyncio
import os
import resource
import sys
from typing import Any, cast

from sigyn.api.processes.owner import Owner
from sigyn.api.processes.supervisor import IngestProcesses, ProcessPlan

PATIENCE = 60.0  # seconds


class NothingDemoted:
    """What of an owner a start needs."""

    def __init__(self) -> None:
        self.store = self.demoted = self

    def subscribe(self, _changed: Any) -> Any:
        return lambda: None


def value(processes: IngestProcesses, name: str) -> float:
    samples = [sample for metric in processes.collect() for sample in metric.samples]
    return next(sample.value for sample in samples if sample.name == f"sigyn_ingest_{name}")


def restarts(processes: IngestProcesses) -> float:
    return value(processes, "process_restarts_total")


def test_a_start_that_found_no_room_for_files_is_tried_again() -> None:
    async def start() -> None:
        command = (sys.executable, "-c", "import time; time.sleep(600)")
        processes = IngestProcesses(ProcessPlan(1, command), cast(Owner, NothingDemoted()), has_entries=False)
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        lowest_free = os.dup(0)
        os.close(lowest_free)
        resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, hard))
        try:
            processes.start(cast(Any, None))
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        async with asyncio.timeout(PATIENCE):
            while not restarts(processes):
                await asyncio.sleep(0.01)
        processes.stop()
        processes.stop()
        await processes.close(0)

    asyncio.run(start())


STARTS_AND_HANGS = """
import asyncio, socket, sys, time
from sigyn.api.processes.channel import Channel
from sigyn.api.processes.messages import Started

async def start():
    nothing = lambda *_: None
    Channel(socket.socket(fileno=int(sys.argv[1])), nothing, nothing, nothing).tell(Started())
    time.sleep(600)

asyncio.run(start())
"""


def test_a_process_that_hangs_gets_no_connections_and_is_replaced() -> None:
    async def start() -> None:
        plan = ProcessPlan(1, (sys.executable, "-c", STARTS_AND_HANGS), hung_seconds=8)
        processes = IngestProcesses(plan, cast(Owner, NothingDemoted()), has_entries=False)
        processes.start(cast(Any, None))
        async with asyncio.timeout(PATIENCE):
            while not value(processes, "processes"):
                await asyncio.sleep(0.01)
            while not value(processes, "processes_silent"):
                await asyncio.sleep(0.01)
            assert value(processes, "processes") == 0
            assert not processes.hand_over(0, b"")
            while not value(processes, "processes_hung_total"):
                await asyncio.sleep(0.01)
            while not (restarts(processes) and value(processes, "processes")):
                await asyncio.sleep(0.01)
        processes.stop()
        processes.stop()
        await processes.close(0)

    asyncio.run(start())
