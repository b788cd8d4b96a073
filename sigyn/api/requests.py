"""What a request carries: its parameters, its tenant, its body."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.requests import HTTPConnection, Request

from sigyn.api.access.asking import tenant_from, tenants_from
from sigyn.api.parameters import RangeTexts, range_parameters
from sigyn.model.errors import BadRequest, SigynError, TooLarge
from sigyn.model.time import HOUR, SECOND, TimeRange
from sigyn.services.joined_tenants import joined

if TYPE_CHECKING:
    from sigyn.api.app import Api
    from sigyn.api.push_api import PushApi

ARGUMENTS = "sigyn.arguments"
"""Where a request keeps its parameters, those of its form too, for the audit log."""

_SLOWEST_BYTES = 8 << 10
"""Bytes a second of a body on average, once `body_timeout` is over: a fiftieth of a slow phone's."""

FORM = "application/x-www-form-urlencoded"


class TooSlow(SigynError):
    """A body that does not come."""

    status = 408


@dataclass(frozen=True, slots=True)
class Arguments:
    """Parameters of a request: those of the form first, then those of the URL."""

    values: dict[str, list[str]]

    def first(self, name: str) -> str:
        """The first value of a parameter; empty when there is none."""
        return self.values.get(name, [""])[0]

    def all(self, name: str) -> list[str]:
        """All values of a parameter, in order."""
        return self.values.get(name, [])

    def range(self, now: int, default_length: int = HOUR) -> TimeRange:
        """The range of `start`, `end` and `since`; raises BadRequest."""
        texts = RangeTexts(self.first("start"), self.first("end"), self.first("since"))
        return range_parameters(texts, now, default_length)


def push_api_of(connection: HTTPConnection) -> "PushApi":
    """What takes in the pushes of this request, whether or not the process serves more than those."""
    api: PushApi = connection.app.state.api
    return api


def api_of(connection: HTTPConnection) -> "Api":
    """The services and settings that serve this request."""
    api: Api = connection.app.state.api
    return api


async def arguments_of(request: Request) -> Arguments:
    """The parameters of a GET or of a form POST; raises BadRequest and TooLarge."""
    pairs: list[tuple[str, str]] = []
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method in ("POST", "PUT") and kind == FORM:
        body = await bounded_body(request, api_of(request).settings.max_form_bytes)
        try:
            pairs += parse_qsl(body.decode(), keep_blank_values=True)
        except UnicodeDecodeError as error:
            raise BadRequest(f"the form is not UTF-8: byte {error.start}") from None
    arguments = _arguments(pairs + url_pairs(request))
    request.scope[ARGUMENTS] = arguments.values
    return arguments


def url_arguments(connection: HTTPConnection) -> Arguments:
    """The parameters in the URL alone."""
    return _arguments(url_pairs(connection))


def url_pairs(connection: HTTPConnection) -> list[tuple[str, str]]:
    """Names and values in the URL, in its order."""
    # Some scripts send UTF-8 without escaping it.
    return parse_qsl(connection.scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)


async def bounded_body(request: Request, limit: int, count: Callable[[int], None] | None = None) -> bytes:
    """The body as sent; raises TooLarge past `limit` bytes without reading the rest.

    `count` is called with the bytes of each piece that has come, and may raise to refuse the rest.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise TooLarge(f"the body has {announced} bytes, at most {limit} are taken; send smaller batches")
    chunks: list[bytes] = []
    size = 0
    patience = push_api_of(request).settings.body_timeout / SECOND
    began = time.monotonic()
    async for chunk in _with_patience(request, patience):
        size += len(chunk)
        if time.monotonic() - began > patience + size / _SLOWEST_BYTES:
            raise TooSlow(f"the body comes slower than {_SLOWEST_BYTES} bytes a second")
        if size > limit:
            raise TooLarge(f"the body has over {limit} bytes, which is the most that is taken; send smaller batches")
        if count is not None:
            count(len(chunk))
        chunks.append(chunk)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


async def _with_patience(request: Request, seconds: float) -> AsyncIterator[bytes]:
    chunks = request.stream()
    while True:
        try:
            async with asyncio.timeout(seconds):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise TooSlow(f"nothing of the body came for {seconds:g} s (server.body_timeout)") from None
        if chunk is None:
            return
        yield chunk


def tenant_of(connection: HTTPConnection) -> str:
    """The one tenant that the request speaks for; raises Unauthorized, Forbidden and BadRequest."""
    return tenant_from(connection.headers.get("x-scope-orgid", ""), push_api_of(connection).settings.auth_enabled)


def tenants_of(connection: HTTPConnection) -> str:
    """The tenants whose data the request reads, as one name; raises Unauthorized, Forbidden and BadRequest."""
    settings = api_of(connection).settings
    tenants = tenants_from(connection.headers.get("x-scope-orgid", ""), settings.auth_enabled)
    if len(tenants) > 1 and not settings.multi_tenant_queries:
        raise BadRequest(
            f"multiple org IDs present: {', '.join(tenants)}; "
            "query.multi_tenant_queries_enabled lets a query read several"
        )
    return joined(tenants)


def query_tags(connection: HTTPConnection) -> tuple[tuple[str, str], ...]:
    """What X-Query-Tags says of who asks, `source=grafana,feature=beta`."""
    parts = (part.partition("=") for part in connection.headers.get("x-query-tags", "").split(","))
    return tuple((name.strip(), value.strip()) for name, separator, value in parts if separator)


def _arguments(pairs: list[tuple[str, str]]) -> Arguments:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Arguments(values)
