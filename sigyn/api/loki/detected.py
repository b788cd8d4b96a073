"""`detected_fields`, `detected_field/<name>/values` and `detected_labels`."""

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.loki.limits import cap_entries
from sigyn.api.parameters import direction_parameter, limit_parameter
from sigyn.api.requests import Arguments, api_of, arguments_of, tenants_of
from sigyn.api.responses import json_response
from sigyn.api.waiting import while_client_waits
from sigyn.languages.logql import parse
from sigyn.languages.logql.ast import JsonParser, LogfmtParser, LogQuery, PatternParser, RegexpParser, Unpack
from sigyn.model.errors import BadRequest
from sigyn.model.results import LogResult
from sigyn.services.fields import DetectedField, detect_fields, detect_labels
from sigyn.services.query import QueryRequest

FIELD_LIMIT = 1_000

_PARSER_NAMES = {
    JsonParser: "json",
    LogfmtParser: "logfmt",
    PatternParser: "pattern",
    RegexpParser: "regexp",
    Unpack: "unpack",
}


async def fields(request: Request) -> Response:
    """`/loki/api/v1/detected_fields`, from a sample of the newest lines."""
    arguments = await arguments_of(request)
    limit = _field_limit(arguments)
    found = await _detect(request, arguments)
    shown = sorted(found.values(), key=lambda field: field.label)[:limit]
    return json_response({"fields": [_described(field) for field in shown], "limit": limit})


async def field_values(request: Request) -> Response:
    """`/loki/api/v1/detected_field/<name>/values`."""
    arguments = await arguments_of(request)
    limit = _field_limit(arguments)
    field = (await _detect(request, arguments)).get(request.path_params["name"])
    values = list(field.values)[:limit] if field else []
    return json_response({"values": values, "limit": limit})


async def labels(request: Request) -> Response:
    """`/loki/api/v1/detected_labels`; an empty query means all streams."""
    api = api_of(request)
    arguments = await arguments_of(request)
    asked = arguments.range(api.clock())
    selector = arguments.first("query").strip()
    selectors = [] if selector.replace(" ", "") in ("", "{}") else [selector]
    work = api.queries.series(tenants_of(request), asked.start, asked.end, selectors)
    found = detect_labels(await while_client_waits(request, work))
    return json_response(
        {"detectedLabels": [{"label": label.label, "cardinality": label.cardinality} for label in found]}
    )


async def _detect(request: Request, arguments: Arguments) -> dict[str, DetectedField]:
    api, tenants = api_of(request), tenants_of(request)
    settings = api.settings_of(tenants)
    asked = arguments.range(api.clock())
    lines, _ = cap_entries(limit_parameter(arguments.first("line_limit"), settings.line_sample), settings)
    query = arguments.first("query")
    parsers = query_parsers(query)
    answer = await while_client_waits(
        request,
        api.queries.query_range(
            QueryRequest(
                tenant=tenants,
                query=query,
                start=asked.start,
                end=asked.end,
                step=None,
                limit=lines,
                direction=direction_parameter(arguments.first("direction")),
                timeout=settings.query_timeout,
            )
        ),
    )
    assert isinstance(answer.result, LogResult)
    return await run_in_threadpool(detect_fields, answer.result.entries, parsers)


def query_parsers(query: str) -> list[str]:
    """The parsers that a log query names; raises ParseError, and BadRequest for a metric query."""
    tree = parse(query)
    if not isinstance(tree, LogQuery):
        raise BadRequest("only log queries have fields: write a selector and, if need be, a pipeline")
    return [_PARSER_NAMES[type(stage)] for stage in tree.stages if type(stage) in _PARSER_NAMES]


def _field_limit(arguments: Arguments) -> int:
    return limit_parameter(arguments.first("limit") or arguments.first("field_limit"), FIELD_LIMIT)


def _described(field: DetectedField) -> dict[str, object]:
    described: dict[str, object] = {
        "label": field.label,
        "type": field.type,
        "cardinality": field.cardinality,
        "parsers": field.parsers or None,
    }
    if field.json_path:
        described["jsonPath"] = field.json_path
    return described
