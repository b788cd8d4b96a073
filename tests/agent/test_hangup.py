"""SIGHUP to an agent: no end without a word, and no position that is lost."""

import fcntl
import os
import signal
import termios
from pathlib import Path

from .processes import AgentProcess, push_sink, tail, until


def test_a_hangup_changes_nothing_where_there_is_no_terminal_and_says_so(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    with push_sink() as sink:
        agent = AgentProcess(tmp_path, sink.url, tail(log))
        try:
            agent.start(in_child=os.setsid)
            until(lambda: sink.lines() == ["one"], "the first line")
            assert agent.process is not None
            agent.process.send_signal(signal.SIGHUP)
            until(lambda: agent.ready() and "SIGHUP changes nothing" in agent.log.read_text(), "it is said")
            assert "start the agent anew for another configuration" in agent.log.read_text()
            with log.open("a") as file:
                file.write("two\n")
            until(lambda: sink.lines() == ["one", "two"], "the second line")
            assert agent.stop() == 0
        finally:
            agent.close()


def test_a_terminal_that_is_closed_stops_the_agent_as_ctrl_c_does(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_text("one\n")
    master, terminal = os.openpty()

    def take_terminal() -> None:
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    with push_sink() as sink:
        agent = AgentProcess(tmp_path, sink.url, tail(log))
        agent.config.write_text(agent.config.read_text().replace("yaml, sync_period: 1s", "yaml, sync_period: 1h"))
        try:
            agent.start(in_child=take_terminal)
            until(lambda: sink.lines() == ["one"], "the line")
            os.close(terminal)
            os.close(master)
            assert agent.process is not None
            assert agent.process.wait(timeout=20) == 0
            assert "event=stopped" in agent.log.read_text()
            assert f'{log}: "4"' in agent.positions.read_text()
        finally:
            agent.close()
