"""Which trace a log record belongs to."""

import logging
import sys


def trace_context(record: logging.LogRecord) -> dict[str, str]:
    """`trace_id` and `span_id` of a record; empty when it is of no trace.

    They come from the record's attributes of these names (a filter or `extra` sets them), from those
    that OpenTelemetry's logging instrumentation sets, or from OpenTelemetry's current span when the
    program uses that package.
    """
    context = _of_record(record, "trace_id", "span_id") or _of_record(record, "otelTraceID", "otelSpanID")
    return context or _of_current_span()


def _of_record(record: logging.LogRecord, trace_name: str, span_name: str) -> dict[str, str]:
    ids = {"trace_id": getattr(record, trace_name, None), "span_id": getattr(record, span_name, None)}
    texts = {name: str(value) for name, value in ids.items() if value is not None}
    return {name: text for name, text in texts.items() if text.strip("0")}


def _of_current_span() -> dict[str, str]:
    # A program without OpenTelemetry has not imported it, and then there is no span to ask for.
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return {}
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return {}
    return {"trace_id": f"{context.trace_id:032x}", "span_id": f"{context.span_id:016x}"}
