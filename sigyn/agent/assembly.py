"""The agent put together: configuration to targets, pipelines, clients and pages."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from sigyn.agent.config.scrape import ScrapeConfig
from sigyn.agent.config.shown import without_secrets
from sigyn.agent.configuration import AgentConfiguration
from sigyn.agent.counters import AgentCounters
from sigyn.agent.discovery.docker import discover_containers
from sigyn.agent.discovery.file_sd import discover_files
from sigyn.agent.discovery.kubernetes.discovery import KubernetesDiscovery
from sigyn.agent.discovery.static import static_targets
from sigyn.agent.dry_run import InspectingPipeline, PrintSink
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.http_listener import HttpListener
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.positions import Positions
from sigyn.agent.reporting import report_of, tell
from sigyn.agent.server import TargetRow, build_app
from sigyn.agent.shipping.shipper import BufferSettings, Shipper, task_error
from sigyn.agent.stages import StagePipeline
from sigyn.agent.targets.assignment import Assigned, Assignment
from sigyn.agent.targets.file_reader import FileReader
from sigyn.agent.targets.job import EntryPipeline, Job, Sink
from sigyn.agent.targets.line_splitting import splitter_of
from sigyn.agent.targets.listener import Listener
from sigyn.agent.targets.moments import Moments
from sigyn.agent.targets.registry import TargetContext, docker_of, listeners_of
from sigyn.agent.targets.standard_input import StandardInput
from sigyn.agent.targets.tailed_file import TailedFile
from sigyn.model.time import SECOND, Clock, steady_clock, system_clock

_log = structlog.get_logger("sigyn.agent")
_FLUSH_PERIOD = 0.1
_FORMATS = ("gz", "bz2", "z")


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """How the agent is run, beside its configuration.

    configuration  its text, for /config
    dry_run        print entries, send and remember nothing
    inspect        print what each stage changes too
    stdin          read standard input in place of all targets, and end with it
    """

    configuration: str = ""
    dry_run: bool = False
    inspect: bool = False
    stdin: bool = False


class Agent:
    """Everything between `start` and `stop`."""

    def __init__(self, configuration: AgentConfiguration, options: AgentOptions, clock: Clock = system_clock) -> None:
        """Raises ConfigurationError, BadRequest for a broken positions file, and Unavailable."""
        self._configuration = configuration
        self._options = options
        self._clock = clock
        self._began = clock()
        self.counters = AgentCounters()
        self.stage_metrics = StageMetrics(clock)
        self._moments = Moments(clock)
        quiet = options.dry_run or options.inspect or options.stdin
        where = configuration.positions
        self._positions = (
            Positions(Path(os.devnull))
            if quiet
            else Positions.load(Path(where.filename), ignore_invalid=where.ignore_invalid_yaml)
        )
        self._shipper: Shipper | None = None
        if not options.dry_run and not options.inspect:
            self._shipper = self._make_shipper(with_buffer=not options.stdin)
        self._sink: Sink = self._shipper or PrintSink()
        self._start = self._shipper.positions() if self._shipper else {}
        self._reader = FileReader(
            self._sink,
            self.counters,
            self._start,
            self._moments,
            block_bytes=self._shipper.batch_bytes if self._shipper else 1 << 20,
            sync_period=configuration.target_config.sync_period / SECOND,
            poll_period=configuration.global_config.file_watch_config.min_poll_frequency / SECOND,
        )
        self._jobs: list[Job] = []
        self._assignments: list[Assignment] = []
        self._listeners: list[Listener] = []
        self._discoveries: list[Callable[[], Coroutine[None, None, None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._telling: list[asyncio.Task[None]] = []
        self._http: HttpListener | None = None
        self._started = False
        self.finished = asyncio.Event()  # standard input came to its end
        for scrape in configuration.scrape_configs[: 1 if options.stdin else None]:
            self._add(scrape)

    @property
    def address(self) -> str:
        """Where the pages are, `host:port`; empty when nothing listens."""
        return f"{self._http.host}:{self._http.port}" if self._http else ""

    async def start(self) -> None:
        """Begins to read and send; raises Unavailable when an address is taken."""
        server = self._configuration.server
        if not server.disable and not self._options.stdin:
            self._http = HttpListener(
                build_app(self, server.http_path_prefix.rstrip("/")),
                server.http_listen_address,
                server.http_listen_port,
            )
            self._http.start()
        if self._shipper:
            self._shipper.start()
            self._telling = [asyncio.create_task(tell(client, self._report)) for client in self._shipper.clients]
        for listener in self._listeners:
            await listener.start()
        self._tasks = [asyncio.create_task(discovery()) for discovery in self._discoveries]
        self._tasks.append(asyncio.create_task(self._flush(), name="flush"))
        if not self._options.stdin:
            self._reader.sync()
            self._tasks.append(asyncio.create_task(self._reader.run(), name="files"))
        self._started = True

    async def stop(self, patience: float) -> None:
        """Ends: no more reading, then at most `patience` seconds to send what was read."""
        for listener in self._listeners:
            await listener.stop()
        for task in (*self._tasks, *self._telling):
            task.cancel()
        for outcome in await asyncio.gather(*self._tasks, *self._telling, return_exceptions=True):
            if isinstance(outcome, Exception):
                _log.error("a task failed", reason=repr(outcome))
        for job in self._jobs:
            job.finish()
        if self._shipper:
            await self._shipper.close(patience)
        if self._http:
            await self._http.stop()

    def failed(self) -> BaseException | None:
        """The error of a task that ended although it should not."""
        errors = [task_error(task) for task in (*self._tasks, *self._telling)]
        if self._shipper:
            errors.append(self._shipper.failed())
        return next((error for error in errors if error), None)

    def ready(self) -> str:
        """Empty when files are tailed."""
        return "" if self._started else "the agent is starting"

    def metrics(self) -> bytes:
        """The agent's own metrics and those that stages made, which take the place of its own of the same name."""
        self.counters.targets_active.set(sum(row.state == "ready" for row in self.targets()))
        return self.counters.render(without=self.stage_metrics.names()) + self.stage_metrics.render()

    def configuration(self) -> str:
        """The configuration as it was read, without its secrets."""
        return without_secrets(self._options.configuration)

    def targets(self) -> Sequence[TargetRow]:
        """Rows for the pages."""
        rows = [row for listener in self._listeners for row in listener.rows()]
        files = self._reader.files()
        for assignment in self._assignments:
            own = [file for file in files if file.job is assignment.job]
            for assigned in (one for source in assignment.sources.values() for one in source):
                if assigned.reason or assigned.path:
                    rows.append(_file_row(assignment.job.name, assigned, own))
        return rows

    def _report(self) -> dict[str, Any]:
        positions = self._configuration.positions.filename
        return report_of(self.targets(), self.counters, self._began, positions)

    def _add(self, scrape: ScrapeConfig) -> None:
        passed = self.counters.entries.labels(scrape.job_name)
        job = Job(scrape.job_name, self._pipeline(scrape), self._sink, passed.inc)
        self._jobs.append(job)
        if self._options.stdin:
            self._listeners.append(StandardInput(job, scrape, self._moments, self.finished))
            return
        if scrape.consul_sd_configs or scrape.consulagent_sd_configs:
            raise ConfigurationError(
                f"job `{scrape.job_name}`: this agent can't ask Consul for targets; "
                "write them to a file for file_sd_configs"
            )
        if len(scrape.docker_sd_configs) > 1:
            raise ConfigurationError(f"job `{scrape.job_name}`: give each of docker_sd_configs a job of its own")
        compression = scrape.decompression.format if scrape.decompression.enabled else ""
        if scrape.decompression.enabled and compression not in _FORMATS:
            raise ConfigurationError(f"decompression.format `{compression}` is none of {', '.join(_FORMATS)}")
        context = TargetContext(scrape, job, self._moments, self.counters, self._start)
        docker = docker_of(context)
        assignment = Assignment(
            job,
            scrape.relabel_configs,
            self._reader,
            splitter_of(scrape.encoding),
            compression,
            docker.follow if docker else None,
        )
        self._assignments.append(assignment)
        self._listeners += listeners_of(context)
        if docker:
            self._listeners.append(docker)
            config = scrape.docker_sd_configs[0]
            self._discoveries.append(partial(discover_containers, config, docker.client, "docker", assignment.update))
        for number, static in enumerate(scrape.static_configs):
            assignment.update(f"static/{number}", static_targets(static))
        for files in scrape.file_sd_configs:
            self._discoveries.append(partial(discover_files, files, assignment.update))
        for number, cluster in enumerate(scrape.kubernetes_sd_configs):
            self._discoveries.append(KubernetesDiscovery(cluster, f"kubernetes/{number}", assignment.update).run)

    def _pipeline(self, scrape: ScrapeConfig) -> EntryPipeline:
        stages, name = scrape.pipeline_stages, scrape.job_name
        if self._options.inspect:
            return InspectingPipeline(stages, name, self.stage_metrics, self._clock, steady_clock)
        return StagePipeline(stages, name, self.stage_metrics, self._clock)

    def _make_shipper(self, *, with_buffer: bool) -> Shipper:
        configuration = self._configuration
        if not configuration.clients:
            raise ConfigurationError(
                "`clients` names no server to push to: add `- url: http://HOST:3100/loki/api/v1/push`"
            )
        buffer = None
        if with_buffer:
            wal, path = configuration.wal, Path(configuration.positions.filename)
            folder = Path(wal.dir) if wal.enabled else path.with_name(path.name + ".buffer")
            buffer = BufferSettings(folder, wal.max_size)
        return Shipper(
            configuration.clients,
            configuration.limits_config,
            self._positions,
            self.counters,
            buffer,
            sync_period=configuration.positions.sync_period / SECOND,
        )

    async def _flush(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_PERIOD)
            now = steady_clock()
            for job in self._jobs:
                job.flush(now)


def _file_row(job: str, assigned: Assigned, files: Sequence[TailedFile]) -> TargetRow:
    """The row of files that a target of a job names: what is read of them, or why nothing is."""
    details: dict[str, str | int] = {}
    if not assigned.reason:
        mine = [file for file in files if assigned.labels.items() <= file.labels.items()]
        details = {
            "Path": assigned.path,
            "Files": len(mine),
            "Read bytes": sum(file.offset for file in mine),
            "Unread bytes": sum(file.unread() for file in mine),
            "Newest files": ", ".join(file.path for file in mine[:5]),
        }
    return TargetRow(job, "File", assigned.reason or "ready", assigned.labels, assigned.discovered, details)
