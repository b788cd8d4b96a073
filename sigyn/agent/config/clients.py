"""The `clients` section: where entries are sent, and how."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sigyn.agent.config.units import MILLISECOND, SECOND, Duration, LabelTable, Size
from sigyn.agent.config.unused import unused

PROXIED = "NOT APPLIED: all that is asked of this server goes through the proxy"
HTTP_1 = "HTTP/1.1 is spoken in any case"
ENDLESS = "NOT APPLIED: it counts for --stdin alone; what comes from elsewhere is tried until it is taken"
_PATHLESS = "there is no path in it; Loki and Sigyn take pushes at /loki/api/v1/push, and what is refused is lost"
_SLASH = (
    "it ends with a slash; Loki and Sigyn take pushes at /loki/api/v1/push without one, and what is refused is lost"
)
LAG_BY_FILE = "promtail_stream_lag_seconds is by file and by server in any case"


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """User and password; the password may stand in a file."""

    username: str = ""
    username_file: str = ""
    password: str = field(default="", repr=False)
    password_file: str = ""


@dataclass(frozen=True, slots=True)
class Authorization:
    """An Authorization header: its type and credentials, which may stand in a file."""

    type: str = "Bearer"
    credentials: str = field(default="", repr=False)
    credentials_file: str = ""


@dataclass(frozen=True, slots=True)
class TlsConfig:
    """Certificates of a TLS connection: ours, and those that we trust."""

    ca: str = ""
    cert: str = ""
    key: str = field(default="", repr=False)
    ca_file: str = ""
    cert_file: str = ""
    key_file: str = ""
    server_name: str = ""
    insecure_skip_verify: bool = False
    min_version: str = ""
    max_version: str = ""


@dataclass(frozen=True, slots=True)
class OAuth2:
    """Tokens by OAuth 2.0's client credentials flow."""

    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    client_secret_file: str = ""
    scopes: tuple[str, ...] = ()
    token_url: str = ""
    endpoint_params: Mapping[str, str] = field(default_factory=dict)
    tls_config: TlsConfig | None = None
    proxy_url: str = ""


@dataclass(frozen=True, slots=True)
class BackoffConfig:
    """Waits between attempts: from `min_period`, doubled up to `max_period`."""

    min_period: Duration = 500 * MILLISECOND
    max_period: Duration = 300 * SECOND
    max_retries: int = unused(10, ENDLESS)


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """One server that takes the entries."""

    url: str = ""
    name: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    tenant_id: str = ""
    batchwait: Duration = SECOND
    batchsize: Size = 1 << 20
    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    oauth2: OAuth2 | None = None
    bearer_token: str = field(default="", repr=False)
    bearer_token_file: str = ""
    proxy_url: str = ""
    proxy_from_environment: bool = False
    no_proxy: str = unused("", PROXIED)
    follow_redirects: bool = True
    enable_http2: bool = unused(True, HTTP_1)
    tls_config: TlsConfig | None = None
    backoff_config: BackoffConfig = BackoffConfig()
    drop_rate_limited_batches: bool = False
    external_labels: LabelTable = field(default_factory=dict)
    timeout: Duration = 10 * SECOND
    stream_lag_labels: str = unused("", LAG_BY_FILE)


def unlikely_addresses(clients: Sequence[ClientConfig]) -> Iterator[tuple[str, str]]:
    """Keys of addresses that are most likely not those of a push API, and what is to be said."""
    for index, client in enumerate(clients):
        path = urlsplit(client.url).path
        if path in ("", "/"):
            yield f"clients[{index}].url", _PATHLESS
        elif path.endswith("/push/"):
            yield f"clients[{index}].url", _SLASH
