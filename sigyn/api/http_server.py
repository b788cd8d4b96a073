"""uvicorn, as Sigyn runs it."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool

from sigyn.api.connection import BoundedConnection
from sigyn.api.tls import ReloadingContext
from sigyn.api.websocket import WebSocketConnection
from sigyn.model.time import SECOND


def http_config(
    app: Starlette,
    connection: type[BoundedConnection],
    *,
    header_timeout: int,
    answer_timeout: int,
    graceful_shutdown_timeout: int,
    tls: ReloadingContext | None = None,
) -> uvicorn.Config:
    """How connections of this class are served. Times are ns."""
    seconds = {"header_seconds": header_timeout / SECOND, "answer_seconds": answer_timeout / SECOND}
    bounded = type("Connection", (connection,), seconds)
    return uvicorn.Config(
        app,
        loop="uvloop",
        http=bounded,
        ws=WebSocketConnection,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=75,  # over the 60 s that reverse proxies keep idle connections
        timeout_graceful_shutdown=max(1, graceful_shutdown_timeout // SECOND),
        ssl_context_factory=(lambda *_: tls.context) if tls else None,
    )


class HttpServer(uvicorn.Server):
    """uvicorn's server, which tells when it listens, and leaves the process to us when it is done."""

    def __init__(
        self,
        config: uvicorn.Config,
        *,
        announce: Callable[[], None],
        stopping: Callable[[], None] = lambda: None,
        signals: Sequence[int] = (signal.SIGINT, signal.SIGTERM),
    ) -> None:
        """`announce` is called when it serves, `stopping` at the first of these signals, which stop it."""
        super().__init__(config)
        self._announce = announce
        self._stopping = stopping
        self._signals = signals

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()
        await run_in_threadpool(lambda: None)  # imports what large answers go through, 17 ms, before one waits for it

    def end(self) -> None:
        """Stops it as the first signal does, if nothing has yet: what is under way may finish."""
        if not self.should_exit:
            self._stop()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        # uvicorn's own raises the signal again at its end, which would kill the process before
        # the store is closed.
        loop = asyncio.get_running_loop()
        for number in self._signals:
            loop.add_signal_handler(number, self._stop)
        try:
            yield
        finally:
            for number in self._signals:
                loop.remove_signal_handler(number)

    def _stop(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
        self._stopping()
