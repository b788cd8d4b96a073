"""`format_query`: a query in its canonical layout."""

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.requests import arguments_of
from sigyn.api.responses import json_response, success
from sigyn.languages.logql import format_query as format_text
from sigyn.model.errors import QueryError


async def format_query(request: Request) -> Response:
    """`/loki/api/v1/format_query`; its errors are JSON, unlike those of all other endpoints."""
    query = (await arguments_of(request)).first("query")
    try:
        return success(format_text(query))
    except QueryError as error:
        return json_response({"status": "invalid-query", "error": str(error)}, error.status)
