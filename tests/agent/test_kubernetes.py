"""Targets of a cluster, against an API server that lists and watches over real HTTP."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import indent

import pytest

from sigyn.agent.config.clients import Authorization
from sigyn.agent.config.discovery import KubernetesMetadata, KubernetesNamespaces, KubernetesSdConfig
from sigyn.agent.discovery.kubernetes.discovery import KubernetesDiscovery
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.targets.assignment import container_log_path
from tests.agent.api_server import ApiServer, api_server, pod
from tests.agent.processes import push_sink, running_agent, until

PREFIX = "__meta_kubernetes_"


@pytest.fixture
def server() -> Iterator[ApiServer]:
    with api_server() as server:
        yield server


@dataclass
class Found:
    """What discovery says, by object."""

    targets: dict[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)

    def update(self, source: str, targets: Sequence[Mapping[str, str]]) -> None:
        name = source.split("/", 1)[1]
        self.told[name] += 1
        if targets:
            self.targets[name] = targets
        else:
            self.targets.pop(name, None)

    async def until(self, *names: str) -> None:
        async with asyncio.timeout(20):
            while set(self.targets) != set(names):
                await asyncio.sleep(0.01)

    async def until_labels(self, name: str, labels: Mapping[str, str]) -> None:
        async with asyncio.timeout(20):
            while not labels.items() <= self.targets[name][0].items():
                await asyncio.sleep(0.01)


@asynccontextmanager
async def discovering(
    server: ApiServer, config: KubernetesSdConfig | None = None, **settings: object
) -> AsyncIterator[Found]:
    found = Found()
    settings.setdefault("role", "pod")
    settings.setdefault("authorization", Authorization(credentials=server.token))
    config = config or KubernetesSdConfig(api_server=server.url, **settings)  # type: ignore[arg-type]
    task = asyncio.create_task(KubernetesDiscovery(config, "kubernetes", found.update).run())
    try:
        yield found
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def quiet(server: ApiServer, watches: int) -> None:
    """Waits until so many watches were begun."""
    async with asyncio.timeout(20):
        while len(server.watches) < watches:
            await asyncio.sleep(0.01)


def test_pods_come_change_and_go(server: ApiServer) -> None:
    async def scenario() -> None:
        for name in ("a", "b", "c", "d", "e"):  # three pages
            server.put("pods", pod(name))
        async with discovering(server) as found:
            await found.until(*(f"pod/shop/{name}" for name in "abcde"))
            await quiet(server, 1)
            server.put("pods", pod("f"))
            server.delete("pods", "shop", "a")
            server.put("pods", pod("b", tier="front"))
            await found.until(*(f"pod/shop/{name}" for name in "bcdef"))
            assert found.targets["pod/shop/b"][0][f"{PREFIX}pod_label_tier"] == "front"

    asyncio.run(scenario())


def test_labels_of_a_pod(server: ApiServer) -> None:
    async def scenario() -> None:
        server.put("pods", pod("web-1"))
        async with discovering(server) as found:
            await found.until("pod/shop/web-1")
            main, setup = found.targets["pod/shop/web-1"]
        assert main["__address__"] == "10.1.0.7:8080"
        assert setup["__address__"] == "10.1.0.7"
        assert (main[f"{PREFIX}pod_container_init"], setup[f"{PREFIX}pod_container_init"]) == ("false", "true")
        assert {name.removeprefix(PREFIX): value for name, value in main.items() if name != "__address__"} == {
            "namespace": "shop",
            "pod_name": "web-1",
            "pod_ip": "10.1.0.7",
            "pod_ready": "true",
            "pod_phase": "Running",
            "pod_node_name": "node-1",
            "pod_host_ip": "10.0.0.1",
            "pod_uid": "uid-web-1",
            "pod_label_app_kubernetes_io_name": "web",
            "pod_labelpresent_app_kubernetes_io_name": "true",
            "pod_annotation_team": "blue",
            "pod_annotationpresent_team": "true",
            "pod_controller_kind": "ReplicaSet",
            "pod_controller_name": "web-5d",
            "pod_container_name": "main",
            "pod_container_id": "containerd://abc",
            "pod_container_image": "web:1",
            "pod_container_init": "false",
            "pod_container_port_name": "http",
            "pod_container_port_number": "8080",
            "pod_container_port_protocol": "TCP",
        }

    asyncio.run(scenario())


@pytest.mark.parametrize("parity", [0, 1])
def test_an_expired_version_asks_for_a_new_list(server: ApiServer, parity: int) -> None:
    async def scenario() -> None:
        server.put("pods", pod("a"))
        server.put("pods", pod("b"))
        if (server.version - parity) % 2:
            server.put("pods", pod("b"))
        async with discovering(server) as found:
            await found.until("pod/shop/a", "pod/shop/b")
            await quiet(server, 1)
            lists = len(server.lists)
            with server.changed:  # all of it happens while the watch is away
                server.objects["pods"].pop("shop/a")
                server.objects["pods"]["shop/c"] = pod("c")
                server.forget_history()
                server.cut()
            await found.until("pod/shop/b", "pod/shop/c")
            assert len(server.lists) > lists

    asyncio.run(scenario())


def test_a_watch_that_fails_asks_for_a_new_list(server: ApiServer) -> None:
    async def scenario() -> None:
        server.put("pods", pod("a"))
        async with discovering(server) as found:
            await found.until("pod/shop/a")
            await quiet(server, 1)
            with server.changed:
                server.objects["pods"]["shop/b"] = pod("b")
                server.watch_error = 500
                server.cut()
            await found.until("pod/shop/a", "pod/shop/b")
            server.watch_error = 0
            await quiet(server, len(server.watches) + 1)
            server.put("pods", pod("c"))
            await found.until("pod/shop/a", "pod/shop/b", "pod/shop/c")

    asyncio.run(scenario())


def test_a_watch_that_breaks_goes_on_without_a_list(server: ApiServer) -> None:
    async def scenario() -> None:
        server.put("pods", pod("a"))
        async with discovering(server) as found:
            await found.until("pod/shop/a")
            await quiet(server, 1)
            server.put("services", {"metadata": {"name": "x", "namespace": "shop"}})
            server.bookmark("pods")
            lists = len(server.lists)
            server.cut()
            server.put("pods", pod("b"))
            await found.until("pod/shop/a", "pod/shop/b")
            assert len(server.lists) == lists

    asyncio.run(scenario())


def test_a_refused_token_is_asked_again(server: ApiServer, tmp_path: Path) -> None:
    async def scenario() -> None:
        server.put("pods", pod("a"))
        token = tmp_path / "token"
        token.write_text("old\n")
        config = KubernetesSdConfig(role="pod", api_server=server.url, bearer_token_file=str(token))
        async with discovering(server, config) as found:
            await asyncio.sleep(0.1)
            assert not found.targets
            token.write_text("secret\n")  # rotated
            await found.until("pod/shop/a")

    asyncio.run(scenario())


def test_one_namespace_and_the_labels_of_nodes(server: ApiServer) -> None:
    async def scenario() -> None:
        server.put("pods", pod("a"))
        server.put("pods", pod("b", namespace="other"))
        settings = {
            "namespaces": KubernetesNamespaces(names=("shop",)),
            "attach_metadata": KubernetesMetadata(node=True),
        }
        async with discovering(server, **settings) as found:
            await found.until("pod/shop/a")
            server.put("nodes", {"metadata": {"name": "node-1", "labels": {"zone": "z1"}}})
            async with asyncio.timeout(20):
                while found.targets["pod/shop/a"][0].get(f"{PREFIX}node_label_zone") != "z1":
                    await asyncio.sleep(0.01)

    asyncio.run(scenario())


NODE: dict[str, object] = {
    "metadata": {"name": "node-1"},
    "spec": {"providerID": "p1"},
    "status": {
        "addresses": [{"type": "Hostname", "address": "n1"}, {"type": "InternalIP", "address": "10.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": 10250}},
    },
}
SERVICE: dict[str, object] = {
    "metadata": {"name": "web", "namespace": "shop", "labels": {"app": "web"}},
    "spec": {"type": "ClusterIP", "clusterIP": "10.9.0.1", "ports": [{"name": "http", "port": 80}]},
}
INGRESS: dict[str, object] = {
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {
        "ingressClassName": "nginx",
        "tls": [{"hosts": ["*.example.org"]}],
        "rules": [{"host": "shop.example.org", "http": {"paths": [{"path": "/api"}, {"path": "/"}]}}],
    },
}
ENDPOINTS: dict[str, object] = {
    "metadata": {"name": "web", "namespace": "shop"},
    "subsets": [
        {
            "addresses": [{"ip": "10.1.0.7", "nodeName": "node-1", "targetRef": {"kind": "Pod", "name": "web-1"}}],
            "ports": [{"name": "http", "port": 8080}],
        }
    ],
}


OTHER_ROLES: list[tuple[str, str, dict[str, object], str, dict[str, str]]] = [
    (
        "node",
        "nodes",
        NODE,
        "node/node-1",
        {"__address__": "10.0.0.1:10250", "instance": "node-1", f"{PREFIX}node_address_Hostname": "n1"},
    ),
    (
        "service",
        "services",
        SERVICE,
        "service/shop/web",
        {
            "__address__": "web.shop.svc:80",
            f"{PREFIX}service_cluster_ip": "10.9.0.1",
            f"{PREFIX}service_label_app": "web",
        },
    ),
    (
        "ingress",
        "ingresses",
        INGRESS,
        "ingress/shop/web",
        {
            "__address__": "shop.example.org",
            f"{PREFIX}ingress_scheme": "https",
            f"{PREFIX}ingress_path": "/api",
        },
    ),
]


@pytest.mark.parametrize(("role", "collection", "item", "name", "expected"), OTHER_ROLES)
def test_other_roles(
    server: ApiServer, role: str, collection: str, item: dict[str, object], name: str, expected: dict[str, str]
) -> None:
    async def scenario() -> None:
        server.put(collection, dict(item))
        async with discovering(server, role=role) as found:
            await found.until(name)
            assert expected.items() <= dict(found.targets[name][0]).items()

    asyncio.run(scenario())


def test_endpoints_have_the_labels_of_their_service_and_pod(server: ApiServer) -> None:
    async def scenario() -> None:
        server.put("endpoints", dict(ENDPOINTS))
        async with discovering(server, role="endpoints") as found:
            await found.until("endpoints/shop/web")
            server.put("services", dict(SERVICE))
            server.put("pods", pod("web-1"))
            async with asyncio.timeout(20):
                while (
                    not {f"{PREFIX}pod_name", f"{PREFIX}service_name"} <= found.targets["endpoints/shop/web"][0].keys()
                ):
                    await asyncio.sleep(0.01)
            labels = found.targets["endpoints/shop/web"][0]
        assert labels["__address__"] == "10.1.0.7:8080"
        assert labels[f"{PREFIX}service_name"] == "web"
        assert labels[f"{PREFIX}pod_container_name"] == "main"

    asyncio.run(scenario())


def endpoints(name: str, pod: str, node: str) -> dict[str, object]:
    address = {"ip": "10.1.0.7", "nodeName": node, "targetRef": {"kind": "Pod", "name": pod}}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "subsets": [{"addresses": [address], "ports": [{"port": 8080}]}],
    }


def test_endpoints_are_looked_at_when_what_they_refer_to_changes(server: ApiServer) -> None:
    """And no others are: there may be thousands of them, and as many pods."""

    async def scenario() -> None:
        for number in "123":
            server.put("endpoints", endpoints(f"e{number}", f"p{number}", f"n{number}"))
        names = [f"endpoints/shop/e{number}" for number in "123"]
        async with discovering(server, role="endpoints", attach_metadata=KubernetesMetadata(node=True)) as found:
            await found.until(*names)
            await quiet(server, 4)
            found.told.clear()
            server.put("pods", pod("p1", tier="front"))
            await found.until_labels(names[0], {f"{PREFIX}pod_label_tier": "front"})
            server.put("nodes", {"metadata": {"name": "n2", "labels": {"zone": "z2"}}})
            await found.until_labels(names[1], {f"{PREFIX}node_label_zone": "z2"})
            assert found.told == {names[0]: 1, names[1]: 1}
            server.put("endpoints", endpoints("e3", "p1", "n2"))
            await found.until_labels(names[2], {f"{PREFIX}pod_label_tier": "front", f"{PREFIX}node_label_zone": "z2"})
            server.put("endpoints", endpoints("e1", "p4", "n4"))
            server.delete("endpoints", "shop", "e2")
            await found.until(names[0], names[2])
            found.told.clear()
            server.put("pods", pod("p1", tier="back"))
            await found.until_labels(names[2], {f"{PREFIX}pod_label_tier": "back"})
            server.put("nodes", {"metadata": {"name": "n2", "labels": {"zone": "z4"}}})
            await found.until_labels(names[2], {f"{PREFIX}node_label_zone": "z4"})
            assert found.told == {names[2]: 2}

    asyncio.run(scenario())


def test_pods_are_looked_at_when_their_node_changes(server: ApiServer) -> None:
    async def scenario() -> None:
        server.put("pods", pod("a", node="n1"))
        server.put("pods", pod("b", node="n2"))
        async with discovering(server, attach_metadata=KubernetesMetadata(node=True)) as found:
            await found.until("pod/shop/a", "pod/shop/b")
            await quiet(server, 2)
            found.told.clear()
            server.put("nodes", {"metadata": {"name": "n2", "labels": {"zone": "z2"}}})
            await found.until_labels("pod/shop/b", {f"{PREFIX}node_label_zone": "z2"})
            assert found.told == {"pod/shop/b": 1}

    asyncio.run(scenario())


def test_an_unknown_role_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="none of node, pod"):
        KubernetesDiscovery(KubernetesSdConfig(role="pods", api_server="http://x"), "kubernetes", lambda *_: None)


def test_an_agent_reads_the_logs_of_pods(server: ApiServer, tmp_path: Path) -> None:
    logs = tmp_path / "pods" / "shop_web-1_uid-web-1" / "main"
    logs.mkdir(parents=True)
    line = "2026-01-15T10:00:00.123456789Z stdout F hello from a pod"
    (logs / "0.log").write_text(line + "\n")
    server.put("pods", pod("web-1"))
    config = f"""
- job_name: pods
  pipeline_stages: [{{cri: {{}}}}]
  kubernetes_sd_configs: [{{role: pod, api_server: "{server.url}", authorization: {{credentials: secret}}}}]
  relabel_configs:
  - {{source_labels: [__meta_kubernetes_namespace], target_label: namespace}}
  - {{source_labels: [__meta_kubernetes_pod_container_name], target_label: container}}
  - {{source_labels: [container], regex: setup, action: drop}}
  - {{source_labels: [__meta_kubernetes_pod_uid, __meta_kubernetes_pod_container_name], separator: /,
     target_label: __path__, replacement: "{tmp_path}/pods/*$1/*.log"}}
"""
    with push_sink() as sink, running_agent(tmp_path, sink.url, config):
        until(lambda: "hello from a pod" in sink.lines(), "the line of the pod")
        entry = sink.entries[0]
        assert entry.labels == (f'{{container="main", filename="{logs}/0.log", namespace="shop", stream="stdout"}}')
        assert entry.timestamp == 1768471200_123456789
        server.put("pods", pod("web-2"))
        more = tmp_path / "pods" / "shop_web-2_uid-web-2" / "main"
        more.mkdir(parents=True)
        (more / "0.log").write_text(line.replace("hello", "more") + "\n")
        until(lambda: "more from a pod" in sink.lines(), "the line of the pod that came later")


def test_a_pod_without_a_path_has_that_of_the_kubelet(server: ApiServer, tmp_path: Path) -> None:
    server.put("pods", pod("web-1"))
    config = f"""
- job_name: pods
  kubernetes_sd_configs: [{{role: pod, api_server: "{server.url}", authorization: {{credentials: secret}}}}]
  relabel_configs: [{{source_labels: [__meta_kubernetes_pod_container_name], regex: main, action: keep}}]
"""
    with push_sink() as sink, running_agent(tmp_path, sink.url, config) as agent:
        until(lambda: bool(agent.get("/targets").json()["targets"]), "a target")
        (target,) = agent.get("/targets").json()["targets"]
        assert target["details"]["Path"] == "/var/log/pods/shop_web-1_uid-web-1/main/*.log"


SEED_001 = """
kubernetes_sd_configs:
  - role: pod
    namespaces:
      names:
        - neurectomy
        - default
relabel_configs:
  # Filter by app label
  - source_labels: [__meta_kubernetes_pod_label_app]
    regex: ryot
    action: keep

  # Extract metadata
  - source_labels: [__meta_kubernetes_pod_name]
    target_label: pod

  - source_labels: [__meta_kubernetes_namespace]
    target_label: namespace

  - source_labels: [__meta_kubernetes_pod_label_version]
    target_label: version

  - replacement: ryot
    target_label: service
"""


def test_a_block_as_people_write_it(server: ApiServer, tmp_path: Path) -> None:
    """Only how the API is reached, outside of a cluster, is added to it."""
    server.put("pods", pod("ryot-1", "neurectomy", app="ryot", version="1.4"))
    server.put("pods", pod("ryot-2", "default", app="ryot"))
    server.put("pods", pod("ryot-3", "elsewhere", app="ryot", version="1.4"))
    server.put("pods", pod("ryot-like", "default", app="ryot-like"))
    server.put("pods", pod("no-app", "neurectomy"))
    reached = f"    api_server: {server.url}\n    authorization: {{credentials: secret}}\n"
    block = SEED_001.replace("  - role: pod\n", f"  - role: pod\n{reached}")
    config = "- job_name: ryot\n" + indent(block, "  ")

    def targets() -> dict[str, dict[str, str]]:
        rows = agent.get("/targets").json()["targets"]
        return {row["details"]["Path"]: row["labels"] for row in rows}

    first = {"pod": "ryot-1", "namespace": "neurectomy", "version": "1.4", "service": "ryot"}
    second = {"pod": "ryot-2", "namespace": "default", "service": "ryot"}
    expected = {
        "/var/log/pods/neurectomy_ryot-1_uid-ryot-1/main/*.log": first,
        "/var/log/pods/neurectomy_ryot-1_uid-ryot-1/setup/*.log": first,
        "/var/log/pods/default_ryot-2_uid-ryot-2/main/*.log": second,
        "/var/log/pods/default_ryot-2_uid-ryot-2/setup/*.log": second,
    }
    with push_sink() as sink, running_agent(tmp_path, sink.url, config) as agent:
        until(lambda: len(targets()) >= len(expected), "the targets of both namespaces")
        assert targets() == expected
        server.put("pods", pod("ryot-2", "default", app="ryot", version="1.5"))
        until(lambda: any(labels.get("version") == "1.5" for labels in targets().values()), "the version changes")
        server.delete("pods", "neurectomy", "ryot-1")
        until(lambda: first not in targets().values(), "a pod goes")
        assert targets() == {path: {**second, "version": "1.5"} for path in expected if "ryot-2" in path}


def test_a_static_pod_is_found_by_its_hash() -> None:
    labels = {
        "__meta_kubernetes_namespace": "kube-system",
        "__meta_kubernetes_pod_name": "etcd-a",
        "__meta_kubernetes_pod_uid": "uid",
        "__meta_kubernetes_pod_container_name": "etcd",
        "__meta_kubernetes_pod_annotation_kubernetes_io_config_hash": "f00d",
    }
    assert container_log_path(labels) == "/var/log/pods/kube-system_etcd-a_f00d/etcd/*.log"
    assert container_log_path({**labels, "__meta_kubernetes_pod_container_name": ""}) == ""
