"""The door of gRPC: the same questions as at that of HTTP, before a call reaches its handler."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import structlog

from sigyn.api.access.asking import ASKING
from sigyn.api.access.door import Access
from sigyn.api.otlp.status import status_code
from sigyn.api.responses import DEFECT
from sigyn.model.errors import SigynError
from sigyn.model.time import Clock, system_clock
from sigyn.services.access.audit import AuditRecord
from sigyn.services.access.authenticator import Credentials
from sigyn.services.access.identity import ANYBODY, PUSH, Identity

_log = structlog.get_logger("sigyn.api")
_REFUSED = {grpc.StatusCode.UNAUTHENTICATED: 401, grpc.StatusCode.PERMISSION_DENIED: 403}
"""What is on record of pushes, with the status that it has over HTTP."""


class GrpcDoor(grpc.aio.ServerInterceptor):  # type: ignore[misc]
    """Lets calls in that may push, and aborts all others; what a defect of ours breaks off, senders try again."""

    def __init__(self, access: Access, clock: Clock = system_clock) -> None:
        self._access = access
        self._clock = clock

    async def intercept_service(self, continuation: Callable[[Any], Awaitable[Any]], handler_call_details: Any) -> Any:
        """The handler of a call behind the door."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or handler.unary_unary is None:
            return handler

        async def guarded(message: bytes, context: Any) -> Any:
            identity, began = ANYBODY, time.perf_counter()
            try:
                identity = await self._access.authenticator.identify(_credentials(context))
                identity.check_scope(PUSH)
                ASKING.set(identity)
                return await handler.unary_unary(message, context)
            except SigynError as error:
                await context.abort(status_code(error), str(error))
            except grpc.aio.AbortError:
                raise  # an answer that the handler gave
            except Exception as error:  # the hook for defects that gRPC has not: it would answer UNKNOWN
                _log.error("request failed", method="gRPC", path=method, error=repr(error), exc_info=error)
                await context.abort(grpc.StatusCode.UNAVAILABLE, DEFECT)
                raise
            finally:
                if context.code() in _REFUSED:
                    self._record(context, identity, method, time.perf_counter() - began)

        return grpc.unary_unary_rpc_method_handler(guarded, handler.request_deserializer, handler.response_serializer)

    def _record(self, context: Any, identity: Identity, method: str, seconds: float) -> None:
        if self._access.audit.on:
            tenants = _metadata(context).get("x-scope-orgid", "")
            self._access.audit.write(
                AuditRecord(
                    time=self._clock(),
                    identity=identity.name,
                    method=identity.method,
                    tenants=str(tenants) or identity.only_tenant or "",
                    client=context.peer(),
                    action=PUSH,
                    request=f"GRPC {method}",
                    parameters={},
                    status=_REFUSED[context.code()],
                    seconds=seconds,
                )
            )


def _metadata(context: Any) -> dict[str, Any]:
    return dict(context.invocation_metadata() or ())


def _credentials(context: Any) -> Credentials:
    names = context.auth_context().get("x509_common_name", ())
    authorization = _metadata(context).get("authorization", "")
    return Credentials(str(authorization), "", names[0].decode() if names else "")
