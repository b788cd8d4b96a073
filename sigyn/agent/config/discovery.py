"""How the targets of a scrape config are found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sigyn.agent.config.clients import HTTP_1, PROXIED, Authorization, BasicAuth, OAuth2, TlsConfig
from sigyn.agent.config.decoding import one_of
from sigyn.agent.config.units import SECOND, Duration, LabelTable, Port
from sigyn.agent.config.unused import unused

KUBERNETES_ROLES: Final = ("pod", "node", "service", "endpoints", "ingress")


@dataclass(frozen=True, slots=True)
class StaticConfig:
    """`static_configs`: labels, among them `__path__` and `__path_exclude__`."""

    targets: tuple[str, ...] = ("localhost",)
    labels: LabelTable = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FileSdConfig:
    """`file_sd_configs`: files of static configs, read again when they change."""

    files: tuple[str, ...] = ()
    refresh_interval: Duration = 300 * SECOND


@dataclass(frozen=True, slots=True)
class HttpAccess:
    """How an HTTP API is reached: proxy, credentials, TLS."""

    proxy_url: str = ""
    proxy_from_environment: bool = False
    no_proxy: str = unused("", PROXIED)
    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None
    oauth2: OAuth2 | None = None
    bearer_token: str = field(default="", repr=False)
    bearer_token_file: str = ""
    tls_config: TlsConfig | None = None
    follow_redirects: bool = True
    enable_http2: bool = unused(True, HTTP_1)


@dataclass(frozen=True, slots=True)
class KubernetesNamespaces:
    """Namespaces that are looked at; all when none is named."""

    own_namespace: bool = False
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KubernetesSelector:
    """Label and field selectors for objects of one role."""

    role: str = ""
    label: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class KubernetesMetadata:
    """What else is attached to targets."""

    node: bool = False
    namespace: bool = False


@dataclass(frozen=True, slots=True)
class KubernetesSdConfig(HttpAccess):
    """`kubernetes_sd_configs`: pods, nodes, services, endpoints or ingresses of a cluster."""

    role: str = field(default="", metadata={"read": one_of(KUBERNETES_ROLES, "Kubernetes SD role")})
    api_server: str = ""
    kubeconfig_file: str = ""
    namespaces: KubernetesNamespaces = KubernetesNamespaces()
    selectors: tuple[KubernetesSelector, ...] = ()
    attach_metadata: KubernetesMetadata = KubernetesMetadata()


@dataclass(frozen=True, slots=True)
class DockerFilter:
    """A filter of Docker's container list."""

    name: str = ""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DockerSdConfig(HttpAccess):
    """`docker_sd_configs`: the running containers of a Docker daemon."""

    host: str = ""
    port: Port = 80
    host_networking_host: str = "localhost"
    match_first_network: bool = True
    filters: tuple[DockerFilter, ...] = ()
    refresh_interval: Duration = 60 * SECOND


@dataclass(frozen=True, slots=True)
class ConsulSdConfig(HttpAccess):
    """`consul_sd_configs` and `consulagent_sd_configs`: services that Consul knows."""

    server: str = "localhost:8500"
    path_prefix: str = ""
    token: str = field(default="", repr=False)
    datacenter: str = ""
    namespace: str = ""
    partition: str = ""
    scheme: str = "http"
    username: str = ""
    password: str = field(default="", repr=False)
    services: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tag_separator: str = ","
    node_meta: Mapping[str, str] = field(default_factory=dict)
    allow_stale: bool = True
    refresh_interval: Duration = 30 * SECOND
