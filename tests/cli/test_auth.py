"""`sigyn auth`: tokens for a server that runs as another user, and in the folder that is meant."""

import os
import stat
from pathlib import Path

import pytest

from .commands import Sigyn

SOMEBODY = 65534  # user and group of nobody


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_what_root_makes_belongs_to_the_owner_of_the_folder(sigyn: Sigyn, tmp_path: Path) -> None:
    os.chown(tmp_path, SOMEBODY, SOMEBODY)
    sigyn("auth", "--data", str(tmp_path), "add-token", "agent", "--scope", "push")
    made = (tmp_path / "tokens.json").stat()
    assert (made.st_uid, made.st_gid, stat.S_IMODE(made.st_mode)) == (SOMEBODY, SOMEBODY, 0o600)


def test_a_file_that_is_there_keeps_its_mode(sigyn: Sigyn, tmp_path: Path) -> None:
    file = tmp_path / "tokens"
    sigyn("auth", "--file", str(file), "add-token", "agent", "--scope", "push")
    file.chmod(0o640)
    sigyn("auth", "--file", str(file), "add-token", "grafana", "--scope", "read")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    sigyn("auth", "--file", str(file), "revoke", "agent")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


@pytest.mark.parametrize("command", [("add-token", "agent", "--scope", "push"), ("list",), ("revoke", "agent")])
def test_a_folder_that_no_server_has_used_is_named(sigyn: Sigyn, tmp_path: Path, command: tuple[str, ...]) -> None:
    folder = tmp_path / "elsewhere"
    assert f"no server has had its data in {folder} yet" in sigyn("auth", "--data", str(folder), *command).err
    assert "no server" not in sigyn("auth", "--data", str(folder), *command, "--help").err
    folder.mkdir(exist_ok=True)
    (folder / "lock").touch()
    assert "no server" not in sigyn("auth", "--data", str(folder), *command).err


def test_a_file_that_was_named_is_taken_as_it_is(sigyn: Sigyn, tmp_path: Path) -> None:
    made = sigyn("auth", "--file", str(tmp_path / "tokens"), "add-token", "agent", "--scope", "push")
    assert made.code == 0
    assert "no server" not in made.err


def test_flags_may_stand_before_the_command_and_behind_it(sigyn: Sigyn, tmp_path: Path) -> None:
    file, other = str(tmp_path / "tokens"), str(tmp_path / "others")
    assert sigyn("auth", "add-token", "agent", "--scope", "push", "--file", file).code == 0
    assert "agent" in sigyn("auth", "--file", file, "list").out
    assert "agent" not in sigyn("auth", "--file", file, "list", "--file", other).out, "the nearer one counts"
