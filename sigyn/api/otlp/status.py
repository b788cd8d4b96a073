"""Errors as codes of gRPC."""

import grpc

from sigyn.model.errors import BadRequest, SigynError, TooLarge, TooManyRequests, Unavailable
from sigyn.services.access.identity import Forbidden, Unauthorized


def status_code(error: SigynError) -> grpc.StatusCode:
    """The code with which senders try again what can succeed later and drop what can't, as OTLP specifies."""
    match error:
        case TooManyRequests() | Unavailable():
            return grpc.StatusCode.UNAVAILABLE
        case BadRequest() | TooLarge():
            return grpc.StatusCode.INVALID_ARGUMENT
        case Unauthorized():
            return grpc.StatusCode.UNAUTHENTICATED
        case Forbidden():
            return grpc.StatusCode.PERMISSION_DENIED
        case _:
            return grpc.StatusCode.INTERNAL
