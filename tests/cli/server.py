"""A real server in a process of its own."""

import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

SIGYN = str(Path(sys.executable).with_name("sigyn"))


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Where a server listens, and its process."""

    url: str
    banner: str
    process: "subprocess.Popen[str]"

    def stop(self) -> int:
        """Stops it as an operator does; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


@contextmanager
def running_server(
    data: Path, *flags: str, variables: Mapping[str, str] | None = None, in_child: Callable[[], object] | None = None
) -> Iterator[RunningServer]:
    """`sigyn serve` on free ports, with its data in this folder; `in_child` is called in the process first."""
    errors = data.with_name(data.name + ".stderr")
    command = [SIGYN, "serve", "--data", str(data), "--http", "127.0.0.1:0", "--otlp-grpc", "127.0.0.1:0", *flags]
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=variables, preexec_fn=in_child
        )
        assert process.stdout is not None
        try:
            banner = _banner(process.stdout)
            url = re.search(r"https?://[^ ]+", banner)
            assert url, f"the server did not start:\n{banner}\n{errors.read_text()}"
            yield RunningServer(url[0], banner, process)
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def _banner(stdout: IO[str]) -> str:
    lines = []
    for line in stdout:
        lines.append(line)
        if "query_range" in line:
            break
    return "".join(lines)
