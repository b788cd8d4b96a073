"""Many files, rotated and truncated, agent and server killed at random moments: every line arrives exactly once."""

import os
import random
import shutil
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from tests.agent.processes import AgentProcess, free_port, tail
from tests.cli.server import running_server

LONG = os.environ.get("SIGYN_LONG") == "1"
FILES, SECONDS, KILLS = (200, 90, 12) if LONG else (20, 5, 3)
CALM = 6.0
"""Seconds between two rotations of a file: what was rotated twice while no agent ran is out of reach."""


class Writer:
    """An application with one file: appends lines, in pieces, and has its file rotated in one of two ways."""

    def __init__(self, path: Path, seed: int) -> None:
        self.path = path
        self.lines: list[str] = []
        self._chance = random.Random(seed)
        self._rotated = time.monotonic()
        self._file = path.open("ab", buffering=0)

    def write(self) -> None:
        for _ in range(self._chance.randrange(1, 6)):
            line = f"{self.path.stem} {len(self.lines)} {'x' * self._chance.randrange(120)}"
            data = line.encode() + b"\n"
            cut = self._chance.randrange(len(data)) if self._chance.random() < 0.2 else 0
            for piece in (data[:cut], data[cut:]):
                self._file.write(piece)
            self.lines.append(line)

    def begin(self) -> None:
        """The first rotation comes at a moment of its own, but not before the agent has seen the file."""
        self._rotated = time.monotonic() - self._chance.uniform(0, CALM / 2)

    def maybe_rotate(self) -> None:
        if time.monotonic() - self._rotated < CALM or self._chance.random() > 0.05:
            return
        self._rotated = time.monotonic()
        moved = self.path.with_name(self.path.name + ".1")
        if self._chance.random() < 0.5:
            self.path.rename(moved)
            self.write()  # the application does not know yet
            self._file.close()
            self._file = self.path.open("ab", buffering=0)
        else:
            shutil.copyfile(self.path, moved)
            os.truncate(self.path, 0)

    def close(self) -> None:
        self._file.close()


def write_all(writers: list[Writer], done: Event) -> None:
    for writer in writers:
        writer.begin()
    while not done.is_set():
        for writer in writers:
            writer.write()
            writer.maybe_rotate()
        done.wait(0.05)


def stored(url: str, path: Path) -> list[str]:
    """The lines of a file that the server has."""
    lines: list[str] = []
    start = 0
    while True:
        parameters = {"query": f'{{filename="{path}"}}', "limit": "5000", "direction": "forward", "since": "1h"}
        if start:
            parameters["start"] = str(start)
        answer = httpx.get(f"{url}/loki/api/v1/query_range", params=parameters, timeout=30)
        assert answer.status_code == 200, answer.text
        values = [value for stream in answer.json()["data"]["result"] for value in stream["values"]]
        lines += [value[1] for value in values]
        if len(values) < 5000:
            return lines
        start = max(int(value[0]) for value in values) + 1


@pytest.mark.timeout(600 if LONG else 180)
def test_every_line_arrives_exactly_once(tmp_path: Path) -> None:
    chance = random.Random(7)
    logs = tmp_path / "logs"
    logs.mkdir()
    writers = [Writer(logs / f"app{number}.log", number) for number in range(FILES)]
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    agent = AgentProcess(tmp_path, f"{url}/loki/api/v1/push", tail(logs / "*.log"))
    done = Event()
    thread = Thread(target=write_all, args=(writers, done))
    with ExitStack() as stack:
        stack.callback(agent.close)
        server = ExitStack()
        stack.callback(lambda: server.close())
        server.enter_context(running_server(tmp_path / "data", "--http", f"127.0.0.1:{port}"))
        agent.start()
        thread.start()
        stack.callback(thread.join)
        stack.callback(done.set)
        for kill in range(KILLS):
            time.sleep(SECONDS / KILLS * chance.uniform(0.5, 1.0))
            if kill % 3 == 1:
                server.close()  # kills it
                server = ExitStack()
                server.enter_context(running_server(tmp_path / "data", "--http", f"127.0.0.1:{port}"))
            else:
                agent.kill()
                agent.start()
        time.sleep(1)
        done.set()
        thread.join()
        for writer in writers:
            writer.close()
        missing = writers
        end = time.monotonic() + 30
        while missing and time.monotonic() < end:
            missing = [writer for writer in missing if set(writer.lines).difference(stored(url, writer.path))]
        assert agent.stop() == 0
        wrong = {writer.path.name: found for writer in writers if (found := _difference(url, writer)) != ([], [])}
        assert wrong == {}, agent.log.read_text()[-3000:]


def _difference(url: str, writer: Writer) -> tuple[list[str], list[str]]:
    """Lines that are missing, and those that are there too often."""
    want, have = Counter(writer.lines), Counter(stored(url, writer.path))
    return sorted((want - have).elements()), sorted((have - want).elements())
