"""The `server` section: the agent's own HTTP server."""

from dataclasses import dataclass

from sigyn.agent.config.units import SECOND, Duration, Port, Size


@dataclass(frozen=True, slots=True)
class ServerConfig:
    """Where the agent answers /ready, /targets and /metrics. Port 0 takes a free one."""

    disable: bool = False
    http_listen_address: str = ""
    http_listen_port: Port = 80
    http_path_prefix: str = ""
    http_server_read_timeout: Duration = 30 * SECOND
    http_server_write_timeout: Duration = 30 * SECOND
    http_server_idle_timeout: Duration = 120 * SECOND
    grpc_listen_address: str = ""
    grpc_listen_port: Port = 9095
    grpc_server_max_recv_msg_size: Size = 4 << 20
    grpc_server_max_send_msg_size: Size = 4 << 20
    grpc_server_max_concurrent_streams: int = 100
    register_instrumentation: bool = True
    graceful_shutdown_timeout: Duration = 30 * SECOND
    log_level: str = "info"
    log_format: str = "logfmt"
    profiling_enabled: bool = False
    external_url: str = ""
    health_check_target: bool = True
    enable_runtime_reload: bool = False
    reload: bool = False
