"""What both OTLP endpoints do with a decoded request: store it, and say what was not taken."""

from typing import TYPE_CHECKING

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from sigyn.services.ingest import PushRefused
from sigyn.wire.push import DecodedPush

if TYPE_CHECKING:
    from sigyn.api.push_api import PushApi


async def store_logs(api: "PushApi", tenant: str, push: DecodedPush) -> ExportLogsServiceResponse:
    """Returns when the entries are durable; raises what the ingest service raises.

    Where part of a request is refused and the rest stored, the answer is OTLP's partial success,
    which makes senders drop the refused part and not send the whole again.
    """
    response = ExportLogsServiceResponse()
    if not push.stream_count:
        return response
    try:
        await api.ingest.push(tenant, push)
    except PushRefused as refused:
        if not refused.outcome.entries:
            raise
        partial = response.partial_success
        partial.rejected_log_records = sum(refusal.entries for refusal in refused.outcome.refusals.by_reason.values())
        partial.error_message = str(refused)
    return response
