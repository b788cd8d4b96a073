"""From discovered labels to targets that are read, by relabelling; remembers both for the pages."""

import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from sigyn.agent.discovery.groups import TargetLabels
from sigyn.agent.targets.file_reader import FileReader, FileTarget
from sigyn.agent.targets.job import Job
from sigyn.agent.targets.line_splitting import LineSplitter
from sigyn.languages.relabel import RelabelRule, relabel, without_meta

_PATH, _EXCLUDE, _HOST = "__path__", "__path_exclude__", "__host__"
_POD = "__meta_kubernetes_pod_"
_STATIC_HASH = f"{_POD}annotation_kubernetes_io_config_hash"


@dataclass(frozen=True, slots=True)
class Assigned:
    """A discovered target: with labels when it is read, else with the reason why not."""

    discovered: TargetLabels
    labels: Mapping[str, str] = field(default_factory=dict)
    path: str = ""
    exclude: str = ""
    reason: str = ""


Follow = Callable[[str, Sequence[tuple[TargetLabels, dict[str, str]]]], None]
"""Takes targets that are not files: the source, and pairs of discovered and final labels."""


class Assignment:
    """The targets of one scrape config."""

    def __init__(
        self,
        job: Job,
        rules: Sequence[RelabelRule],
        reader: FileReader,
        splitter: LineSplitter,
        compression: str,
        follow: Follow | None = None,
    ) -> None:
        """`follow`: takes what discovery finds in place of the file reader."""
        self.job = job
        self.sources: dict[str, list[Assigned]] = {}
        self._rules = rules
        self._reader = reader
        self._splitter = splitter
        self._compression = compression
        self._follow = follow
        self._hostname = socket.gethostname()

    def update(self, source: str, targets: Sequence[TargetLabels]) -> None:
        """Takes what discovery says of a source now."""
        assigned = [self._assign(target) for target in targets]
        self.sources[source] = assigned
        if not targets:
            del self.sources[source]
        kept = [one for one in assigned if not one.reason]
        if self._follow:
            self._follow(source, [(one.discovered, dict(one.labels)) for one in kept])
            return
        files = [
            FileTarget(self.job, one.path, one.exclude, dict(one.labels), self._splitter, self._compression)
            for one in kept
        ]
        self._reader.set_targets(f"{self.job.name}/{source}", files)

    def _assign(self, target: TargetLabels) -> Assigned:
        labels = relabel(target, self._rules)
        if labels is None:
            return Assigned(target, reason="dropped by relabel_configs")
        final = without_meta(labels)
        if self._follow:
            return Assigned(target, final)
        host = labels.get(_HOST, "")
        if host and host != self._hostname:
            return Assigned(target, final, reason=f"on host {host}, not on {self._hostname}")
        path = labels.get(_PATH) or container_log_path(labels)
        if not path:
            return Assigned(target, final, reason="no __path__")
        return Assigned(target, final, path, labels.get(_EXCLUDE, ""))


def container_log_path(labels: Mapping[str, str]) -> str:
    """Where the kubelet keeps the log of a pod's container, by the labels of discovery; empty for anything else.

    For configurations that don't derive `__path__` by rules of their own. The folder of a static pod is named
    by its hash in place of its uid.
    """
    names = [labels.get(f"{_POD}{name}", "") for name in ("name", "container_name", "uid")]
    namespace = labels.get("__meta_kubernetes_namespace", "")
    if not namespace or not all(names):
        return ""
    pod, container, uid = names
    return f"/var/log/pods/{namespace}_{pod}_{labels.get(_STATIC_HASH) or uid}/{container}/*.log"
