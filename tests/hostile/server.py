"""A server that is about to be attacked, in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

OPEN_SETTINGS = {"SIGYN_SERVER_HEADER_TIMEOUT": "1s", "SIGYN_SERVER_BODY_TIMEOUT": "1s"}
LOCKED_SETTINGS = OPEN_SETTINGS | {"SIGYN_AUTH_TYPE": "token", "SIGYN_SERVER_AUTH_ENABLED": "true"}


@dataclass(frozen=True)
class Attacked:
    """A server, and the folder that has its log and data. A locked one lets nobody in."""

    url: str
    grpc: str
    process: "subprocess.Popen[str]"
    folder: Path
    locked: bool

    @property
    def memory(self) -> int:
        """The most that the process ever used, in bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+)", status)
        assert found
        return int(found[1]) << 10

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()


@contextmanager
def attacked_server(folder: Path, *, locked: bool) -> Iterator[Attacked]:
    command = [sys.executable, "-m", "sigyn.cli", "serve", "--data", str(folder / "data")]
    command += ["--http", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0"]
    settings = os.environ | (LOCKED_SETTINGS if locked else OPEN_SETTINGS)
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=settings)
    assert process.stdout is not None
    try:
        banner = []
        for line in process.stdout:
            banner.append(line)
            if "query_range" in line:
                break
        url, grpc = re.search(r"listens on +(\S+)", "".join(banner)), re.search(r"(\S+) \(OTLP over", "".join(banner))
        assert url, (folder / "log").read_text()
        assert grpc
        yield Attacked(url[1], grpc[1], process, folder, locked)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
