"""An ingest process: takes connections of its owner, and serves the pushes on them."""

import asyncio
import ctypes
import os
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from typing import Any

import structlog

from sigyn.api.http_server import HttpServer, http_config
from sigyn.api.processes.channel import Channel, Files, close_files
from sigyn.api.processes.connection import IngestConnection, adopt
from sigyn.api.processes.messages import (
    Connection,
    ConnectionEnded,
    Demoted,
    Report,
    ReportNow,
    RequestEnded,
    Start,
    Started,
    Stop,
)
from sigyn.api.processes.remote import RemoteDemotion, RemoteQuotas, RemoteStore
from sigyn.api.push_api import PushApi, build_push_app
from sigyn.api.server import ServerSettings
from sigyn.api.tenant_settings import SettingsByTenant, TenantSettings
from sigyn.api.warm_up import WarmUp
from sigyn.model.errors import Unavailable
from sigyn.services.ingest import IngestService
from sigyn.services.ingest import warm as warm_ingest
from sigyn.services.push_counters import push_counters

_log = structlog.get_logger("sigyn.processes")

_REPORT_SECONDS = 1.0
_OWNER_GONE = 3  # exit code
_PR_SET_PDEATHSIG = 1  # of prctl


def bind_to_owner() -> None:
    """Leaves signals to the owner, which says when to stop, and ends with it whatever this process does by then."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def serve_pushes(end: socket.socket, settings: ServerSettings, start: Start) -> None:
    """Serves pushes for the owner at the other end, until it says stop. When the owner is gone, so is this process."""
    share = max(1, start.processes)
    store_settings = replace(settings.store, max_waiting_bytes=max(1, settings.store.max_waiting_bytes // share))
    api_settings = replace(settings.api, push_memory_bytes=max(1, settings.api.push_memory_bytes // share))
    process = _IngestProcess(end)
    common = TenantSettings(settings.push, settings.query, api_settings, settings.rules)
    tenants = SettingsByTenant(common, settings.tenants)
    store = RemoteStore(
        process.ask,
        max_waiting_bytes=store_settings.max_waiting_bytes,
        max_group_bytes=store_settings.max_group_bytes,
    )
    demotion = RemoteDemotion(process.ask)
    ingest = IngestService(store, tenants.push, demotion=demotion, quotas=RemoteQuotas(process.ask))
    ingest.subscribe(WarmUp(has_entries=start.has_entries, work=warm_ingest))
    counts = Counts(ingest, store)
    access = settings.access.open()
    with ThreadPoolExecutor(settings.decoders, "decode") as decoders:
        api = PushApi(
            ingest=ingest,
            settings=api_settings,
            metrics=counts,
            decoders=decoders,
            access=access,
            own_settings=tenants.api,
        )
        await process.serve(settings, build_push_app(api), counts, demotion)
        await store.close()
    await asyncio.to_thread(access.audit.close)
    await process.end(counts)


class Counts:
    """What this process counts until it is reported. Belongs to one event loop."""

    def __init__(self, ingest: IngestService, store: RemoteStore) -> None:
        self._ingest = ingest
        self._store = store
        self._ended: list[RequestEnded] = []
        self._requests_now = 0

    def request_began(self) -> None:
        """As in RequestMetrics."""
        self._requests_now += 1

    def request_ended(self, method: str, route: str, status: str, seconds: float) -> None:
        """As in RequestMetrics."""
        self._requests_now -= 1
        self._ended.append(RequestEnded(method, route, status, seconds))

    def take(self) -> Report:
        """All that was counted; from now on it is counted anew."""
        store = self._store
        report = Report(
            counters=self._ingest.counters,
            ended=tuple(self._ended),
            pushes=store.pushes,
            refused=store.refused,
            failed=store.failed,
            requests_now=self._requests_now,
            waiting_bytes=store.waiting_bytes,
        )
        self._ingest.counters, self._ended = push_counters(), []
        store.pushes = store.refused = store.failed = 0
        return report


class _IngestProcess:
    """The channel to the owner, and the server of the connections that come over it."""

    def __init__(self, end: socket.socket) -> None:
        self._channel = Channel(end, self._told, self._asked, _end_at_once)
        self._server: HttpServer | None = None
        self._counts: Counts | None = None
        self._demotion: RemoteDemotion | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def ask(self, question: Any, files: Files) -> Any:
        """Asks the owner."""
        return await self._channel.ask(question, files)

    async def serve(self, settings: ServerSettings, app: Any, counts: Counts, demotion: RemoteDemotion) -> None:
        """Takes connections until the owner says stop, and returns when their requests are done."""
        self._counts, self._demotion = counts, demotion
        connection = type(
            "Connection",
            (IngestConnection,),
            {"move": staticmethod(self._give_back), "ended": staticmethod(self._connection_ended)},
        )
        config = http_config(
            app,
            connection,
            header_timeout=settings.header_timeout,
            answer_timeout=settings.answer_timeout,
            graceful_shutdown_timeout=settings.graceful_shutdown_timeout,
        )
        self._server = HttpServer(config, announce=lambda: self._channel.tell(Started()), signals=())
        reporting = asyncio.create_task(self._report_on())
        await self._server.serve(sockets=[])
        reporting.cancel()

    async def end(self, counts: Counts) -> None:
        """Says what was counted last, and lets go of the channel."""
        self._channel.tell(counts.take())
        await self._channel.drained()
        self._channel.close()

    def _told(self, message: Any, files: Files) -> None:
        match message:
            case Connection() if not files:
                self._connection_ended()
            case Connection():
                task = asyncio.get_running_loop().create_task(self._adopt(files[0], message.begin))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
            case Demoted() if self._demotion is not None:
                self._demotion.learn(message)
            case Stop() if self._server is not None:
                self._server.should_exit = True
            case _:
                close_files(files)

    async def _asked(self, question: Any, files: Files) -> None:
        close_files(files)
        if isinstance(question, ReportNow):
            self._report()

    async def _adopt(self, descriptor: int, begin: bytes) -> None:
        assert self._server is not None
        try:
            await adopt(self._server, descriptor, begin)
        except OSError as error:  # its client has gone meanwhile
            _log.debug("a connection could not be taken", error=error.strerror)
            self._connection_ended()

    def _give_back(self, descriptor: int, begin: bytes) -> bool:
        try:
            self._channel.tell(Connection(begin), [os.dup(descriptor)])
        except (OSError, Unavailable) as error:
            _log.warning("a connection could not be given back", error=str(error))
            return False
        return True

    def _connection_ended(self) -> None:
        self._channel.tell(ConnectionEnded())

    def _report(self) -> None:
        if self._counts is not None:
            self._channel.tell(self._counts.take())

    async def _report_on(self) -> None:
        while True:
            await asyncio.sleep(_REPORT_SECONDS)
            with suppress(Unavailable):  # the next one may have room
                self._report()


def _end_at_once() -> None:
    """The owner is gone: what it has not acknowledged never will be, and there is nothing here to save."""
    os._exit(_OWNER_GONE)
