"""`/api/prom/*`: Loki's API before 1.0, which old agents and scripts still call."""

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.encoding.legacy import legacy_streams
from sigyn.api.encoding.statistics import loki_statistics
from sigyn.api.loki.labels import label_names, label_values
from sigyn.api.loki.query import range_request
from sigyn.api.requests import Arguments, api_of, arguments_of, tenants_of
from sigyn.api.responses import json_response
from sigyn.api.waiting import while_client_waits
from sigyn.model.errors import BadRequest
from sigyn.model.labels import quote
from sigyn.model.results import LogResult


async def query(request: Request) -> Response:
    """`/api/prom/query`: log queries over a range; `regexp` is one more line filter."""
    api = api_of(request)
    arguments = await arguments_of(request)
    text = arguments.first("query")
    if expression := arguments.first("regexp"):
        text = f"{text} |~ {quote(expression)}"
    arguments = Arguments({**arguments.values, "query": [text]})
    tenant = tenants_of(request)
    asked, _ = range_request(tenant, arguments, api.clock(), api.settings_of(tenant))
    answer = await while_client_waits(request, api.queries.query_range(asked))
    if not isinstance(answer.result, LogResult):
        raise BadRequest("only log queries are answered here: send metric queries to /loki/api/v1/query_range")
    return json_response(
        {"streams": legacy_streams(answer.result.entries), "stats": loki_statistics(answer.statistics)}
    )


async def labels(request: Request) -> Response:
    """`/api/prom/label`."""
    return json_response({"values": await label_names(request)})


async def values(request: Request) -> Response:
    """`/api/prom/label/<name>/values`."""
    return json_response({"values": await label_values(request)})
