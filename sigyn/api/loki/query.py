"""`query` and `query_range`: LogQL in, streams, matrices, vectors and scalars out."""

from dataclasses import replace
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.encoding.answer import encode_answer
from sigyn.api.encoding.streams import asks_for_categories
from sigyn.api.encoding.table import TABLE_JSON, loki_shape
from sigyn.api.loki.limits import cap_entries, cap_range
from sigyn.api.loki.tables import table_format, table_response
from sigyn.api.parameters import (
    direction_parameter,
    interval_parameter,
    limit_parameter,
    step_parameter,
    time_parameter,
)
from sigyn.api.requests import Arguments, api_of, arguments_of, query_tags, tenants_of
from sigyn.api.responses import streamed_json
from sigyn.api.settings import ApiSettings
from sigyn.api.waiting import while_client_waits
from sigyn.model.errors import BadRequest
from sigyn.model.results import (
    MAX_POINTS,
    LogResult,
    QueryAnswer,
    QueryResult,
    TableResult,
    VectorResult,
)
from sigyn.model.time import TimeRange
from sigyn.services.query import QueryRequest

DEFAULT_LIMIT = 100
ENCODING_FLAGS = "x-loki-response-encoding-flags"
"""The header that asks for structured metadata and parsed labels apart from those of streams."""

_FEW_ITEMS = 1_000  # entries, samples or rows: those of usual answers, for which the way to a thread costs more

_FEW_LABELS = 5_000  # of entries, of their own: some 5 ms


async def query_range(request: Request) -> Response:
    """`/loki/api/v1/query_range`."""
    api = api_of(request)
    arguments = await arguments_of(request)
    tenant = tenants_of(request)
    query, warnings = range_request(tenant, arguments, api.clock(), api.settings_of(tenant))
    answer = await while_client_waits(request, api.queries.query_range(replace(query, tags=query_tags(request))))
    return await respond(request, answer, warnings, arguments.first("format"))


async def query_instant(request: Request) -> Response:
    """`/loki/api/v1/query`; a log query answers with the lines before `time`, where Loki refuses."""
    api = api_of(request)
    arguments = await arguments_of(request)
    tenant = tenants_of(request)
    query, warnings = instant_request(tenant, arguments, api.clock(), api.settings_of(tenant))
    answer = await while_client_waits(request, api.queries.query_instant(replace(query, tags=query_tags(request))))
    return await respond(request, answer, warnings, arguments.first("format"), instant=True)


async def respond(
    request: Request, answer: QueryAnswer, warnings: tuple[str, ...], format: str = "", *, instant: bool = False
) -> Response:
    """The answer with the warnings of the API before those of the query: in Loki's JSON, unless asked otherwise.

    Raises BadRequest for a format that there is not.
    """
    answer = replace(answer, warnings=warnings + answer.warnings)
    encoded = partial(_encoded, request, answer, format, instant)
    return await run_in_threadpool(encoded) if _is_large(answer.result) else encoded()


def _encoded(request: Request, answer: QueryAnswer, format: str, instant: bool) -> Response:
    chosen = table_format(format, request.headers.get("accept", ""))
    if chosen and not (chosen == TABLE_JSON and not format and not isinstance(answer.result, TableResult)):
        return table_response(answer, chosen)
    if isinstance(answer.result, TableResult):
        answer = replace(answer, result=loki_shape(answer.result, instant=instant))
    categorize = asks_for_categories(request.headers.get(ENCODING_FLAGS, ""))
    return streamed_json(encode_answer(answer, categorize=categorize))


def _is_large(result: QueryResult) -> bool:
    """Whether the begin of the answer takes longer to encode than the event loop may be held up.

    Before its first byte is known all entries are put into streams, and rows, or samples of a vector, are encoded.
    """
    match result:
        case LogResult(entries):
            if len(entries) > _FEW_ITEMS:
                return True
            return sum([len(entry.metadata) + len(entry.parsed) for entry in entries]) > _FEW_LABELS
        case VectorResult(samples=samples):
            return len(samples) > _FEW_ITEMS
        case TableResult(table=table):
            return int(table.num_rows) > _FEW_ITEMS
        case _:
            return False


def range_request(
    tenant: str, arguments: Arguments, now: int, settings: ApiSettings
) -> tuple[QueryRequest, tuple[str, ...]]:
    """The range query that these parameters ask for, and warnings about what was cut; raises BadRequest."""
    asked = arguments.range(now)
    step = step_parameter(arguments.first("step"))
    if step is not None:
        check_points(asked, step)
    interval = interval_parameter(arguments.first("interval"))
    limited = cap_range(asked, now, settings)
    limit, limit_warnings = _limit(arguments, settings)
    query = QueryRequest(
        tenant=tenant,
        query=arguments.first("query"),
        start=limited.range.start,
        end=limited.range.end,
        step=step,
        limit=limit,
        direction=direction_parameter(arguments.first("direction")),
        interval=interval,
        timeout=settings.query_timeout,
    )
    return query, limited.warnings + limit_warnings


def check_points(asked: TimeRange, step: int) -> None:
    """Raises BadRequest for more steps than a series of an answer may have points."""
    if (asked.end - asked.start) // step > MAX_POINTS:
        raise BadRequest(
            f"exceeded maximum resolution of {MAX_POINTS:,} points per time series. "
            "Try increasing the value of the step parameter"
        )


def instant_request(
    tenant: str, arguments: Arguments, now: int, settings: ApiSettings
) -> tuple[QueryRequest, tuple[str, ...]]:
    """The instant query that these parameters ask for, and warnings; raises BadRequest."""
    time = time_parameter("time", arguments.first("time"), now)
    limit, warnings = _limit(arguments, settings)
    query = QueryRequest(
        tenant=tenant,
        query=arguments.first("query"),
        start=time - settings.instant_lookback,
        end=time,
        step=None,
        limit=limit,
        direction=direction_parameter(arguments.first("direction")),
        timeout=settings.query_timeout,
    )
    return query, warnings


def _limit(arguments: Arguments, settings: ApiSettings) -> tuple[int, tuple[str, ...]]:
    return cap_entries(limit_parameter(arguments.first("limit"), DEFAULT_LIMIT), settings)
