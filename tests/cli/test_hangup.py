"""SIGHUP to a server: no end without a word, which a service would not come back from."""

import fcntl
import os
import signal
import termios
import time
from pathlib import Path

import httpx

from .server import running_server


def test_a_hangup_changes_nothing_where_there_is_no_terminal_and_says_so(tmp_path: Path) -> None:
    with running_server(tmp_path / "data", in_child=os.setsid) as running:
        running.process.send_signal(signal.SIGHUP)
        log = tmp_path / "data.stderr"
        ends = time.monotonic() + 60
        while "SIGHUP changes nothing" not in log.read_text():
            assert running.process.poll() is None
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert httpx.get(f"{running.url}/ready", timeout=30).status_code == 200
        assert running.stop() == 0


def test_a_terminal_that_is_closed_stops_the_server_as_ctrl_c_does(tmp_path: Path) -> None:
    master, terminal = os.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    with running_server(tmp_path / "data", in_child=take_terminal) as running:
        os.close(terminal)
        os.close(master)
        assert running.process.wait(timeout=60) == 0
        assert "event=stopped" in (tmp_path / "data.stderr").read_text()
