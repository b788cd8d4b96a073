"""The HTTP API of a Docker daemon, and `docker_sd_configs`: its running containers as targets.

Source: Docker's Engine API; the labels are Prometheus'.
"""

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import httpx
import structlog

from sigyn.agent.config.discovery import DockerSdConfig
from sigyn.agent.discovery.groups import TargetLabels, Update
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.shipping.access import authorization_header, http_client
from sigyn.model.time import SECOND

_log = structlog.get_logger("sigyn.agent.docker")
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
ID_LABEL = "__meta_docker_container_id"


def docker_client(config: DockerSdConfig) -> httpx.AsyncClient:
    """A client for the daemon at `unix:///var/run/docker.sock`, `tcp://...` or `http://...`.

    Raises ConfigurationError.
    """
    parts = urlsplit(config.host)
    if parts.scheme == "unix":
        transport = httpx.AsyncHTTPTransport(uds=parts.path)
        client = http_client(config, 30.0, transport)
        client.base_url = httpx.URL("http://docker")
        return client
    if parts.scheme not in ("tcp", "http", "https"):
        raise ConfigurationError(
            f"docker_sd_configs.host: `{config.host}` is none of unix://, tcp://, http://, https://"
        )
    secure = parts.scheme == "https" or (parts.scheme == "tcp" and config.tls_config is not None)
    client = http_client(config, 30.0)
    client.base_url = httpx.URL(f"http{'s' if secure else ''}://{parts.netloc}")
    return client


async def discover_containers(config: DockerSdConfig, client: httpx.AsyncClient, source: str, update: Update) -> None:
    """Asks for the containers again and again, until it is cancelled; when the daemon is away they stay."""
    while True:
        try:
            update(source, await list_containers(config, client))
        except (httpx.HTTPError, OSError, ConfigurationError, ValueError) as error:
            _log.warning("containers can't be listed", host=config.host, reason=str(error) or type(error).__name__)
        await asyncio.sleep(config.refresh_interval / SECOND)


async def list_containers(config: DockerSdConfig, client: httpx.AsyncClient) -> Sequence[TargetLabels]:
    """A target for each container and port; raises what httpx raises."""
    header = await authorization_header(config)
    headers = {"Authorization": header} if header else {}
    filters = json.dumps({one.name: list(one.values) for one in config.filters})
    answer = await client.get(
        "/containers/json", params={"filters": filters} if config.filters else {}, headers=headers
    )
    answer.raise_for_status()
    networks_answer = await client.get("/networks", headers=headers)
    networks_answer.raise_for_status()
    networks = {network["Id"]: network for network in networks_answer.json()}
    return [target for container in answer.json() for target in container_targets(config, container, networks)]


def container_targets(
    config: DockerSdConfig, container: Mapping[str, Any], networks: Mapping[str, Mapping[str, Any]]
) -> list[TargetLabels]:
    """The targets of a container: one for each port in each of its networks (or the first alone)."""
    host_config = container.get("HostConfig") or {}
    common = {
        ID_LABEL: container["Id"],
        "__meta_docker_container_name": (container.get("Names") or [""])[0],
        "__meta_docker_container_network_mode": host_config.get("NetworkMode", ""),
        "__meta_docker_container_log_stream": "",
    }
    for name, value in (container.get("Labels") or {}).items():
        common["__meta_docker_container_label_" + _NOT_IN_NAMES.sub("_", name)] = value
    attached = (container.get("NetworkSettings") or {}).get("Networks") or {}
    names = sorted(attached)[: 1 if config.match_first_network else None]
    targets: list[TargetLabels] = []
    for name in names:
        network = attached[name]
        labels = {**common, **_network_labels(name, network, networks)}
        address = network.get("IPAddress", "")
        ports = [port for port in container.get("Ports") or [] if port.get("Type") == "tcp"]
        for port in ports:
            private = str(port.get("PrivatePort", ""))
            targets.append(
                {
                    **labels,
                    "__meta_docker_network_ip": address,
                    "__meta_docker_port_private": private,
                    "__meta_docker_port_public": str(port.get("PublicPort", "")),
                    "__meta_docker_port_public_ip": str(port.get("IP", "")),
                    "__address__": f"{address}:{private}",
                }
            )
        if not ports:
            host = config.host_networking_host if name == "host" else address
            targets.append({**labels, "__meta_docker_network_ip": address, "__address__": f"{host}:{config.port}"})
    return targets or [{**common, "__address__": config.host_networking_host}]


def _network_labels(name: str, network: Mapping[str, Any], networks: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    known = networks.get(network.get("NetworkID", ""), {})
    labels = {
        "__meta_docker_network_id": str(network.get("NetworkID", "")),
        "__meta_docker_network_name": str(known.get("Name", name)),
        "__meta_docker_network_scope": str(known.get("Scope", "")),
        "__meta_docker_network_ingress": str(known.get("Ingress", False)).lower(),
        "__meta_docker_network_internal": str(known.get("Internal", False)).lower(),
    }
    for label, value in (known.get("Labels") or {}).items():
        labels["__meta_docker_network_label_" + _NOT_IN_NAMES.sub("_", label)] = value
    return labels
