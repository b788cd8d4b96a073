"""The `server` section: the agent's own HTTP server."""

from dataclasses import dataclass

from sigyn.agent.config.units import SECOND, Duration, Port, Size
from sigyn.agent.config.unused import unused

UNBOUNDED = "NOT APPLIED: the agent has no such bound on requests for its pages"
NO_GRPC = "the agent listens on no gRPC"
NO_RELOAD = "NOT APPLIED: start the agent anew for another configuration; it goes on where it was"


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where the agent answers /ready, /targets and /metrics. Port 0 takes a free one."""

    disable: bool = False
    http_listen_address: str = ""
    http_listen_port: Port = 80
    http_path_prefix: str = ""
    http_server_read_timeout: Duration = unused(30 * SECOND, UNBOUNDED)
    http_server_write_timeout: Duration = unused(30 * SECOND, UNBOUNDED)
    http_server_idle_timeout: Duration = unused(120 * SECOND, "connections that are idle are closed after 5 s")
    grpc_listen_address: str = unused("", NO_GRPC)
    grpc_listen_port: Port = 9095  # nothing to say of it: nearly every file turns gRPC off by it
    grpc_server_max_recv_msg_size: Size = unused(4 << 20, NO_GRPC)
    grpc_server_max_send_msg_size: Size = unused(4 << 20, NO_GRPC)
    grpc_server_max_concurrent_streams: int = unused(100, NO_GRPC)
    register_instrumentation: bool = unused(True, "/metrics is there in any case")
    graceful_shutdown_timeout: Duration = unused(30 * SECOND, "requests for the pages have a second to finish")
    log_level: str = "info"
    log_format: str = "logfmt"
    profiling_enabled: bool = unused(False, "NOT APPLIED: there are no pages for profiles")
    external_url: str = unused("", "links on the pages are relative, and so are right behind any proxy")
    health_check_target: bool = unused(True, "the agent is ready once it reads, with targets or without")
    enable_runtime_reload: bool = unused(False, NO_RELOAD)
    reload: bool = unused(False, NO_RELOAD)
