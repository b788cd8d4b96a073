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


def restarts(processes: IngestProcesses) -> float:
    samples = [sample for metric in processes.collect() for sample in metric.samples]
    return next(sample.value for sample in samples if sample.name == "sigyn_ingest_process_restarts_total")


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
