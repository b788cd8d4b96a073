"""An ASGI application on an address, on the event loop that the agent runs on."""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

from sigyn.model.errors import Unavailable


class HttpListener:
    """A server that listens from `start` to `stop`."""

    def __init__(self, application: Starlette, host: str, port: int) -> None:
        """Binds the address; raises Unavailable when it is taken. Port 0 takes a free one."""
        try:
            family = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
            self._socket = socket.create_server((host, port), family=family, backlog=512)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise Unavailable(f"can't listen on {host}:{port}: {reason}; set server.http_listen_port") from None
        self.host, self.port = self._socket.getsockname()[:2]
        config = uvicorn.Config(
            application,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _QuietServer(config)
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begins to answer."""
        self._task = asyncio.create_task(self._server.serve(sockets=[self._socket]), name="http")

    async def stop(self) -> None:
        """Finishes requests under way."""
        self._server.should_exit = True
        if self._task:
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._socket.close()


class _QuietServer(uvicorn.Server):
    """uvicorn's server without its handling of signals, which is the process's own matter."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
