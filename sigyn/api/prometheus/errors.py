"""Errors as clients of Prometheus read them."""

from collections.abc import Awaitable, Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import Response

from sigyn.api.responses import error_body, json_response
from sigyn.model.errors import SigynError

Handler = Callable[[Request], Awaitable[Response]]


def in_prometheus_words(handler: Handler) -> Handler:
    """The handler with its errors as JSON, which is all that clients of Prometheus read."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except SigynError as error:
            return json_response(error_body(error), error.status)

    return answer
