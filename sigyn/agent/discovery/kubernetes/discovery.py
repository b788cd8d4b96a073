"""`kubernetes_sd_configs` at work: collections of objects to targets."""

import asyncio
from collections import ChainMap
from collections.abc import Iterable, Mapping

from sigyn.agent.config.discovery import KubernetesSdConfig
from sigyn.agent.discovery.groups import Update
from sigyn.agent.discovery.kubernetes.access import KubernetesApi, kubernetes_api, own_namespace
from sigyn.agent.discovery.kubernetes.roles import (
    endpoints_targets,
    ingress_targets,
    node_labels,
    node_targets,
    pod_targets,
    pods_and_nodes_of,
    service_targets,
)
from sigyn.agent.discovery.kubernetes.watch import Collection, Object, OnChange
from sigyn.agent.errors import ConfigurationError

_PATHS = {
    "node": ("/api/v1", "nodes"),
    "pod": ("/api/v1", "pods"),
    "service": ("/api/v1", "services"),
    "endpoints": ("/api/v1", "endpoints"),
    "ingress": ("/apis/networking.k8s.io/v1", "ingresses"),
}


class KubernetesDiscovery:
    """The targets of one role. `source` names the configuration, objects get names below it."""

    def __init__(self, config: KubernetesSdConfig, source: str, update: Update) -> None:
        """Raises ConfigurationError."""
        if config.role not in _PATHS:
            raise ConfigurationError(f"kubernetes_sd_configs.role: `{config.role}` is none of {', '.join(_PATHS)}")
        self._config = config
        self._source = source
        self._update = update
        self._api: KubernetesApi = kubernetes_api(config)
        names = list(config.namespaces.names)
        if config.namespaces.own_namespace:
            names.append(own_namespace())
        self._namespaces = names or [""]
        self._collections: dict[str, list[Collection]] = {}
        self._endpoints_of_pod: dict[str, set[str]] = {}
        self._endpoints_of_node: dict[str, set[str]] = {}
        self._pods_and_nodes: dict[str, tuple[frozenset[str], frozenset[str]]] = {}  # of each of the endpoints
        on_change = {
            "node": self._on_node,
            "pod": self._on_pod,
            "service": self._on_service,
            "endpoints": self._on_endpoints,
            "ingress": self._on_ingress,
        }[config.role]
        self._add(config.role, on_change)
        if config.role == "endpoints":
            self._add("service", lambda key, _: self._refresh_endpoints(key))
            self._add("pod", lambda key, _: self._refresh_those_with(self._endpoints_of_pod, key))
        if config.attach_metadata.node and config.role == "endpoints":
            self._add("node", lambda key, _: self._refresh_those_with(self._endpoints_of_node, key))
        if config.attach_metadata.node and config.role == "pod":
            self._add("node", lambda key, _: self._refresh_pods_on(key))

    async def run(self) -> None:
        """Follows the cluster until it is cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for collections in self._collections.values():
                    for collection in collections:
                        group.create_task(collection.follow())
        finally:
            await self._api.client.aclose()

    def _add(self, role: str, on_change: OnChange) -> None:
        root, plural = _PATHS[role]
        selectors = next((one for one in self._config.selectors if one.role == role), None)
        parameters = {
            name: value
            for name, value in (
                ("labelSelector", selectors.label if selectors else ""),
                ("fieldSelector", selectors.field if selectors else ""),
            )
            if value
        }
        namespaces = [""] if role == "node" else self._namespaces
        self._collections[role] = [
            Collection(
                self._api,
                f"{root}/namespaces/{namespace}/{plural}" if namespace else f"{root}/{plural}",
                parameters,
                on_change,
            )
            for namespace in namespaces
        ]

    def _objects(self, role: str) -> Mapping[str, Object]:
        return ChainMap(*(collection.objects for collection in self._collections.get(role, ())))

    def _name(self, key: str) -> str:
        return f"{self._source}/{self._config.role}/{key}"

    def _attached_node(self, name: str) -> dict[str, str]:
        node = self._objects("node").get(name) if self._config.attach_metadata.node else None
        return node_labels(node) if node else {}

    def _on_node(self, key: str, node: Object | None) -> None:
        self._update(self._name(key), node_targets(node) if node else [])

    def _on_pod(self, key: str, pod: Object | None) -> None:
        if pod is None:
            self._update(self._name(key), [])
            return
        attached = self._attached_node((pod.get("spec") or {}).get("nodeName", ""))
        self._update(self._name(key), pod_targets(pod, attached))

    def _on_service(self, key: str, service: Object | None) -> None:
        self._update(self._name(key), service_targets(service) if service else [])

    def _on_ingress(self, key: str, ingress: Object | None) -> None:
        self._update(self._name(key), ingress_targets(ingress) if ingress else [])

    def _on_endpoints(self, key: str, endpoints: Object | None) -> None:
        self._note_endpoints(key, endpoints)
        if endpoints is None:
            self._update(self._name(key), [])
            return
        service = self._objects("service").get(key)
        self._update(self._name(key), endpoints_targets(endpoints, service, self._objects("pod"), self._attached_node))

    def _note_endpoints(self, key: str, endpoints: Object | None) -> None:
        """Notes which pods and nodes endpoints have to do with: of thousands each change has to do with few."""
        indexes = self._endpoints_of_pod, self._endpoints_of_node
        for known, names in zip(indexes, self._pods_and_nodes.pop(key, ((), ())), strict=True):
            for name in names:
                known[name].discard(key)
                if not known[name]:
                    del known[name]
        if endpoints is None:
            return
        self._pods_and_nodes[key] = pods_and_nodes_of(endpoints)
        for known, names in zip(indexes, self._pods_and_nodes[key], strict=True):
            for name in names:
                known.setdefault(name, set()).add(key)

    def _refresh_endpoints(self, key: str) -> None:
        endpoints = self._objects("endpoints").get(key)
        if endpoints:
            self._on_endpoints(key, endpoints)

    def _refresh_those_with(self, known: Mapping[str, Iterable[str]], name: str) -> None:
        for key in sorted(known.get(name, ())):
            self._refresh_endpoints(key)

    def _refresh_pods_on(self, node: str) -> None:
        for key, pod in self._objects("pod").items():
            if (pod.get("spec") or {}).get("nodeName", "") == node:
                self._on_pod(key, pod)
