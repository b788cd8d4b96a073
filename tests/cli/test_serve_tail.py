"""`sigyn serve --tail`: one process is the whole system on one machine."""

import time
from collections import Counter
from pathlib import Path

import httpx

from tests.cli.commands import Sigyn
from tests.cli.server import RunningServer, running_server


def stored(server: RunningServer, count: int, query: str = '{job="files"}') -> list[str]:
    """Lines that the server has, once there are so many, in order."""
    end = time.monotonic() + 30
    while True:
        parameters = {"query": query, "limit": "5000", "direction": "forward", "since": "1h"}
        answer = httpx.get(f"{server.url}/loki/api/v1/query_range", params=parameters, timeout=30).json()
        values = [value for stream in answer["data"]["result"] for value in stream["values"]]
        if len(values) >= count:
            return [line for _, line in sorted(values, key=lambda value: int(value[0]))]
        assert time.monotonic() < end, f"{len(values)} of {count} lines"
        time.sleep(0.05)


def test_lines_of_files_are_stored(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    (logs / "deep").mkdir(parents=True)
    (logs / "app.log").write_text("one\ntwo\n")
    (logs / "deep" / "other.log").write_text("three\n")
    flags = ("--tail", f"{logs}/*.log", "--tail", f"{logs}/deep/*.log")
    with running_server(tmp_path / "data", *flags) as running:
        assert f"reads       {logs}/*.log, {logs}/deep/*.log" in running.banner
        assert sorted(stored(running, 3)) == ["one", "three", "two"]
        with (logs / "app.log").open("a") as file:
            file.write("four\n")
        assert stored(running, 3, f'{{filename="{logs}/app.log"}}') == ["one", "two", "four"]
        assert running.stop() == 0
    with (logs / "app.log").open("a") as file:
        file.write("five\n")
    with running_server(tmp_path / "data", *flags) as running:
        assert stored(running, 4, f'{{filename="{logs}/app.log"}}') == ["one", "two", "four", "five"]
        assert running.stop() == 0


def test_a_killed_server_stores_no_line_twice(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.touch()
    lines: list[str] = []
    for turn in range(6):
        with running_server(tmp_path / "data", "--tail", str(log)) as running, log.open("a") as file:
            for number in range(200):
                lines.append(f"turn {turn} line {number}")
                file.write(f"{lines[-1]}\n")
                file.flush()
            if turn % 2:
                stored(running, len(lines))  # else it is killed in the middle
    with running_server(tmp_path / "data", "--tail", str(log)) as running:
        found = stored(running, len(lines))
        assert running.stop() == 0
    assert Counter(found) == Counter(lines)


def test_verifying_a_configuration_reads_no_files(sigyn: Sigyn, tmp_path: Path) -> None:
    checked = sigyn("serve", "--data", str(tmp_path / "data"), "--tail", "*.log", "-verify-config")
    assert checked.code == 0
    assert not (tmp_path / "data").exists()
