"""Debian's Alertmanager and Prometheus, in processes of their own, on free ports."""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx

T = TypeVar("T")

_LISTENS = re.compile(r'msg="Listening on" address=(\S+)')


@dataclass(frozen=True, slots=True)
class Upstream:
    """A running server: where it listens, and a client for its API."""

    url: str
    client: httpx.Client

    def get(self, path: str, **parameters: str) -> Any:
        answer = self.client.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()


def eventually(look: Callable[[], T], seconds: float = 60) -> T:
    """What `look` gives as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"nothing came in {seconds} s"
        time.sleep(0.1)
    return found


@contextmanager
def alertmanager(folder: Path, **client: Any) -> Iterator[Upstream]:
    """An Alertmanager; a file `web.yml` in the folder is its configuration of TLS and passwords."""
    folder.mkdir(exist_ok=True)
    (folder / "alertmanager.yml").write_text("route: {receiver: none}\nreceivers: [{name: none}]\n")
    flags = ["--config.file=alertmanager.yml", "--storage.path=data", "--cluster.listen-address="]
    with _running("prometheus-alertmanager", folder, flags, client) as running:
        yield running


@contextmanager
def prometheus(folder: Path, address: str = "127.0.0.1:0") -> Iterator[Upstream]:
    """A Prometheus that takes remote writes."""
    folder.mkdir(exist_ok=True)
    (folder / "prometheus.yml").write_text("{}\n")
    flags = ["--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.enable-remote-write-receiver"]
    with _running("prometheus", folder, flags, {}, address) as running:
        yield running


@contextmanager
def _running(
    program: str, folder: Path, flags: list[str], client: Mapping[str, Any], listen: str = "127.0.0.1:0"
) -> Iterator[Upstream]:
    assert shutil.which(program), f"{program} is not installed: run .ci/packages"
    web = folder / "web.yml"
    extra = [f"--web.config.file={web.name}"] if web.exists() else []
    log = folder / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [program, *flags, *extra, f"--web.listen-address={listen}"], cwd=folder, stdout=output, stderr=output
        )
    try:
        address = eventually(lambda: _LISTENS.search(log.read_text()) or _check(process, log))
        url = f"{'https' if client.get('verify') else 'http'}://{address[1]}"
        with httpx.Client(base_url=url, timeout=10, **client) as http:
            eventually(lambda: _is_ready(http))
            yield Upstream(url, http)
    finally:
        process.kill()
        process.wait()


def _check(process: "subprocess.Popen[bytes]", log: Path) -> None:
    assert process.poll() is None, log.read_text()


def _is_ready(http: httpx.Client) -> bool:
    try:
        return http.get("/-/ready").status_code == 200
    except httpx.TransportError:
        return False
