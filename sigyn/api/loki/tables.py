"""Answers as tables, for clients that ask for them by `format` or in Accept."""

from starlette.responses import Response

from sigyn.api.encoding.table import ARROW, CSV, TABLE_JSON, encode_arrow, encode_csv, encode_table
from sigyn.api.responses import streamed_json
from sigyn.model.errors import BadRequest
from sigyn.model.results import QueryAnswer, TableResult
from sigyn.model.tables import to_table

FORMATS = {"table": TABLE_JSON, "csv": CSV, "arrow": ARROW}
"""Values of the parameter `format`, by media type."""


def table_format(format: str, accept: str) -> str:
    """The media type of the table that a client asks for; empty when it asks for Loki's JSON. Raises BadRequest."""
    if format and format not in (*FORMATS, "loki"):
        raise BadRequest(
            f"format={format} is none: choose one of {', '.join(FORMATS)}, or leave it out for Loki's JSON"
        )
    if format:
        return FORMATS.get(format, "")
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    return next((kind for kind in FORMATS.values() if kind in wanted), "")


def table_response(answer: QueryAnswer, media_type: str) -> Response:
    """The answer as a table; one that is none becomes a row per entry or sample."""
    result = answer.result
    if not isinstance(result, TableResult):
        result = TableResult(0, to_table(result))
    match media_type:
        case "text/csv":
            return Response(encode_csv(result.table), media_type=f"{CSV}; charset=utf-8")
        case "application/vnd.apache.arrow.stream":
            return Response(encode_arrow(result.table), media_type=ARROW)
        case _:
            return streamed_json(encode_table(answer, result))
