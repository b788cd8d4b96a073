"""Recorded series, as Grafana's Prometheus data source asks for them."""

from collections.abc import Iterator, Sequence

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.encoding.answer import RESULT_TYPES, encode_result
from sigyn.api.parameters import SECONDS_DIGITS, parse_time, seconds_or_duration
from sigyn.api.prometheus.errors import in_prometheus_words
from sigyn.api.requests import Arguments, api_of, arguments_of, tenant_of
from sigyn.api.responses import streamed_json, success
from sigyn.api.waiting import while_client_waits
from sigyn.languages.logql import ast
from sigyn.languages.promql import NAME, parse_promql
from sigyn.model.errors import BadRequest
from sigyn.model.labels import Labels
from sigyn.model.results import MAX_POINTS, QueryResult
from sigyn.model.time import TimeRange


@in_prometheus_words
async def query_instant(request: Request) -> Response:
    """`/prometheus/api/v1/query`: `query`, `time`."""
    api = api_of(request)
    arguments = await arguments_of(request)
    time = _time(arguments, "time", api.clock())
    work = api.ruler.query(tenant_of(request), arguments.first("query"), time)
    return _answer(await while_client_waits(request, work))


@in_prometheus_words
async def query_range(request: Request) -> Response:
    """`/prometheus/api/v1/query_range`: `query`, `start`, `end`, `step`."""
    api = api_of(request)
    arguments = await arguments_of(request)
    start, end = (_time(arguments, name, None) for name in ("start", "end"))
    step = seconds_or_duration(arguments.first("step"))
    if end < start:
        raise BadRequest('invalid parameter "end": end timestamp must not be before start time')
    if step <= 0:
        raise BadRequest('invalid parameter "step": write seconds, or a duration such as 30s')
    if (end - start) // step > MAX_POINTS:
        raise BadRequest(
            f"exceeded maximum resolution of {MAX_POINTS:,} points per timeseries. "
            "Try decreasing the query resolution (?step=XX)"
        )
    work = api.ruler.query_range(tenant_of(request), arguments.first("query"), start, end, step)
    return _answer(await while_client_waits(request, work))


@in_prometheus_words
async def series(request: Request) -> Response:
    """`/prometheus/api/v1/series`: `match[]`, `start`, `end`."""
    arguments = await arguments_of(request)
    return success([dict(labels) for labels in await _series(request, arguments)])


@in_prometheus_words
async def labels(request: Request) -> Response:
    """`/prometheus/api/v1/labels`: `match[]`, `start`, `end`."""
    arguments = await arguments_of(request)
    found = await _series(request, arguments)
    return success(sorted({name for own in found for name, _ in own}))


@in_prometheus_words
async def label_values(request: Request) -> Response:
    """`/prometheus/api/v1/label/<name>/values`: `match[]`, `start`, `end`."""
    wanted = request.path_params["name"]
    arguments = await arguments_of(request)
    found = await _series(request, arguments)
    return success(sorted({value for own in found for name, value in own if name == wanted}))


@in_prometheus_words
async def metadata(request: Request) -> Response:
    """`/prometheus/api/v1/metadata`: recorded series are gauges, and their rules are their help."""
    found: dict[str, list[dict[str, str]]] = {}
    for run in api_of(request).ruler.groups(tenant_of(request)):
        for rule in run.group.rules:
            if rule.key.startswith("record"):
                found[rule.name] = [{"type": "gauge", "help": rule.expression.text.strip(), "unit": ""}]
    return success(found)


@in_prometheus_words
async def exemplars(request: Request) -> Response:
    """`/prometheus/api/v1/query_exemplars`: there are none."""
    tenant_of(request)
    return success([])


async def _series(request: Request, arguments: Arguments) -> Sequence[Labels]:
    api = api_of(request)
    asked = _range(arguments, api.clock())
    selectors = [_selector(text) for text in arguments.all("match[]")]
    work = api.ruler.recorded(tenant_of(request), selectors, asked.start, asked.end)
    return await while_client_waits(request, work)


def _selector(text: str) -> ast.Selector:
    query = parse_promql(text)
    if not isinstance(query, ast.RangeAggregation) or query.operator != "last_over_time":
        raise BadRequest(f'invalid parameter "match[]": `{text}` is no selector, such as {{{NAME}="name"}}')
    return query.log_range.query.selector


def _range(arguments: Arguments, now: int) -> TimeRange:
    return TimeRange(_time(arguments, "start", 0), _time(arguments, "end", now))


def _time(arguments: Arguments, name: str, default: int | None) -> int:
    text = arguments.first(name)
    if not text:
        if default is None:
            raise BadRequest(f'invalid parameter "{name}": write seconds since 1970, or RFC 3339')
        return default
    if text.isdigit() and len(text) > SECONDS_DIGITS:
        text += ".0"  # Loki's nanoseconds are no time of Prometheus'
    try:
        return parse_time(text)
    except ValueError:
        raise BadRequest(
            f'invalid parameter "{name}": `{text}` is no time: write seconds since 1970, or RFC 3339'
        ) from None


def _answer(result: QueryResult) -> Response:
    return streamed_json(_pieces(result))


def _pieces(result: QueryResult) -> Iterator[bytes]:
    yield b'{"status":"success","data":{"resultType":"%b","result":' % RESULT_TYPES[type(result)]
    yield from encode_result(result, False)
    yield b"}}"
