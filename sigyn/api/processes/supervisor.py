"""Ingest processes as their owner sees them: started, given connections, started again when they die, ended."""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

import structlog
import uvicorn
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sigyn.api.processes.channel import Channel, Files, close_files, socket_pair
from sigyn.api.processes.connection import OwnerConnection, adopt
from sigyn.api.processes.messages import (
    Connection,
    ConnectionEnded,
    Demoted,
    LabelsSeen,
    Report,
    ReportNow,
    Start,
    Started,
    Stop,
)
from sigyn.api.processes.owner import Owner
from sigyn.model.errors import BadRequest, Unavailable

_log = structlog.get_logger("sigyn.processes")

_PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a process is started again that died so often in a row."""

_SOUND_SECONDS = 30.0
"""A process that lived so long was not broken from its start."""

_MOST_PROCESSES = 128

_REPORT_SECONDS = 1.0
_LOOK_SECONDS = 1.0
"""How often it is looked which processes said something. Each says something every second."""

_SILENT_LOOKS = 5
"""Looks in a row that found a process silent, after which it gets no connections: it hangs, or its cores are taken."""

_START_SECONDS = 300
"""How long a process may take to start, before it is taken for one that hangs."""

_END_SECONDS = 10.0
"""How long a process may take to end beyond the time that its requests have."""


@dataclass(frozen=True, slots=True)
class ProcessPlan:
    """How many ingest processes there are, what starts one, and the settings that it is told of.

    hung_seconds  for which a process that takes pushes may say nothing; then it is killed and replaced
    """

    count: int = 0
    command: tuple[str, ...] = ()
    settings: Any = field(default=None, repr=False)
    hung_seconds: int = 60

    def check(self) -> None:
        """Raises BadRequest where there can't be any."""
        if self.count < 0:
            raise BadRequest(f"server.processes is {self.count + 1}: write 1, or how many processes there shall be")
        if self.count >= _MOST_PROCESSES:
            raise BadRequest(
                f"server.processes is {self.count + 1}, and may be {_MOST_PROCESSES} at most; "
                "more than there are cores gain nothing"
            )
        if self.count and not (hasattr(os, "memfd_create") and sys.platform == "linux"):
            raise BadRequest("server.processes: several processes work on Linux alone")


class _Process:
    """One ingest process."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.process: subprocess.Popen[bytes] | None = None
        self.channel: Channel | None = None
        self.ready = False
        self.began = 0.0
        self.silent_looks = 0
        self.failures = 0
        self.connections = 0
        self.requests_now = 0
        self.waiting_bytes = 0
        self.demoted: dict[str, Demoted] = {}

    @property
    def is_silent(self) -> bool:
        """Whether it has said nothing for so long that it gets no more connections."""
        return self.ready and self.silent_looks >= _SILENT_LOOKS

    @property
    def takes_pushes(self) -> bool:
        return self.ready and not self.is_silent


class IngestProcesses(Collector):
    """All ingest processes of an owner. Belongs to its event loop, in the main thread."""

    def __init__(self, plan: ProcessPlan, owner: Owner, *, has_entries: bool) -> None:
        self._plan = plan
        self._owner = owner
        self._has_entries = has_entries
        self._processes = [_Process(number + 1) for number in range(plan.count)]
        self._server: uvicorn.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopping = False
        self._restarts = 0
        self._hung = 0
        self._handed_over = 0
        self._given_back = 0
        self._unsubscribe: Callable[[], None] = lambda: None
        self.connection = type("Connection", (OwnerConnection,), {"move": staticmethod(self.hand_over)})
        """The class of the owner's connections, which hands them over."""

    def start(self, server: uvicorn.Server) -> None:
        """Starts the processes; `server` serves the connections that they give back."""
        self._server = server
        loop = asyncio.get_running_loop()

        def changed(tenant: str) -> None:
            loop.call_soon_threadsafe(self._tell_demoted, tenant)

        self._unsubscribe = self._owner.store.demoted.subscribe(changed)
        for process in self._processes:
            self._start(process)
        self._run(self._look_on())

    def hand_over(self, descriptor: int, begin: bytes) -> bool:
        """Gives a connection to the process that has the fewest; False when none can take it now."""
        ready = [process for process in self._processes if process.takes_pushes]
        if not ready or self._stopping:
            return False
        process = min(ready, key=lambda each: each.connections)
        assert process.channel is not None
        if not process.channel.tell_now(Connection(begin), [descriptor]):
            return False
        process.connections += 1
        self._handed_over += 1
        return True

    async def report(self) -> None:
        """Returns when what the processes counted up to now is counted here, or a second has passed."""
        channels = [each.channel for each in self._processes if each.takes_pushes and each.channel is not None]
        asked = [asyncio.ensure_future(channel.ask(ReportNow())) for channel in channels]
        if asked:
            done, late = await asyncio.wait(asked, timeout=_REPORT_SECONDS)
            for question in late:
                question.cancel()
            for question in done:
                question.exception()  # one that is gone has nothing to tell

    def stop(self) -> None:
        """Lets the processes finish the requests under way and end; ends them at once when it is said again."""
        if self._stopping:
            for running in self._running():
                running.kill()
            return
        self._stopping = True
        for process in self._processes:
            if process.channel is not None:
                process.channel.tell(Stop())

    async def close(self, seconds: float) -> None:
        """Returns when all have ended; those that take longer than this, and a little more, are killed."""
        if not self._stopping:
            self.stop()
        self._unsubscribe()
        running = self._running()
        ends = time.monotonic() + seconds + _END_SECONDS
        while any(process.poll() is None for process in running) and time.monotonic() < ends:
            await asyncio.sleep(0.02)
        for process in running:
            if process.poll() is None:
                _log.warning("an ingest process did not end in time", pid=process.pid)
                process.kill()
            process.wait()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for each in self._processes:
            if each.channel is not None:
                each.channel.close()

    def _running(self) -> list[subprocess.Popen[bytes]]:
        return [each.process for each in self._processes if each.process is not None]

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        ready = [process for process in self._processes if process.ready]
        for name, text, gauge in (
            ("processes", "Ingest processes that take pushes now.", sum(each.takes_pushes for each in ready)),
            ("processes_silent", "Ingest processes that hang, as it seems.", sum(each.is_silent for each in ready)),
            ("connections", "Connections that they serve.", sum(each.connections for each in ready)),
            ("requests", "Requests that they serve, as they told last.", sum(each.requests_now for each in ready)),
            ("waiting_bytes", "Bytes of their entries that are not yet durable.", sum(e.waiting_bytes for e in ready)),
        ):
            yield GaugeMetricFamily(f"sigyn_ingest_{name}", text, value=gauge)
        for name, text, count in (
            ("process_restarts", "Ingest processes that died and were started again.", self._restarts),
            ("processes_hung", "Ingest processes that were killed since they hung.", self._hung),
            ("connections_handed_over", "Connections that went to an ingest process.", self._handed_over),
            ("connections_given_back", "Connections that came back for a request that is no push.", self._given_back),
        ):
            yield CounterMetricFamily(f"sigyn_ingest_{name}", text, value=count)

    def _start(self, process: _Process) -> None:
        process.process, process.began = None, time.monotonic()
        try:
            ours, theirs = socket_pair()
        except OSError as error:
            self._not_started(process, error)
            return
        try:
            with theirs:
                process.process = subprocess.Popen(
                    [*self._plan.command, str(theirs.fileno())],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,  # else it would hold ours open
                )
        except OSError as error:
            ours.close()
            self._not_started(process, error)
            return
        process.ready, process.connections, process.demoted, process.silent_looks = False, 0, {}, 0
        process.channel = Channel(
            ours,
            lambda message, files: self._told(process, message, files),
            lambda question, files: self._asked(process, question, files),
            lambda: self._lost(process),
        )
        try:
            process.channel.tell(Start(self._plan.settings, self._plan.count, self._has_entries))
        except Unavailable as error:
            process.channel.close()
            self._not_started(process, error)

    def _not_started(self, process: _Process, error: OSError | Unavailable) -> None:
        _log.error("an ingest process could not be started", number=process.number, error=str(error))
        self._run(self._start_again(process))

    def _told(self, process: _Process, message: Any, files: Files) -> None:
        if process.is_silent:
            _log.info("an ingest process answers again", number=process.number, pid=_pid(process))
        process.silent_looks = 0
        match message:
            case Connection() if files:
                self._given_back += 1
                self._run(self._adopt(files[0], message.begin))
            case ConnectionEnded():
                process.connections -= 1
            case Report():
                self._owner.count(message)
                process.requests_now, process.waiting_bytes = message.requests_now, message.waiting_bytes
            case Started():
                process.ready = True
                _log.info("an ingest process takes pushes", number=process.number, pid=_pid(process))
            case _:
                close_files(files)

    async def _asked(self, process: _Process, question: Any, files: Files) -> Any:
        answer = await self._owner.answer(question, files)
        if isinstance(question, LabelsSeen):
            self._tell_demoted_to(process, question.tenant)
        return answer

    def _tell_demoted(self, tenant: str) -> None:
        for process in self._processes:
            if tenant in process.demoted:
                self._tell_demoted_to(process, tenant)

    def _tell_demoted_to(self, process: _Process, tenant: str) -> None:
        demoted = self._owner.demoted(tenant)
        if process.channel is not None and process.demoted.get(tenant) != demoted:
            process.channel.tell(demoted)
            process.demoted[tenant] = demoted

    async def _look_on(self) -> None:
        """Notices processes that hang. Counts looks, not seconds: when this process stood still, all seem silent."""
        while not self._stopping:
            await asyncio.sleep(_LOOK_SECONDS)
            for process in self._processes:
                if process.channel is not None and process.process is not None:
                    self._look(process, process.process)

    def _look(self, process: _Process, running: subprocess.Popen[bytes]) -> None:
        process.silent_looks += 1
        silent, most = round(process.silent_looks * _LOOK_SECONDS), self._plan.hung_seconds
        if process.ready and process.silent_looks == _SILENT_LOOKS:
            _log.warning(
                "an ingest process says nothing, and gets no connections until it does",
                number=process.number,
                pid=running.pid,
                silent_seconds=silent,
                killed_after_seconds=most,
            )
        if silent >= (most if process.ready else _START_SECONDS):
            _log.error("an ingest process hangs, and is killed", number=process.number, pid=running.pid, seconds=silent)
            self._hung += 1
            process.ready, process.silent_looks = False, 0
            running.kill()  # its channel then says that it is gone

    async def _adopt(self, descriptor: int, begin: bytes) -> None:
        assert self._server is not None
        try:
            await adopt(self._server, descriptor, begin)
        except OSError as error:  # its client has gone meanwhile
            _log.debug("a connection could not be taken back", error=error.strerror)

    def _lost(self, process: _Process) -> None:
        process.ready = False
        process.requests_now = process.waiting_bytes = 0
        self._run(self._start_again(process))

    async def _start_again(self, process: _Process) -> None:
        if process.process is not None:
            process.process.kill()  # without its channel it is of no use
            code = await asyncio.to_thread(process.process.wait)
            if not self._stopping:
                _log.error("an ingest process died, and is started again", number=process.number, exit_code=code)
        process.failures = 0 if time.monotonic() - process.began > _SOUND_SECONDS else process.failures + 1
        await asyncio.sleep(_PAUSES[min(process.failures, len(_PAUSES) - 1)])
        if not self._stopping:
            self._restarts += 1
            self._start(process)

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


def _pid(process: _Process) -> int:
    return process.process.pid if process.process is not None else 0
