"""`/sigyn/api/v1/export`."""

from collections.abc import AsyncIterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from sigyn.api.export.formats import FORMATS, Format
from sigyn.api.export.pages import Export, read_pages
from sigyn.api.export.rows import Row, parse_cursor
from sigyn.api.parameters import direction_parameter, limit_parameter
from sigyn.api.requests import Arguments, api_of, arguments_of, query_tags, tenants_of
from sigyn.api.waiting import while_client_waits
from sigyn.languages.logql import ast, parse
from sigyn.model.errors import BadRequest
from sigyn.model.time import HOUR
from sigyn.services.query import QueryRequest

MISSING = "X-Sigyn-Missing"
"""Header: what an export leaves out."""

_PAGE_TIMEOUT = HOUR


async def export(request: Request) -> Response:
    """Streams the whole result of a log query.

    Parameters: `query`, `start`, `end`, `since` as query_range takes them; `direction` (oldest first
    by default); `format` ndjson, arrow or parquet, else what `Accept` names; `after` to continue
    behind a row; `limit` for at most that many rows; `allow_missing=true` to go on without what objects
    in quarantine held, which the header X-Sigyn-Missing then tells. A fault on the way cuts the body short, which
    clients see as an incomplete transfer, and which `after` continues.
    """
    api = api_of(request)
    arguments = await arguments_of(request)
    asked = arguments.range(api.clock())
    if isinstance(parse(arguments.first("query")), ast.PipedQuery):
        raise BadRequest(
            "export writes the entries of a log query; leave its pipes out, or ask query_range with format=csv or arrow"
        )
    body = export_format(request, arguments)
    wanted = Export(
        QueryRequest(
            tenant=tenants_of(request),
            query=arguments.first("query"),
            start=asked.start,
            end=asked.end,
            step=None,
            direction=direction_parameter(arguments.first("direction") or "forward"),
            timeout=_PAGE_TIMEOUT,
            in_pages=True,
            tags=query_tags(request),
        ),
        parse_cursor(arguments.first("after")),
        limit_parameter(arguments.first("limit"), 0),
        api.settings.export_page_bytes,
        allow_missing=_allows_missing(arguments.first("allow_missing")),
    )
    pages = read_pages(api.queries, wanted)
    # The first page comes before the status line, so that a bad query is a 400.
    first = await while_client_waits(request, _next(pages), _PAGE_TIMEOUT)
    headers = {MISSING: "; ".join(wanted.missing)} if wanted.missing else {}
    return StreamingResponse(_body(first, pages, body), headers=headers, media_type=body.media_type)


def _allows_missing(text: str) -> bool:
    if text.lower() not in ("", "0", "false", "1", "true"):
        raise BadRequest(f"allow_missing={text} is neither true nor false")
    return text.lower() in ("1", "true")


async def _next(pages: AsyncIterator[list[Row]]) -> list[Row]:
    return await anext(pages, [])


async def _body(first: list[Row], pages: AsyncIterator[list[Row]], body: Format) -> AsyncIterator[bytes]:
    yield await run_in_threadpool(body.page, first)
    async for page in pages:
        yield await run_in_threadpool(body.page, page)
    yield await run_in_threadpool(body.end)


def export_format(request: Request, arguments: Arguments) -> Format:
    """The format that the request asks for; raises BadRequest."""
    name = arguments.first("format")
    if name:
        if name not in FORMATS:
            raise BadRequest(f"format={name} is not known: write one of {', '.join(FORMATS)}")
        return FORMATS[name]()
    accepted = request.headers.get("accept", "")
    for kind in FORMATS.values():
        if kind.media_type in accepted:
            return kind()
    return FORMATS["ndjson"]()


EXPORT_ROUTES: list[BaseRoute] = [Route("/sigyn/api/v1/export", export, methods=["GET", "POST"])]
