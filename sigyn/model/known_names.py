"""Names of labels and fields that mean something wherever they come from: the defaults of settings."""

SERVICE_LABELS = (
    "service",
    "app",
    "application",
    "app_name",
    "name",
    "app_kubernetes_io_name",
    "container",
    "container_name",
    "k8s_container_name",
    "component",
    "workload",
    "job",
    "k8s_job_name",
)
"""Labels that name the service of a stream, the first of them best: Loki's `discover_service_name`."""

LEVEL_FIELDS = (
    "level",
    "LEVEL",
    "Level",
    "log.level",
    "severity",
    "SEVERITY",
    "Severity",
    "SeverityText",
    "lvl",
    "LVL",
    "Lvl",
    "severity_text",
    "Severity_Text",
    "SEVERITY_TEXT",
)
"""Labels and fields that hold a level: Loki's `log_level_fields`."""

ID_LABELS = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "request_id",
    "req_id",
    "x_request_id",
    "correlation_id",
    "transaction_id",
    "session_id",
    "message_id",
    "event_id",
    "order_id",
    "user_id",
    "customer_id",
    "uuid",
    "guid",
    "pid",
    "process_id",
)
"""Labels whose values are ids; case and `_` make no difference."""
