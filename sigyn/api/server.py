"""The server: a store, the services over it, and everything that listens."""

import asyncio
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog
import uvloop
from starlette.routing import BaseRoute

from sigyn.api.access.door import Access
from sigyn.api.access.plan import AccessPlan
from sigyn.api.app import Api, build_app
from sigyn.api.connection import BoundedConnection
from sigyn.api.http_server import HttpServer, http_config
from sigyn.api.listen import bound_address, is_loopback, listen, parse_address
from sigyn.api.operations import ServerOperations
from sigyn.api.ops.metrics import Metrics
from sigyn.api.ops.query_metrics import QueryCollector
from sigyn.api.ops.ruler_metrics import RulerCollector
from sigyn.api.ops.store_metrics import StoreCollector
from sigyn.api.otlp.grpc import start_grpc
from sigyn.api.processes.owner import Owner
from sigyn.api.processes.supervisor import IngestProcesses, ProcessPlan
from sigyn.api.settings import ApiSettings
from sigyn.api.tenant_settings import SettingsByTenant, TenantSettings
from sigyn.api.tls import ReloadingContext, TlsFiles, grpc_credentials
from sigyn.api.warm_up import WarmUp, warm
from sigyn.engine.duck import Duck
from sigyn.engine.scan import UNIT_ROWS
from sigyn.model.time import MINUTE, SECOND, system_clock
from sigyn.process.hangup import heed_hangups
from sigyn.ruler.limits import RuleLimits
from sigyn.ruler.ruler import Ruler
from sigyn.ruler.settings import RulerSettings
from sigyn.services.deletes import DeleteRules, DeleteService
from sigyn.services.demotion import Demotion
from sigyn.services.fair_queue import QueueLimits
from sigyn.services.ingest import IngestService
from sigyn.services.push_limits import PushLimits
from sigyn.services.query import QueryService
from sigyn.services.query_limits import QueryLimits
from sigyn.services.quotas import Quotas
from sigyn.services.result_cache.open import open_cache
from sigyn.services.tail import TailHub
from sigyn.store.open_catalog import check_catalog
from sigyn.store.places import check_places
from sigyn.store.retention import KEEP_ALL, RetentionRules
from sigyn.store.settings import StoreSettings
from sigyn.store.store import Store

_log = structlog.get_logger("sigyn.server")
_HANGUP_HINT = (
    "files of rules, overrides, tokens, passwords and certificates are read again by themselves when they "
    "change, other settings with a restart; SIGTERM stops the server"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """Everything that a server needs to know. Times are ns.

    http                       address of the HTTP API; port 0 picks a free one
    otlp_grpc                  address of OTLP over gRPC; empty: off
    tls                        certificate of the HTTP API; with it only HTTPS is spoken
    grpc_tls                   certificate of OTLP over gRPC
    header_timeout             how long a client may take to send the headers of a request
    answer_timeout             how long a client may take nothing of its answer; 0: for ever
    tenants                    settings that tenants have of their own, as they are at each look
    tenants_are_read           whether they are what was last asked for, which is not so while its file can't be read
    access                     who may do what
    graceful_shutdown_timeout  how long requests under way may take to finish
    decoders                   threads that decode large pushes and do nothing else: no query holds them up
    query_threads              threads that compute for all queries; 0: one per core
    max_concurrent             queries that run at a time; 0: two per core
    cache_results              keep answers of range queries
    results_cache              where: empty for the memory of the process, or `memcached://host:port,...`
    results_cache_bytes        memory of the process for them
    query_unit_rows            rows that one thread reads at once
    query_memory_bytes         memory that all queries together may use before they spill
    processes                  those that take in pushes beside this one; none with TLS
    configuration              what `/config` shows
    limits_of                  what is shown to a tenant of its limits
    """

    store: StoreSettings
    http: str = "127.0.0.1:3100"
    otlp_grpc: str = "127.0.0.1:4317"
    tls: TlsFiles = TlsFiles()
    grpc_tls: TlsFiles = TlsFiles()
    graceful_shutdown_timeout: int = 30 * SECOND
    header_timeout: int = 10 * SECOND
    answer_timeout: int = MINUTE
    access: AccessPlan = AccessPlan()
    tenants: Mapping[str, TenantSettings] | None = None
    tenants_are_read: Callable[[], bool] = lambda: True
    decoders: int = 2
    query_threads: int = 0
    max_concurrent: int = 0
    cache_results: bool = True
    results_cache: str = ""
    results_cache_bytes: int = 64 << 20
    query_memory_bytes: int = 1 << 30
    query_unit_rows: int = UNIT_ROWS
    processes: ProcessPlan = ProcessPlan()
    configuration: str = ""
    limits_of: Callable[[str], str] = lambda _tenant: ""
    api: ApiSettings = field(default_factory=ApiSettings)
    push: PushLimits = field(default_factory=PushLimits)
    query: QueryLimits = field(default_factory=lambda: QueryLimits(max_query_length=0))
    deletes: DeleteRules = field(default_factory=DeleteRules)
    retention: RetentionRules = KEEP_ALL
    ruler: RulerSettings = field(default_factory=RulerSettings)
    rules: RuleLimits = RuleLimits()

    def check(self) -> None:
        """Raises BadRequest for what no server can start with, wherever it is: no file and no network is looked at."""
        self.processes.check()
        check_places(self.store)
        check_catalog(self.store)
        self.ruler.check()


@dataclass(frozen=True, slots=True)
class Listening:
    """Where a server can be reached: `host:port` each; `otlp_grpc` is None when it is off."""

    http: str
    otlp_grpc: str | None
    tls: bool

    @property
    def url(self) -> str:
        """The base URL of the HTTP API."""
        return f"http{'s' if self.tls else ''}://{self.http}"


Announce = Callable[[Listening], None]
Attachment = Callable[[Api, Store], AbstractAsyncContextManager[Sequence[BaseRoute]]]
"""Something beside the API, such as the page or files that are read into the store: lives in the server's event loop
until before the store is closed, and may serve routes."""


def run(settings: ServerSettings, announce: Announce, attachments: Sequence[Attachment] = ()) -> None:
    """Runs a server in this process until it gets SIGINT or SIGTERM; see `serve`."""
    uvloop.run(serve(settings, announce, attachments))


async def serve(settings: ServerSettings, announce: Announce, attachments: Sequence[Attachment] = ()) -> None:
    """Serves until the process gets SIGINT or SIGTERM, then finishes what is under way.

    `announce` is called once everything listens. Raises Unavailable when an address is taken, and
    what opening a store raises.
    """
    settings.check()
    async with AsyncExitStack() as stack:
        bound = listen(settings.http)
        stack.callback(bound.close)
        store = Store.open(settings.store, retention=settings.retention)
        stack.push_async_callback(store.close)
        common = TenantSettings(settings.push, settings.query, settings.api, settings.rules)
        tenants = SettingsByTenant(common, settings.tenants)
        decoders = stack.enter_context(ThreadPoolExecutor(settings.decoders, "decode"))
        queries = _query_service(settings, tenants, store, stack)
        tails = TailHub(settings.api.tail_queue, lambda tenant: tenants.api(tenant).max_tails, store.demoted.ever)
        stack.callback(tails.close)
        demotion, quotas = Demotion(store.demoted), Quotas(system_clock)
        ingest = IngestService(store, tenants.push, demotion=demotion, quotas=quotas)
        ingest.subscribe(tails.publish)
        ingest.subscribe(_warm_up(store))
        operations = ServerOperations(
            store,
            tails,
            demotion,
            settings.configuration,
            settings.limits_of,
            lambda tenant: tenants.push(tenant).demotion,
            bool(settings.otlp_grpc),
        )
        metrics = Metrics(ingest.counters, settings.tenants_are_read)
        metrics.registry.register(QueryCollector(queries))
        metrics.registry.register(StoreCollector(store, settings.store.data))
        deletes = DeleteService(store, settings.deletes)
        ruler = Ruler(settings.ruler, queries, settings.store.data, limits_of=tenants.rules)
        stack.push_async_callback(ruler.close)
        metrics.registry.register(RulerCollector(ruler))
        processes = _ingest_processes(settings, Owner(store, ingest, demotion, quotas, tenants, metrics), stack)
        access = settings.access.open()
        stack.push_async_callback(asyncio.to_thread, access.audit.close)
        _warn_if_open(settings, access)
        api = Api(
            queries=queries,
            ingest=ingest,
            operations=operations,
            deletes=deletes,
            tails=tails,
            settings=settings.api,
            metrics=metrics,
            decoders=decoders,
            ruler=ruler,
            access=access,
            own_settings=tenants.api,
        )
        grpc_address = await _start_grpc(settings, api, stack)
        listening = Listening(bound_address(bound), grpc_address, bool(settings.tls))
        await ruler.start()
        attached = [await stack.enter_async_context(attach(api, store)) for attach in attachments]
        app = build_app(api, [route for routes in attached for route in routes])
        config = http_config(
            app,
            processes.connection if processes else BoundedConnection,
            header_timeout=settings.header_timeout,
            answer_timeout=settings.answer_timeout,
            graceful_shutdown_timeout=settings.graceful_shutdown_timeout,
            tls=ReloadingContext(settings.tls) if settings.tls else None,
        )

        def stop() -> None:
            operations.stopping = True
            if processes:
                processes.stop()

        looking = asyncio.create_task(_tell_faults(operations))
        stack.callback(looking.cancel)
        server = HttpServer(config, announce=lambda: announce(listening), stopping=stop)
        if processes:
            processes.start(server)
        heed_hangups(server.end, _HANGUP_HINT)
        await server.serve(sockets=[bound])
    _log.info("stopped")


def _ingest_processes(settings: ServerSettings, owner: Owner, stack: AsyncExitStack) -> IngestProcesses | None:
    """The processes that take in pushes beside this one, not started yet; None where there are none."""
    if not settings.processes.count:
        return None
    if settings.tls:
        _log.warning("server.processes: with TLS, the one process that has the connection takes in its pushes")
        return None
    processes = IngestProcesses(settings.processes, owner, has_entries=bool(owner.store.tenants()))
    stack.push_async_callback(processes.close, settings.graceful_shutdown_timeout / SECOND)
    owner.metrics.registry.register(processes)
    owner.metrics.before = processes.report
    return processes


async def _tell_faults(operations: ServerOperations) -> None:
    """A wrong bucket or key is in the log at once, and not with the first push."""
    for fault in await operations.readiness.faults():
        _log.warning("not ready", reason=fault)


def _warm_up(store: Store) -> WarmUp:
    """Where there are entries, their copies are looked for as well: of what is pushed now, queries find them soon."""
    if not store.tenants():
        return WarmUp(has_entries=False)

    def work() -> None:
        warm()
        store.find_copies()

    return WarmUp(has_entries=True, work=work)


def _query_service(
    settings: ServerSettings, tenants: SettingsByTenant, store: Store, stack: AsyncExitStack
) -> QueryService:
    cores = os.cpu_count() or 1
    threads = settings.query_threads or cores
    duck = Duck(settings.query_memory_bytes, threads, _spill_folder(settings.store.data, stack))
    stack.callback(duck.close)
    queries = QueryService(
        store,
        duck,
        settings.query,
        threads=threads,
        queue=QueueLimits(settings.max_concurrent or 2 * cores),
        cache=open_cache(settings.results_cache, settings.results_cache_bytes) if settings.cache_results else None,
        unit_rows=settings.query_unit_rows,
        limits_of=tenants.query,
    )
    stack.callback(queries.close)
    return queries


def _spill_folder(data: Path | None, stack: AsyncExitStack) -> str:
    """An empty folder for queries that need more memory than they may use."""
    if data is None:
        return stack.enter_context(TemporaryDirectory(prefix="sigyn-spill-"))
    folder = data / "spill"
    shutil.rmtree(folder, ignore_errors=True)  # what a killed process left
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return str(folder)


async def _start_grpc(settings: ServerSettings, api: Api, stack: AsyncExitStack) -> str | None:
    if not settings.otlp_grpc:
        return None
    host, _ = parse_address(settings.otlp_grpc)
    credentials = grpc_credentials(settings.grpc_tls) if settings.grpc_tls else None
    server, port = await start_grpc(api, settings.otlp_grpc, credentials)
    stack.push_async_callback(server.stop, settings.graceful_shutdown_timeout / SECOND)
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _warn_if_open(settings: ServerSettings, access: Access) -> None:
    if access.authenticator.on:
        return
    for address in filter(None, (settings.http, settings.otlp_grpc)):
        if not is_loopback(address):
            _log.warning(
                "anybody who reaches this address may read, push and delete everything",
                address=address,
                hint="set auth.type (docs/security.md), or listen on 127.0.0.1",
            )
