"""Errors as codes of gRPC."""

import grpc

from sigyn.model.errors import BadRequest, SigynError, TooLarge
from sigyn.services.access.identity import Forbidden, Unauthorized


def status_code(error: SigynError) -> grpc.StatusCode:
    """The code with which senders try again what can succeed later and drop what can't, as OTLP specifies."""
    match error:
        case BadRequest() | TooLarge():
            return grpc.StatusCode.INVALID_ARGUMENT
        case Unauthorized():
            return grpc.StatusCode.UNAUTHENTICATED
        case Forbidden():
            return grpc.StatusCode.PERMISSION_DENIED
        case _:  # back-pressure, and faults of ours: with INTERNAL or UNKNOWN, senders would drop what they sent
            return grpc.StatusCode.UNAVAILABLE
