"""Bodies on their way out, and errors as Loki words them."""

from collections.abc import Iterator
from itertools import chain

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sigyn.api.encoding.json import encode
from sigyn.languages.lexer import excerpt
from sigyn.model.errors import ParseError, SigynError, TooManyRequests, Unavailable
from sigyn.model.time import Clock
from sigyn.services.paced_warnings import PacedWarnings
from sigyn.wire.loki import JSON as JSON_TYPE
from sigyn.wire.loki import PROTOBUF, media_type
from sigyn.wire.otlp_status import encode_status, encode_status_json

JSON = "application/json; charset=UTF-8"

OTLP_PATHS = ("/otlp/v1/logs", "/v1/logs")
"""Where OpenTelemetry's exporters send logs to."""

DEFECT = "internal server error: the server's log has the details"
"""What the client is told of a defect of ours."""

_AGAIN_SECONDS = "5"

_CHUNK_BYTES = 512 << 10
"""Small enough that encoding it on the event loop takes a few ms, large enough to hide the cost of a send."""

_log = structlog.get_logger("sigyn.api")


def json_response(value: object, status: int = 200) -> Response:
    """A small value as JSON."""
    return Response(encode(value), status, media_type=JSON)


def success(data: object) -> Response:
    """`{"status":"success","data":...}`."""
    return json_response({"status": "success", "data": data})


def streamed_json(pieces: Iterator[bytes]) -> Response:
    """Pieces as one JSON body: at once when it is small, else as it is encoded, in a worker thread."""
    chunks = join_pieces(pieces, _CHUNK_BYTES)
    first = next(chunks, b"")
    if len(first) < _CHUNK_BYTES:
        return Response(first, media_type=JSON)
    return StreamingResponse(chain((first,), chunks), media_type=JSON)


def join_pieces(pieces: Iterator[bytes], size: int) -> Iterator[bytes]:
    """The same bytes in chunks of at least `size`, save the last."""
    buffer: list[bytes] = []
    buffered = 0
    for piece in pieces:
        buffer.append(piece)
        buffered += len(piece)
        if buffered >= size:
            yield b"".join(buffer)
            buffer.clear()
            buffered = 0
    if buffer:
        yield b"".join(buffer)


def plain(text: str, status: int = 200) -> Response:
    """A line of text."""
    return PlainTextResponse(text + "\n", status)


class ErrorAnswers:
    """Answers errors with their own status, and tells faults of ours in the log.

    What may pass, 503, is told once a minute for each path: clients come again, and say nothing to who could mend it.
    """

    def __init__(self, clock: Clock) -> None:
        self._warnings = PacedWarnings(clock)

    async def on_sigyn_error(self, request: Request, error: Exception) -> Response:
        """In plain text, as Loki answers them, or as JSON for who asks for JSON.

        A second line of the text says what would be right, where that can be guessed.
        """
        assert isinstance(error, SigynError)
        path = request.url.path
        if error.status == SigynError.status:  # nobody is meant to meet these: a segment that is lost, a newer format
            _log.error("request failed", method=request.method, path=path, error=str(error))
        elif isinstance(error, Unavailable) and self._warnings.is_due(path):
            _log.warning("request can't be answered now", method=request.method, path=path, error=str(error))
        return error_response(request, error)


def error_response(request: Request, error: SigynError) -> Response:
    """The answer to a request that went wrong."""
    hint = error.hint if isinstance(error, ParseError) and error.column else ""
    if error.status >= 400 and request.scope["path"] in OTLP_PATHS:
        response = _otlp_error(request, str(error), error.status)
    elif accepts_json(request):
        response = json_response(error_body(error), error.status)
    else:
        response = plain(f"{error}\nhint: {hint}" if hint else str(error), error.status)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    elif isinstance(error, Unavailable):
        response.headers["Retry-After"] = _AGAIN_SECONDS
    return response


def _otlp_error(request: Request, message: str, status: int) -> Response:
    """A Status in the encoding of the request, which is where exporters look for the reason.

    They drop what was refused with a 500, as OTLP wants of them, and try again after a 503.
    """
    status = 503 if status == 500 else status
    if media_type(request.headers.get("content-type", "")) == JSON_TYPE:
        return Response(encode_status_json(message), status, media_type=JSON)
    return Response(encode_status(message), status, media_type=PROTOBUF)


def accepts_json(request: Request) -> bool:
    """Whether the client names JSON among what it takes; `*/*` does not."""
    kinds = (part.partition(";")[0].strip().lower() for part in request.headers.get("accept", "").split(","))
    return any(kind == "application/json" or kind.endswith("+json") for kind in kinds)


def error_body(error: SigynError) -> dict[str, object]:
    """An error as JSON.

    `details` of a query that can't be parsed: `line` and `column` from 1 (0: no single place), `length`
    in characters, `hint`, and `excerpt`: the line with carets under the place.
    """
    body: dict[str, object] = {"status": "error", "errorType": _ERROR_TYPES.get(error.status, "internal")}
    body["error"] = body["message"] = str(error)
    if isinstance(error, ParseError):
        body["details"] = {
            "line": error.line,
            "column": error.column,
            "length": error.length,
            "hint": error.hint,
            "excerpt": excerpt(error),
        }
    return body


_ERROR_TYPES = {
    400: "bad_data",
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    422: "bad_data",
    429: "too_many_requests",
    499: "canceled",
    503: "unavailable",
    504: "timeout",
}


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Unknown paths and wrong methods, in Go's words."""
    assert isinstance(error, HTTPException)
    text = "404 page not found" if error.status_code == 404 else error.detail
    return PlainTextResponse(text + "\n", error.status_code, error.headers)


async def on_defect(request: Request, error: Exception) -> Response:
    """A defect of ours: the client gets a short line; uvicorn logs the trace."""
    _log.error("request failed", method=request.method, path=request.url.path, error=repr(error))
    if request.scope["path"] not in OTLP_PATHS:
        return plain(DEFECT, 500)
    response = _otlp_error(request, DEFECT, 500)
    response.headers["Retry-After"] = _AGAIN_SECONDS
    return response
