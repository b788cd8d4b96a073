"""The unit and the Containerfile: well-formed, with commands and paths that there are, and that the page names."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sigyn.config.settings import Settings
from sigyn.model.time import SECOND
from tests.cli.server import SIGYN, RunningServer, running_server

from .test_pages import ROOT, page

UNIT = ROOT / "deploy" / "systemd" / "sigyn.service"
USERS = ROOT / "deploy" / "systemd" / "sigyn.sysusers"
CONTAINER = ROOT / "deploy" / "container" / "Containerfile"
PAGE = page("deployment.md")


def unit(name: str) -> str:
    """The value of a directive that is there once."""
    (found,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(found)


def instructions(name: str) -> list[str]:
    """The arguments of the instructions of a kind, in lines as they are read."""
    joined = CONTAINER.read_text().replace("\\\n", " ")
    return re.findall(rf"^{name} +(.*)$", joined, re.MULTILINE)


def container_command() -> list[str]:
    return [*json.loads(instructions("ENTRYPOINT")[0]), *json.loads(instructions("CMD")[0])]


@pytest.fixture
def unit_here(tmp_path: Path) -> Path:
    """The unit, with a program that is installed."""
    path = tmp_path / UNIT.name
    path.write_text(UNIT.read_text().replace("/opt/sigyn/bin/sigyn", SIGYN))
    return path


def test_systemd_finds_nothing_wrong_with_the_unit(unit_here: Path) -> None:
    done = subprocess.run(["systemd-analyze", "verify", str(unit_here)], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_unit_is_as_safe_as_the_page_says(unit_here: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(unit_here)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    exposure = re.search(r"exposure level for sigyn\.service: ([\d.]+)", done.stdout)
    assert exposure, done.stdout + done.stderr
    assert f"exposure of {exposure[1]} " in PAGE


def test_the_user_of_the_unit_is_made(tmp_path: Path) -> None:
    command = ["systemd-sysusers", f"--root={tmp_path}", "--dry-run", str(USERS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    kind, name, *_ = shlex.split(USERS.read_text().splitlines()[-1])
    assert (kind, name) == ("u", unit("User")) == ("u", unit("Group"))


@pytest.mark.parametrize("command", [shlex.split(unit("ExecStart")), container_command()])
def test_the_server_takes_the_commands(command: list[str]) -> None:
    program, *arguments = command
    assert program == "/opt/sigyn/bin/sigyn"
    done = subprocess.run([SIGYN, *arguments, "-verify-config"], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "the configuration is valid\n"), done.stderr


def test_a_server_that_is_started_with_a_wrong_setting_is_not_started_again() -> None:
    program, *arguments = shlex.split(unit("ExecStart"))
    variables = os.environ | {"SIGYN_STORAGE_TIERS": "cold"}
    done = subprocess.run([SIGYN, *arguments], capture_output=True, text=True, timeout=60, env=variables)
    assert (program, done.returncode) == ("/opt/sigyn/bin/sigyn", int(unit("RestartPreventExitStatus")))


def test_the_unit_waits_longer_for_a_stop_than_requests_may_take() -> None:
    assert int(unit("TimeoutStopSec")) >= Settings().server.graceful_shutdown_timeout / SECOND + 60


def test_the_health_check_tells_a_server_that_is_well_from_one_that_is_not(tmp_path: Path) -> None:
    (check,) = re.findall(r"CMD (\[.*\])$", instructions("HEALTHCHECK")[0])
    program, *arguments = json.loads(check)
    assert program == "/opt/sigyn/bin/python"

    def is_well(running: RunningServer) -> bool:
        address = running.url.removeprefix("http://")
        asked = [argument.replace("127.0.0.1:3100", address) for argument in arguments]
        return subprocess.run([sys.executable, *asked], capture_output=True, timeout=60).returncode == 0

    with running_server(tmp_path / "data") as running:
        assert is_well(running)
        running.stop()
        assert not is_well(running)


def test_what_is_copied_into_the_image_is_there() -> None:
    sources = [word for line in instructions("COPY") if "--from" not in line for word in line.split()[:-1]]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_everything_that_is_written_is_in_the_folders_that_may_be() -> None:
    state, cache = f"/var/lib/{unit('StateDirectory')}", f"/var/cache/{unit('CacheDirectory')}"
    assert unit("Environment") == f"NUMBA_CACHE_DIR={cache}"
    assert shlex.split(unit("ExecStart"))[-2:] == ["--data", state] == container_command()[2:4]
    (volume,) = instructions("VOLUME")
    assert volume == state
    assert instructions("ENV") == [f"NUMBA_CACHE_DIR={volume}/compiled"]
    (user,) = instructions("USER")
    uid, gid = user.split(":")
    assert any(f"-o {uid} -g {gid} " in line and line.endswith(volume) for line in instructions("RUN"))


def test_the_page_names_the_paths_users_and_ports() -> None:
    (user,) = instructions("USER")
    named = [
        "/opt/sigyn", f"/var/lib/{unit('StateDirectory')}", f"/var/cache/{unit('CacheDirectory')}",
        unit("EnvironmentFile").removeprefix("-"), f"{unit('TimeoutStopSec')} s", f"every {unit('RestartSec')} s",
        f"exit code {unit('RestartPreventExitStatus')}", f"user `{unit('User')}`", f"user {user.partition(':')[0]}",
        *instructions("EXPOSE")[0].split(),
    ]  # fmt: skip
    assert [each for each in named if each not in PAGE] == []
    for path in re.findall(r"deploy/[\w./]*\w", PAGE):
        assert (ROOT / path).exists()
    for variable in re.findall(r"SIGYN_[A-Z_0-9]+", PAGE):
        area, _, name = variable.removeprefix("SIGYN_").lower().partition("_")
        assert hasattr(getattr(Settings(), area), name), variable
