"""How the API server is reached: as configured, by a kubeconfig, or as a pod of the cluster."""

import base64
import os
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from sigyn.agent.config.discovery import KubernetesSdConfig
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.shipping.access import authorization_header, http_client

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_TIMEOUT = 30.0


@dataclass(frozen=True, slots=True)
class KubernetesApi:
    """A client, and the Authorization header for its requests, which may change: tokens are rotated."""

    client: httpx.AsyncClient
    authorization: Callable[[], Awaitable[str]]


def kubernetes_api(config: KubernetesSdConfig, environ: Mapping[str, str] = os.environ) -> KubernetesApi:
    """The API server of a configuration; raises ConfigurationError."""
    if config.kubeconfig_file:
        return _by_kubeconfig(Path(config.kubeconfig_file))
    if config.api_server:
        client = http_client(config, _TIMEOUT)
        client.base_url = httpx.URL(config.api_server.rstrip("/"))
        return KubernetesApi(client, lambda: authorization_header(config))
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise ConfigurationError(
            "kubernetes_sd_configs: no api_server, no kubeconfig_file, and this process runs in no pod of a cluster"
        )
    context = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    address = f"[{host}]" if ":" in host else host
    client = httpx.AsyncClient(base_url=f"https://{address}:{port}", verify=context, timeout=_TIMEOUT)

    async def token() -> str:
        return f"Bearer {(_ACCOUNT / 'token').read_text(encoding='ascii').strip()}"

    return KubernetesApi(client, token)


def own_namespace() -> str:
    """The namespace of the pod that this process runs in; raises ConfigurationError."""
    try:
        return (_ACCOUNT / "namespace").read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"namespaces.own_namespace: {error.strerror}: is this a pod?") from None


def _by_kubeconfig(path: Path) -> KubernetesApi:
    try:
        document = yaml.safe_load(path.read_bytes())
        context = _named(document, "contexts", document["current-context"])["context"]
        cluster = _named(document, "clusters", context["cluster"])["cluster"]
        user = _named(document, "users", context["user"])["user"]
        server = str(cluster["server"])
    except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
        raise ConfigurationError(f"kubeconfig_file: {path} can't be used: {error}") from None
    client = httpx.AsyncClient(base_url=server, verify=_kubeconfig_tls(path, cluster, user), timeout=_TIMEOUT)
    token_file, token = user.get("tokenFile", ""), user.get("token", "")

    async def header() -> str:
        given = Path(token_file).read_text(encoding="ascii").strip() if token_file else token
        return f"Bearer {given}" if given else ""

    return KubernetesApi(client, header)


def _named(document: Mapping[str, Any], kind: str, name: str) -> Any:
    for one in document[kind]:
        if one["name"] == name:
            return one
    raise KeyError(f"`{name}` in {kind}")


def _kubeconfig_tls(path: Path, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(
            cafile=cluster.get("certificate-authority"),
            cadata=_decoded(cluster.get("certificate-authority-data")),
        )
        if user.get("client-certificate"):
            context.load_cert_chain(user["client-certificate"], user.get("client-key"))
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"kubeconfig_file: certificates of {path} can't be used: {error}") from None
    if user.get("client-certificate-data"):
        raise ConfigurationError(f"kubeconfig_file: {path}: write the client certificate to a file, or use a token")
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _decoded(data: str | None) -> str | None:
    return base64.b64decode(data).decode("ascii") if data else None
