"""`loki_push_api`: the agent takes what other agents push, as Loki would, and plain lines at /promtail/api/v1/raw.

A push is answered when it is in the buffer on disk: the sender forgets it then.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from sigyn.agent.config.targets import LokiPushApiConfig
from sigyn.agent.entry import TENANT_LABEL, AgentEntry
from sigyn.agent.http_listener import HttpListener
from sigyn.agent.server import TargetRow
from sigyn.agent.targets.received import Inlet
from sigyn.model.errors import SigynError, TooLarge

_PATHS = ("/loki/api/v1/push", "/api/prom/push")
_LARGEST = 100 << 20  # bytes of a body, as Loki takes them
_METADATA = msgspec.json.Decoder(dict[str, str])


class PushApiListener:
    """A push endpoint of its own, on its own address."""

    def __init__(self, config: LokiPushApiConfig, inlet: Inlet) -> None:
        """Raises Unavailable when the address is taken."""
        self._config = config
        self._inlet = inlet
        server = config.server
        routes = [Route(path, self._push, methods=["POST"]) for path in _PATHS]
        routes += [
            Route("/promtail/api/v1/raw", self._raw, methods=["POST"]),
            Route("/ready", self._ready),
        ]
        self._http = HttpListener(Starlette(routes=routes), server.http_listen_address, server.http_listen_port)

    async def start(self) -> None:
        """Begins to answer."""
        self._http.start()

    async def stop(self) -> None:
        """Finishes requests under way."""
        await self._http.stop()

    def rows(self) -> Sequence[TargetRow]:
        """One row."""
        details: dict[str, str | int] = {"Address": f"{self._http.host}:{self._http.port}"}
        labels = self._config.labels
        return [TargetRow(self._inlet.job.name, "Loki push API", "ready", labels, labels, details)]

    async def _ready(self, _request: Request) -> Response:
        return PlainTextResponse("ready\n")

    async def _push(self, request: Request) -> Response:
        # Here and not above: Arrow takes memory, and most agents receive no pushes.
        from sigyn.wire.loki import decode_loki_push

        headers = request.headers
        try:
            body = await _body(request)
            push = decode_loki_push(body, headers.get("content-type", ""), headers.get("content-encoding", ""))
        except SigynError as error:
            self._inlet.count_error()
            return PlainTextResponse(f"{error}\n", error.status)
        tenant = headers.get("x-scope-orgid", "")
        streams = [dict(stream) for stream in push.streams]
        columns = (push.entries[name].to_pylist() for name in ("stream", "timestamp", "line", "metadata"))
        entries = [
            self._entry(streams[ordinal], timestamp, line, _METADATA.decode(metadata) if metadata else {}, tenant)
            for ordinal, timestamp, line, metadata in zip(*columns, strict=True)
        ]
        await self._inlet.keep(entries)
        if push.refused:
            return PlainTextResponse(f"{push.refused[0].message}\n", 400)
        return Response(status_code=204)

    async def _raw(self, request: Request) -> Response:
        try:
            text = (await _body(request)).decode("utf-8", "replace")
        except TooLarge as error:
            self._inlet.count_error()
            return PlainTextResponse(f"{error}\n", error.status)
        lines = [line.removesuffix("\r") for line in text.split("\n") if line.strip()]
        tenant = request.headers.get("x-scope-orgid", "")
        await self._inlet.keep([self._entry({}, None, line, {}, tenant) for line in lines])
        return Response(status_code=204)

    def _entry(
        self, stream: Mapping[str, str], timestamp: Any, line: str, metadata: dict[str, str], tenant: str
    ) -> AgentEntry | None:
        labels = {**self._config.labels, **stream}
        kept = timestamp if self._config.use_incoming_timestamp else None
        entry = self._inlet.entry(labels, line, kept, metadata)
        if entry and tenant:
            entry.labels[TENANT_LABEL] = tenant
        return entry


async def _body(request: Request) -> bytes:
    """The body as sent; raises TooLarge without reading the rest."""
    chunks: list[bytes] = []
    size = 0
    _refuse_large(int(request.headers.get("content-length", "0")))  # the server lets nothing but digits through
    async for chunk in request.stream():
        size += len(chunk)
        _refuse_large(size)
        chunks.append(chunk)
    return b"".join(chunks)


def _refuse_large(size: int) -> None:
    if size > _LARGEST:
        raise TooLarge(f"the body has over {_LARGEST} bytes, which is the most that is taken; send smaller batches")
