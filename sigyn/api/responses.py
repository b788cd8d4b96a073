"""Bodies on their way out, and errors as Loki words them."""

from collections.abc import Iterator
from itertools import chain

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from sigyn.api.encoding.json import encode
from sigyn.model.errors import SigynError, TooManyRequests, Unavailable

JSON = "application/json; charset=UTF-8"

_CHUNK_BYTES = 256 << 10
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
    second = next(chunks, None)
    if second is None:
        return Response(first, media_type=JSON)
    return StreamingResponse(chain((first, second), chunks), media_type=JSON)


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


async def on_sigyn_error(_request: Request, error: Exception) -> Response:
    """Errors in plain text with their own status, as Loki answers them."""
    assert isinstance(error, SigynError)
    response = plain(str(error), error.status)
    if isinstance(error, TooManyRequests):
        response.headers["Retry-After"] = str(max(1, round(error.retry_after)))
    elif isinstance(error, Unavailable):
        response.headers["Retry-After"] = "5"
    return response


async def on_http_exception(_request: Request, error: Exception) -> Response:
    """Unknown paths and wrong methods, in Go's words."""
    assert isinstance(error, HTTPException)
    text = "404 page not found" if error.status_code == 404 else error.detail
    return PlainTextResponse(text + "\n", error.status_code, error.headers)


async def on_defect(request: Request, error: Exception) -> Response:
    """A defect of ours: the client gets a short line; uvicorn logs the trace."""
    _log.error("request failed", method=request.method, path=request.url.path, error=repr(error))
    return plain("internal server error: the server's log has the details", 500)
