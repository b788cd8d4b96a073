"""A real server on a port of its own, over services in memory."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest
import uvicorn
import uvloop

from sigyn.api.app import Api, build_app
from sigyn.api.ops.metrics import Metrics
from sigyn.api.settings import ApiSettings
from sigyn.model.batch import Batch
from sigyn.ruler.ruler import Ruler
from sigyn.ruler.settings import RulerSettings
from sigyn.services.tail import TailHub

from .fakes import MemoryServices

NOW = 1_768_478_400_000_000_000
"""2026-01-15T12:00:00Z, when these servers think it is."""


@dataclass(frozen=True)
class Server:
    """A running server, its services, and a client for it."""

    port: int
    services: MemoryServices
    tails: TailHub
    client: httpx.Client
    loop: asyncio.AbstractEventLoop

    def publish(self, *batches: Batch) -> None:
        """Gives batches to the tails, on the server's event loop, as the ingest service does."""

        async def publish() -> None:
            for batch in batches:
                self.tails.publish(batch)

        asyncio.run_coroutine_threadsafe(publish(), self.loop).result(timeout=5)

    def get(self, path: str, headers: dict[str, str] | None = None, **parameters: str | list[str]) -> httpx.Response:
        return self.client.get(path, params=parameters, headers=headers)


@contextmanager
def serve(settings: ApiSettings) -> Iterator[Server]:
    services = MemoryServices()
    tails = TailHub(queue_entries=settings.tail_queue, most_tails=lambda _tenant: settings.max_tails)
    with ThreadPoolExecutor(2) as decoders, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        api = Api(
            queries=services,
            ingest=services,
            operations=services,
            deletes=services,
            tails=tails,
            settings=settings,
            metrics=Metrics(services.counters),
            decoders=decoders,
            ruler=Ruler(RulerSettings(), services, None),
            clock=lambda: NOW,
        )
        config = uvicorn.Config(build_app(api), host="127.0.0.1", port=0, log_level="error", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=runner.run, args=(server.serve(),))
        thread.start()
        try:
            while not server.started:
                assert thread.is_alive()
                time.sleep(0.005)
            port = server.servers[0].sockets[0].getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
                yield Server(port, services, tails, client, runner.get_loop())
        finally:
            server.should_exit = True
            thread.join()
            tails.close()


@pytest.fixture
def start() -> Iterator[Callable[[ApiSettings], Server]]:
    """Starts servers with settings of the test's own."""
    with ExitStack() as running:
        yield lambda settings: running.enter_context(serve(settings))


@pytest.fixture(scope="module")
def shared_server() -> Iterator[Server]:
    with serve(ApiSettings()) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    """A server with default settings whose services are as new."""
    fresh = MemoryServices()
    shared_server.services.__dict__.update(fresh.__dict__)
    return shared_server
