"""What docs/clients.md says to write for clients, given to those that are installed, and what then is found.

The agent and Python's handler are Sigyn's own and always there. Others are looked for where they usually are: programs
on the PATH, Python's modules, those of Node in a folder of NODE_PATH. What is not there is skipped.
"""

import json
import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.agent.processes import free_port, until
from tests.cli.server import SIGYN, RunningServer, running_server

from .blocks import ADDRESS, Block, blocks, run_block

PAGE = Path(__file__).parent.parent.parent / "docs" / "clients.md"
BLOCKS = blocks(PAGE)
RUN = {block.word: block for block in BLOCKS if block.word != "vendor"}
OURS = {"promtail.yaml", "syslog.yaml", "sigyn"}
PROGRAMS = {"rsyslogd", "syslog-ng"}
PYTHON = {"logging_loki", "opentelemetry.exporter.otlp.proto.http"}
NODE = {"winston-loki", "pino-loki"}

Entries = list[tuple[dict[str, str], str]]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RunningServer]:
    with running_server(tmp_path / "data") as running:
        yield running


def found(server: RunningServer, selector: str, count: int) -> Entries:
    """Labels and lines of a selector, once there are so many."""
    entries: Entries = []

    def look() -> bool:
        parameters = {"query": selector, "direction": "forward", "since": "24h"}
        answer = httpx.get(f"{server.url}/loki/api/v1/query_range", params=parameters, timeout=10)
        result = answer.json()["data"]["result"]
        entries[:] = [(stream["stream"], line) for stream in result for _, line in stream["values"]]
        return len(entries) >= count

    until(look, f"{count} lines of {selector} in {server.url}")
    return entries


@contextmanager
def running(command: Sequence[str | Path], log: Path) -> Iterator[None]:
    """A program while it is of use; what it prints goes into `log`."""
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def agent(block: Block, replaced: Mapping[str, str], folder: Path) -> Iterator[None]:
    """`sigyn agent` with the configuration of a block, when it is ready."""
    port = free_port()
    text = block.text
    for old, new in {**replaced, "9080": str(port), "/var/lib/promtail": str(folder)}.items():
        assert old in text
        text = text.replace(old, new)
    config = folder / block.word
    config.write_text(text)

    def ready() -> bool:
        try:
            return httpx.get(f"http://127.0.0.1:{port}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    with running([SIGYN, "agent", f"-config.file={config}"], folder / "agent.log"):
        until(ready, "the agent is ready")
        yield


def program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def test_every_block_is_run_or_names_whose_documentation_it_follows() -> None:
    assert RUN.keys() == OURS | PROGRAMS | PYTHON | NODE
    text = PAGE.read_text(encoding="utf-8")
    behind = [part.split("```", 1)[1] for part in re.split(r"^```\w+ vendor$", text, flags=re.MULTILINE)[1:]]
    assert len(behind) == len([block for block in BLOCKS if block.word == "vendor"]) > 0
    assert [part for part in behind if not part.startswith("\n\nAfter ")] == []


def test_promtails_file(server: RunningServer, tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()
    (tmp_path / "log" / "app.log").write_text("payment refused\n")
    with agent(RUN["promtail.yaml"], {ADDRESS: server.url, "/var/log": str(tmp_path / "log")}, tmp_path):
        ((labels, line),) = found(server, '{job="varlogs"}', 1)
    assert (labels["filename"], line) == (str(tmp_path / "log" / "app.log"), "payment refused")


def test_syslog_to_the_agent(server: RunningServer, tmp_path: Path) -> None:
    port = free_port()
    message = b"<11>1 2026-01-15T10:00:00Z web shop 7 - - payment refused"
    with agent(RUN["syslog.yaml"], {ADDRESS: server.url, "1514": str(port)}, tmp_path):
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.sendall(b"%d %s" % (len(message), message))
        ((labels, line),) = found(server, '{job="syslog"}', 1)
    assert (labels["host"], labels["app"], labels["level"], line) == ("web", "shop", "error", "payment refused")


def test_rsyslog_to_the_agent(server: RunningServer, tmp_path: Path) -> None:
    rsyslogd, port = program("rsyslogd"), free_port()
    (tmp_path / "app.log").write_text('payment "refused"\n')
    config = tmp_path / "rsyslog.conf"
    config.write_text(
        f'global(workDirectory="{tmp_path}")\nmodule(load="imfile")\n'
        f'input(type="imfile" File="{tmp_path}/app.log" Tag="shop:" severity="error")\n'
        + RUN["rsyslogd"].text.replace("1514", str(port))
    )
    with (
        agent(RUN["syslog.yaml"], {ADDRESS: server.url, "1514": str(port)}, tmp_path),
        running([rsyslogd, "-n", "-f", config, "-i", tmp_path / "pid"], tmp_path / "rsyslog.log"),
    ):
        entries = found(server, '{job="syslog", app="shop"}', 1)
    assert [(labels["level"], line) for labels, line in entries] == [("error", 'payment "refused"')]


def test_syslog_ng(server: RunningServer, tmp_path: Path) -> None:
    syslog_ng = program("syslog-ng")
    lines = ['payment "refused"', "caf\u00e9 \U0001f600 \\ tab\tend", "  at main"]
    (tmp_path / "app.log").write_text("".join(f"{line}\n" for line in lines))
    text = RUN["syslog-ng"].text.replace(ADDRESS, server.url)
    config = tmp_path / "syslog-ng.conf"
    config.write_text(
        f'@version: current\nsource s_src {{ file("{tmp_path}/app.log" flags(no-parse)); }};\n'
        + text.replace("reliable(yes)", f'reliable(yes) dir("{tmp_path}")')
    )
    places = ["-R", tmp_path / "persist", "-p", tmp_path / "pid", "-c", tmp_path / "control"]
    with running([syslog_ng, "-F", "--no-caps", "-f", config, *places], tmp_path / "syslog-ng.log"):
        entries = found(server, '{job="syslog-ng"}', 3)
    assert [line for _, line in entries] == lines
    assert {labels["level"] for labels, _ in entries} == {"notice"}


def test_sigyns_handler(server: RunningServer, tmp_path: Path) -> None:
    run_block(RUN["sigyn"], server.url, tmp_path)
    ((labels, line),) = found(server, '{app="shop"}', 1)
    assert (labels["logger"], json.loads(line)["message"], json.loads(line)["order"]) == ("shop", "payment refused", 7)


@pytest.mark.parametrize(
    ("module", "selector"),
    [("logging_loki", '{app="shop"}'), ("opentelemetry.exporter.otlp.proto.http", "{service_name=~`shop`}")],
)
def test_modules_of_python(module: str, selector: str, server: RunningServer, tmp_path: Path) -> None:
    pytest.importorskip(module, reason=f"{module} is not installed")
    run_block(RUN[module], server.url, tmp_path)
    ((labels, line),) = found(server, selector, 1)
    assert (labels["detected_level"], line) == ("error", "payment refused")


@pytest.mark.parametrize("module", sorted(NODE))
def test_modules_of_node(module: str, server: RunningServer, tmp_path: Path) -> None:
    node = program("node")
    folders = [Path(folder) for folder in os.environ.get("NODE_PATH", "").split(":") if folder]
    modules = next((folder for folder in folders if (folder / module).is_dir()), None)
    if modules is None:
        pytest.skip(f"{module} is in no folder of NODE_PATH")
    (tmp_path / "node_modules").symlink_to(modules)
    script = tmp_path / "app.js"
    script.write_text(RUN[module].text.replace(ADDRESS, server.url))
    subprocess.run([node, script], cwd=tmp_path, capture_output=True, timeout=60, check=True)
    ((labels, line),) = found(server, '{app="shop"}', 1)
    assert labels["level"] == "error"
    assert json.loads(line)["order"] == 7
