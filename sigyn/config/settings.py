"""What a person can set: every setting with its name, default, unit and help.

Names are Loki's wherever Loki has the setting. A value comes from, in falling order: a flag of the
command line, an environment variable `SIGYN_<SECTION>_<NAME>`, the configuration file, the default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sigyn.config.access_settings import AuditSettings, AuthSettings
from sigyn.config.declaration import Declaration, declarations_of, setting
from sigyn.config.limit_settings import LimitsSettings
from sigyn.config.query_settings import QuerySettings
from sigyn.config.redaction_settings import RedactionSettings
from sigyn.config.retention_values import FREE_SPACE, STREAM_RETENTIONS, FreeSpace, StreamRetention
from sigyn.config.ruler_settings import RulerSettings
from sigyn.config.storage_settings import StorageSettings
from sigyn.config.values import (
    ADDRESS,
    BYTES,
    CLIENT_CERTIFICATES,
    COUNT,
    DELETION_MODE,
    DURATION,
    FILE,
    FLAG,
    OPTIONAL_ADDRESS,
    one_of,
)
from sigyn.model.delete_modes import DeleteMode
from sigyn.model.time import HOUR, MINUTE, SECOND


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Where the server listens and what it says about itself."""

    http: str = setting(
        "127.0.0.1:3100",
        ADDRESS,
        "Address of the HTTP API. Port 0 picks a free port and prints it.",
        "server.http_listen_address",
        "server.http_listen_port",
    )
    otlp_grpc: str = setting(
        "127.0.0.1:4317",
        OPTIONAL_ADDRESS,
        "Address where OpenTelemetry SDKs and collectors send logs over gRPC. Empty turns it off.",
    )
    auth_enabled: bool = setting(
        False,
        FLAG,
        "Every request must name its tenant in the header X-Scope-OrgID. Off: there is one tenant, called `fake` "
        "as in Loki, and the header is ignored.",
        "auth_enabled",
    )
    tls_cert_file: str = setting(
        "",
        FILE,
        "Certificate (PEM) of the HTTP API; with it, only HTTPS is spoken. Read again when it changes.",
        "server.http_tls_config.cert_file",
    )
    tls_key_file: str = setting("", FILE, "Private key (PEM) of that certificate.", "server.http_tls_config.key_file")
    memory_bytes: int = setting(
        0,
        BYTES,
        "Memory in no file (`RssAnon`) that the server should stay within; files that it maps come on top. 0: what its "
        "container, or the machine, has to give. Below 2 GB its buffers, the work that it does at once and compactions "
        "are smaller than usual, and bodies of pushes may have a 16th of it; below 512 MB a 32nd, and queries run one "
        "at a time.",
    )
    tls_client_ca_file: str = setting(
        "",
        FILE,
        "Certificates (PEM) of the authority that signs those of clients.",
        "server.http_tls_config.client_ca_file",
    )
    tls_client_certificates: str = setting(
        "none",
        CLIENT_CERTIFICATES,
        "Whether clients must show a certificate of that authority (`required`), or may (`optional`).",
        "server.http_tls_config.client_auth_type",
    )
    grpc_tls_cert_file: str = setting(
        "",
        FILE,
        "Certificate (PEM) of OTLP over gRPC; with it, plain gRPC is refused. Read again when it changes.",
        "server.grpc_tls_config.cert_file",
    )
    grpc_tls_key_file: str = setting(
        "", FILE, "Private key (PEM) of that certificate.", "server.grpc_tls_config.key_file"
    )
    grpc_tls_client_ca_file: str = setting(
        "", FILE, "Authority of the certificates of gRPC clients.", "server.grpc_tls_config.client_ca_file"
    )
    grpc_tls_client_certificates: str = setting(
        "none",
        CLIENT_CERTIFICATES,
        "Whether gRPC clients must show a certificate. gRPC knows no `optional`: it is `none`.",
        "server.grpc_tls_config.client_auth_type",
    )
    processes: int = setting(
        1,
        COUNT,
        "Processes that the server consists of. The first owns the store and answers queries; each further one takes "
        "in pushes over HTTP, where there are cores for it. Each takes 200 MB of memory or more. With TLS there is "
        "one only.",
    )
    header_timeout: int = setting(
        10 * SECOND,
        DURATION,
        "How long a client may take to send the headers of a request; 408 after it.",
        "server.http_server_read_header_timeout",
    )
    body_timeout: int = setting(
        30 * SECOND,
        DURATION,
        "A body of which nothing comes for so long, or less than 8 KB a second after it, is given up with 408.",
        "server.http_server_read_timeout",
    )
    answer_timeout: int = setting(
        MINUTE,
        DURATION,
        "A client that takes nothing of its answer for so long, and leaves it in the server's memory, is cut off; 0: "
        "it never is.",
        "server.http_server_write_timeout",
    )
    max_push_bytes: int = setting(
        64 << 20, BYTES, "Largest body of a push, as sent; larger ones get 413.", "distributor.max_recv_msg_size"
    )
    log_level: str = setting(
        "info",
        one_of("debug", "info", "warn", "error"),
        "Least severe line of the server's own log.",
        "server.log_level",
    )
    log_format: str = setting("logfmt", one_of("logfmt", "json"), "Form of the server's own log.", "server.log_format")
    graceful_shutdown_timeout: int = setting(
        30 * SECOND,
        DURATION,
        "How long requests under way may take to finish when the server is asked to stop.",
        "server.graceful_shutdown_timeout",
    )


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long entries are kept."""

    enabled: bool = setting(
        False,
        FLAG,
        "Delete entries at the end of their period. Off: everything is kept, whatever the periods say, as in Loki.",
        "compactor.retention_enabled",
        "table_manager.retention_deletes_enabled",
    )
    period: int = setting(
        0,
        DURATION,
        "Age at which entries are deleted; 0 keeps them for ever. A tenant may have its own.",
        "limits_config.retention_period",
        "table_manager.retention_period",
    )
    streams: tuple[StreamRetention, ...] = setting(
        (),
        STREAM_RETENTIONS,
        "Periods of their own for streams that match a selector; of several the highest priority counts, then the "
        "shortest period. A tenant may have its own.",
        "limits_config.retention_stream",
        "limits_config.retention_overrides",
    )
    delete_delay: int = setting(
        2 * HOUR,
        DURATION,
        "How long an expired entry stays before it is removed.",
        "compactor.retention_delete_delay",
    )
    max_bytes: int = setting(
        0, BYTES, "Size of all objects together; the oldest segments are deleted beyond it. 0: no bound."
    )
    max_tenant_bytes: int = setting(
        0, BYTES, "The same for the objects of each tenant. A tenant may have its own bound."
    )
    min_free: FreeSpace = setting(
        FreeSpace(),
        FREE_SPACE,
        "Disk space that stays free, where the objects are in a folder; the oldest segments are deleted for it, but "
        "none of the last hour. 0: no bound.",
    )


@dataclass(frozen=True, slots=True)
class DeletesSettings:
    """Delete requests: `/loki/api/v1/delete`."""

    mode: DeleteMode = setting(
        "filter-and-delete",
        DELETION_MODE,
        "Whether what delete requests name is removed, only left out of answers, or shown as if there were none; then "
        "none are taken. A tenant may have its own. Also true and false, as in Loki's `allow_deletes`, and "
        "`whole-stream-deletion` of Loki 2.5, which is `filter-and-delete`.",
        "limits_config.deletion_mode",
        "limits_config.allow_deletes",
        "compactor.deletion_mode",
    )
    cancel_period: int = setting(
        1 * HOUR,
        DURATION,
        "How long a request can be taken back. Its entries are out of every answer at once, and removed after this.",
        "compactor.delete_request_cancel_period",
    )
    max_unprocessed: int = setting(
        100, COUNT, "Requests of a tenant that are not processed yet; more get 429: each costs every query a little."
    )


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set, by section; `tenants` has what is different for a tenant, by path."""

    server: ServerSettings = field(default_factory=ServerSettings)
    storage: StorageSettings = field(default_factory=StorageSettings)
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    query: QuerySettings = field(default_factory=QuerySettings)
    retention: RetentionSettings = field(default_factory=RetentionSettings)
    deletes: DeletesSettings = field(default_factory=DeletesSettings)
    tenants: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    ruler: RulerSettings = field(default_factory=RulerSettings)
    redaction: RedactionSettings = field(default_factory=RedactionSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    audit: AuditSettings = field(default_factory=AuditSettings)


SECTIONS: dict[str, type] = {each.name: each.type for each in fields(Settings) if isinstance(each.type, type)}

DECLARATIONS: dict[str, Declaration] = {
    declaration.path: declaration
    for section, settings in SECTIONS.items()
    for declaration in declarations_of(section, settings)
}
"""Every setting by its path, in the order of the documentation."""


def value_of(settings: Settings, path: str) -> Any:
    """The value of the setting at `path`, such as `limits.max_line_size`."""
    section, _, name = path.partition(".")
    return getattr(getattr(settings, section), name)


def settings_of(settings: Settings, tenant: str) -> Settings:
    """The settings as they are for a tenant."""
    return with_values(settings, settings.tenants.get(tenant, {}))


def with_values(settings: Settings, values: Mapping[str, Any]) -> Settings:
    """The settings with these values, by path."""
    changed: dict[str, dict[str, Any]] = {}
    for path, value in values.items():
        section, _, name = path.partition(".")
        changed.setdefault(section, {})[name] = value
    return replace(
        settings, **{section: replace(getattr(settings, section), **names) for section, names in changed.items()}
    )
