"""Targets of objects of a cluster, one function for each role.

Source: Prometheus' documentation of `kubernetes_sd_config`.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sigyn.agent.discovery.groups import TargetLabels
from sigyn.agent.discovery.kubernetes.watch import Object

_PREFIX = "__meta_kubernetes_"
_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")
_KUBELET_PORT = 10_250


def node_targets(node: Object) -> list[TargetLabels]:
    """One target: the kubelet."""
    status = node.get("status") or {}
    addresses: dict[str, str] = {}
    for address in status.get("addresses") or ():
        addresses.setdefault(address["type"], address["address"])
    port = ((status.get("daemonEndpoints") or {}).get("kubeletEndpoint") or {}).get("Port", _KUBELET_PORT)
    preferred = ("InternalIP", "InternalDNS", "ExternalIP", "ExternalDNS", "LegacyHostIP", "Hostname")
    host = next((addresses[kind] for kind in preferred if kind in addresses), "")
    return [
        {
            "__address__": join_host(host, port),
            "instance": node["metadata"]["name"],
            **node_labels(node),
            **{f"{_PREFIX}node_address_{kind}": address for kind, address in addresses.items()},
        }
    ]


def node_labels(node: Object) -> dict[str, str]:
    """The labels of a node: also those that are attached to its pods."""
    return {
        f"{_PREFIX}node_name": node["metadata"]["name"],
        f"{_PREFIX}node_provider_id": (node.get("spec") or {}).get("providerID", ""),
        **object_labels("node", node),
    }


def pod_targets(pod: Object, attached: Mapping[str, str] | None = None) -> list[TargetLabels]:
    """A target for each port of each container, or for the container when it names none."""
    ip = (pod.get("status") or {}).get("podIP", "")
    if not ip:
        return []
    common = {**pod_labels(pod), **(attached or {})}
    targets: list[TargetLabels] = []
    for container, labels in _containers(pod):
        for port in container.get("ports") or ():
            targets.append(
                {
                    **common,
                    **labels,
                    **container_port_labels(port),
                    "__address__": join_host(ip, port["containerPort"]),
                }
            )
        if not container.get("ports"):
            targets.append({**common, **labels, "__address__": f"[{ip}]" if ":" in ip else ip})
    return targets


def pod_labels(pod: Object) -> dict[str, str]:
    """The labels of a pod, without those of its containers."""
    metadata, status, spec = pod["metadata"], pod.get("status") or {}, pod.get("spec") or {}
    ready = next((one["status"] for one in status.get("conditions") or () if one["type"] == "Ready"), "unknown")
    labels = {
        f"{_PREFIX}namespace": metadata.get("namespace", ""),
        f"{_PREFIX}pod_name": metadata["name"],
        f"{_PREFIX}pod_ip": status.get("podIP", ""),
        f"{_PREFIX}pod_ready": ready.lower(),
        f"{_PREFIX}pod_phase": status.get("phase", ""),
        f"{_PREFIX}pod_node_name": spec.get("nodeName", ""),
        f"{_PREFIX}pod_host_ip": status.get("hostIP", ""),
        f"{_PREFIX}pod_uid": metadata.get("uid", ""),
        **object_labels("pod", pod),
    }
    owner = next((one for one in metadata.get("ownerReferences") or () if one.get("controller")), None)
    if owner:
        labels[f"{_PREFIX}pod_controller_kind"] = owner["kind"]
        labels[f"{_PREFIX}pod_controller_name"] = owner["name"]
    return labels


def container_port_labels(port: Mapping[str, Any]) -> dict[str, str]:
    """The labels of a port of a container."""
    return {
        f"{_PREFIX}pod_container_port_name": port.get("name", ""),
        f"{_PREFIX}pod_container_port_number": str(port["containerPort"]),
        f"{_PREFIX}pod_container_port_protocol": port.get("protocol", "TCP"),
    }


def _containers(pod: Object) -> Iterator[tuple[Mapping[str, Any], dict[str, str]]]:
    spec, status = pod.get("spec") or {}, pod.get("status") or {}
    for kind, states, init in (
        ("containers", "containerStatuses", "false"),
        ("initContainers", "initContainerStatuses", "true"),
    ):
        ids = {one["name"]: one.get("containerID", "") for one in status.get(states) or ()}
        for container in spec.get(kind) or ():
            yield (
                container,
                {
                    f"{_PREFIX}pod_container_name": container["name"],
                    f"{_PREFIX}pod_container_id": ids.get(container["name"], ""),
                    f"{_PREFIX}pod_container_image": container.get("image", ""),
                    f"{_PREFIX}pod_container_init": init,
                },
            )


def service_targets(service: Object) -> list[TargetLabels]:
    """A target for each port."""
    metadata, spec = service["metadata"], service.get("spec") or {}
    common = {**service_labels(service), f"{_PREFIX}service_type": spec.get("type", "")}
    if spec.get("type") == "ExternalName":
        common[f"{_PREFIX}service_external_name"] = spec.get("externalName", "")
    else:
        common[f"{_PREFIX}service_cluster_ip"] = spec.get("clusterIP", "")
    if spec.get("type") == "LoadBalancer":
        common[f"{_PREFIX}service_loadbalancer_ip"] = spec.get("loadBalancerIP", "")
    return [
        {
            **common,
            "__address__": join_host(f"{metadata['name']}.{metadata.get('namespace', '')}.svc", port["port"]),
            f"{_PREFIX}service_port_name": port.get("name", ""),
            f"{_PREFIX}service_port_number": str(port["port"]),
            f"{_PREFIX}service_port_protocol": port.get("protocol", "TCP"),
        }
        for port in spec.get("ports") or ()
    ]


def service_labels(service: Object) -> dict[str, str]:
    """The labels of a service: also those that its endpoints have."""
    metadata = service["metadata"]
    return {
        f"{_PREFIX}namespace": metadata.get("namespace", ""),
        f"{_PREFIX}service_name": metadata["name"],
        **object_labels("service", service),
    }


def endpoints_targets(
    endpoints: Object,
    service: Object | None,
    pods: Mapping[str, Object],
    of_node: Callable[[str], Mapping[str, str]],
) -> list[TargetLabels]:
    """A target for each address and port, with the labels of its service, of its pod if it is one, and of its node."""
    metadata = endpoints["metadata"]
    common = {
        f"{_PREFIX}namespace": metadata.get("namespace", ""),
        f"{_PREFIX}endpoints_name": metadata["name"],
        **object_labels("endpoints", endpoints),
        **(service_labels(service) if service else {}),
    }
    targets: list[TargetLabels] = []
    for subset in endpoints.get("subsets") or ():
        for kind, ready in (("addresses", "true"), ("notReadyAddresses", "false")):
            for address in subset.get(kind) or ():
                for port in subset.get("ports") or ():
                    labels = {**common, **_endpoint_labels(address, port, ready)}
                    labels |= _pod_of(address, port, metadata.get("namespace", ""), pods)
                    labels |= of_node(address.get("nodeName", ""))
                    targets.append(labels)
    return targets


def pods_and_nodes_of(endpoints: Object) -> tuple[frozenset[str], frozenset[str]]:
    """The keys of the pods, and the names of the nodes, that the addresses of endpoints are of."""
    namespace = endpoints["metadata"].get("namespace", "")
    pods, nodes = set(), set()
    for subset in endpoints.get("subsets") or ():
        for address in (*(subset.get("addresses") or ()), *(subset.get("notReadyAddresses") or ())):
            reference = address.get("targetRef") or {}
            if reference.get("kind") == "Pod":
                pods.add(f"{namespace}/{reference.get('name', '')}")
            nodes.add(address.get("nodeName", ""))
    return frozenset(pods), frozenset(nodes)


def _endpoint_labels(address: Mapping[str, Any], port: Mapping[str, Any], ready: str) -> dict[str, str]:
    reference = address.get("targetRef") or {}
    return {
        "__address__": join_host(address["ip"], port["port"]),
        f"{_PREFIX}endpoint_port_name": port.get("name", ""),
        f"{_PREFIX}endpoint_port_protocol": port.get("protocol", "TCP"),
        f"{_PREFIX}endpoint_ready": ready,
        f"{_PREFIX}endpoint_address_target_kind": reference.get("kind", ""),
        f"{_PREFIX}endpoint_address_target_name": reference.get("name", ""),
        f"{_PREFIX}endpoint_node_name": address.get("nodeName", ""),
        f"{_PREFIX}endpoint_hostname": address.get("hostname", ""),
    }


def _pod_of(
    address: Mapping[str, Any], port: Mapping[str, Any], namespace: str, pods: Mapping[str, Object]
) -> dict[str, str]:
    reference = address.get("targetRef") or {}
    pod = pods.get(f"{namespace}/{reference.get('name', '')}") if reference.get("kind") == "Pod" else None
    if pod is None:
        return {}
    labels = pod_labels(pod)
    for container, container_labels in _containers(pod):
        for one in container.get("ports") or ():
            if one["containerPort"] == port["port"]:
                return {**labels, **container_labels, **container_port_labels(one)}
    return labels


def ingress_targets(ingress: Object) -> list[TargetLabels]:
    """A target for each path of each rule."""
    metadata, spec = ingress["metadata"], ingress.get("spec") or {}
    common = {
        f"{_PREFIX}namespace": metadata.get("namespace", ""),
        f"{_PREFIX}ingress_name": metadata["name"],
        f"{_PREFIX}ingress_class_name": spec.get("ingressClassName", ""),
        **object_labels("ingress", ingress),
    }
    secure = {host for tls in spec.get("tls") or () for host in tls.get("hosts") or ()}
    targets: list[TargetLabels] = []
    for rule in spec.get("rules") or ():
        host = rule.get("host", "")
        scheme = "https" if any(_covers(name, host) for name in secure) else "http"
        paths = [one.get("path") or "/" for one in (rule.get("http") or {}).get("paths") or ()] or ["/"]
        targets += [
            {
                **common,
                "__address__": host,
                f"{_PREFIX}ingress_scheme": scheme,
                f"{_PREFIX}ingress_host": host,
                f"{_PREFIX}ingress_path": path,
            }
            for path in paths
        ]
    return targets


def object_labels(kind: str, item: Object) -> dict[str, str]:
    """Labels and annotations of an object, with those that say that they are there."""
    labels: dict[str, str] = {}
    for field, word in (("labels", "label"), ("annotations", "annotation")):
        for name, value in (item["metadata"].get(field) or {}).items():
            clean = _NOT_IN_NAMES.sub("_", name)
            labels[f"{_PREFIX}{kind}_{word}_{clean}"] = value
            labels[f"{_PREFIX}{kind}_{word}present_{clean}"] = "true"
    return labels


def join_host(host: str, port: int) -> str:
    """`host:port`, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _covers(name: str, host: str) -> bool:
    if name.startswith("*."):
        return host.partition(".")[2] == name[2:]
    return name == host
