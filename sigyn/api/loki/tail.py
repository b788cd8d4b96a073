"""`tail`: the newest entries, then every entry as it is acknowledged, over a WebSocket."""

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from sigyn.api.encoding.json import encode
from sigyn.api.encoding.legacy import legacy_streams
from sigyn.api.encoding.streams import ENCODING_FLAGS, asks_for_categories, encode_streams
from sigyn.api.loki.limits import cap_entries
from sigyn.api.loki.query import DEFAULT_LIMIT
from sigyn.api.loki.query import ENCODING_FLAGS as FLAGS_HEADER
from sigyn.api.parameters import limit_parameter, time_parameter
from sigyn.api.requests import api_of, query_tags, tenant_of, url_arguments
from sigyn.api.responses import plain
from sigyn.languages.logql import parse
from sigyn.languages.logql.ast import LogQuery
from sigyn.model.errors import BadRequest, SigynError
from sigyn.model.labels import format_labels
from sigyn.model.results import LogEntry, LogResult
from sigyn.model.time import HOUR, MINUTE, SECOND
from sigyn.services.query import QueryRequest
from sigyn.services.tail import Tail, TailFrame

Encode: TypeAlias = Callable[[TailFrame], bytes]

MOST_DELAY = 5
"""Seconds that `delay_for` may hold entries back for stragglers: Loki's limit."""

_DELAY = re.compile(r"[0-9]{1,9}")

_AHEAD = 10 * MINUTE
"""How far the clocks of senders may be ahead of ours and their entries still come first."""


async def tail(websocket: WebSocket) -> None:
    """`/loki/api/v1/tail`; `encoding_flags` in the URL is for browsers, which can't send the header of queries."""
    flags = (websocket.headers.get(FLAGS_HEADER, ""), url_arguments(websocket).first("encoding_flags"))
    categorize = any(map(asks_for_categories, flags))
    await _serve(websocket, encode_categorized_frame if categorize else encode_frame)


async def legacy_tail(websocket: WebSocket) -> None:
    """`/api/prom/tail`: the same, with labels as text and times as RFC 3339."""
    await _serve(websocket, encode_legacy_frame)


async def tail_without_websocket(_request: Request) -> Response:
    """`/loki/api/v1/tail`, asked as if it had one answer."""
    raise BadRequest(
        "tail speaks WebSocket only: connect to it with ws:// or wss://, as `logcli query --tail` and the page do; "
        "where a proxy lies between, it has to pass the headers Upgrade and Connection on"
    )


def encode_frame(frame: TailFrame) -> bytes:
    """A frame in Loki's JSON; `dropped_entries` is absent when nothing was dropped."""
    return b'{"streams":%b%b}' % (b"".join(encode_streams(frame.entries, categorize=False)), _dropped(frame))


def encode_categorized_frame(frame: TailFrame) -> bytes:
    """A frame with structured metadata and parsed labels apart, and the flag in front that says so."""
    streams = b"".join(encode_streams(frame.entries, categorize=True))
    return b'{%b"streams":%b%b}' % (ENCODING_FLAGS, streams, _dropped(frame))


def encode_legacy_frame(frame: TailFrame) -> bytes:
    """A frame as before Loki 1.0."""
    dropped = [{"labels": format_labels(entry.labels), "timestamp": str(entry.timestamp)} for entry in frame.dropped]
    return encode({"streams": legacy_streams(frame.entries), "dropped_entries": dropped})


def _dropped(frame: TailFrame) -> bytes:
    if not frame.dropped:
        return b""
    dropped = [{"labels": dict(entry.labels), "timestamp": str(entry.timestamp)} for entry in frame.dropped]
    return b',"dropped_entries":%b' % encode(dropped)


async def _serve(websocket: WebSocket, encode_one: Encode) -> None:
    try:
        request, delay = _arguments(websocket)
        query = _log_query(request.query)
        with api_of(websocket).tails.open(request.tenant, query) as opened:
            await _stream(websocket, opened, request, delay, encode_one)
    except SigynError as error:
        if websocket.application_state.name == "CONNECTING":
            await websocket.send_denial_response(plain(str(error), error.status))
        else:
            await websocket.close(1011, str(error)[:120])


async def _stream(websocket: WebSocket, opened: Tail, request: QueryRequest, delay: float, encode_one: Encode) -> None:
    await websocket.receive()  # the wish to connect: what is received next is that the client has gone
    leaving = asyncio.ensure_future(_until_left(websocket))
    try:
        history = await _recent(websocket, request, leaving)
        if history is not None:
            await websocket.accept()
            if history:
                text = await run_in_threadpool(encode_one, TailFrame(history, []))
                await websocket.send_text(text.decode())
            sending = _send(websocket, opened, partial(_text, encode_one, _Sent(history)), delay)
            await _until_over(websocket, asyncio.ensure_future(sending), leaving)
    finally:
        leaving.cancel()


async def _recent(websocket: WebSocket, request: QueryRequest, leaving: asyncio.Future[None]) -> list[LogEntry] | None:
    """The recent entries, oldest first; None when the client went away before they were there."""
    asking = asyncio.ensure_future(api_of(websocket).queries.query_range(request))
    try:
        both: tuple[asyncio.Future[Any], ...] = (asking, leaving)
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if leaving.done():
            return None
        recent = asking.result()
    finally:
        asking.cancel()
    assert isinstance(recent.result, LogResult)
    return recent.result.entries[::-1]


async def _until_over(websocket: WebSocket, sending: asyncio.Future[None], leaving: asyncio.Future[None]) -> None:
    """Returns when the client has gone, or was told that it has been here for long enough."""
    seconds = api_of(websocket).settings.tail_duration / SECOND or None
    try:
        await asyncio.wait({sending, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        sending.cancel()
    if sending.done():
        with suppress(WebSocketDisconnect, asyncio.CancelledError):
            sending.result()
    elif not leaving.done():
        await websocket.close(1000, "reached tail max duration limit")


async def _send(websocket: WebSocket, opened: Tail, text_of: Callable[[TailFrame], str | None], delay: float) -> None:
    while True:
        await websocket.send_text(await opened.next(text_of, delay))


def _text(encode_one: Encode, sent: "_Sent", frame: TailFrame) -> str | None:
    """What a client gets of a frame; None when it has all of it."""
    frame = TailFrame([entry for entry in frame.entries if entry not in sent], frame.dropped)
    return encode_one(frame).decode() if frame.entries or frame.dropped else None


class _Sent:
    """The recent entries, among which those may be that arrived while they were read."""

    def __init__(self, history: list[LogEntry]) -> None:
        self._entries = set(map(_identity, history))
        self._newest = max((entry.timestamp for entry in history), default=0)

    def __contains__(self, entry: LogEntry) -> bool:
        # Most are newer; to make a hash of all labels of each costs more than to encode it.
        return entry.timestamp <= self._newest and _identity(entry) in self._entries


async def _until_left(websocket: WebSocket) -> None:
    while (await websocket.receive())["type"] != "websocket.disconnect":
        pass


def _identity(entry: LogEntry) -> object:
    return (entry.timestamp, entry.line, entry.stream, entry.metadata, entry.parsed)


def _log_query(text: str) -> LogQuery:
    tree = parse(text)
    if not isinstance(tree, LogQuery):
        raise BadRequest("only log queries can be tailed: write a selector and, if need be, a pipeline")
    return tree


def _arguments(websocket: WebSocket) -> tuple[QueryRequest, float]:
    api = api_of(websocket)
    arguments = url_arguments(websocket)
    now = api.clock()
    tenant = tenant_of(websocket)
    limit, _ = cap_entries(limit_parameter(arguments.first("limit"), DEFAULT_LIMIT), api.settings_of(tenant))
    text = arguments.first("delay_for") or "0"
    if not _DELAY.fullmatch(text) or int(text) > MOST_DELAY:
        raise BadRequest(f"delay_for={text} is not valid: write 0 to {MOST_DELAY} seconds")
    request = QueryRequest(
        tenant=tenant,
        query=arguments.first("query"),
        start=time_parameter("start", arguments.first("start"), now - HOUR),
        end=now + _AHEAD,
        step=None,
        limit=limit,
        timeout=api.settings_of(tenant).query_timeout,
        tags=query_tags(websocket),
    )
    return request, float(text)
