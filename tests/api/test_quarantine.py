"""Every answer that lacks entries of a damaged object says so: the first, those after it, and after a restart."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sigyn.model.time import HOUR, MINUTE, SECOND

from .process import ServerProcess, server_process

THEN = time.time_ns() // HOUR * HOUR - 5 * HOUR


@dataclass(frozen=True)
class Damaged:
    """A server with entries of `a` at THEN, whose object is damaged, and whole ones of `b`."""

    server: ServerProcess
    key: str

    def answer(self, query: str, start: int = THEN - MINUTE, end: int = THEN + MINUTE, **more: str) -> dict[str, Any]:
        parameters = {"query": query, "start": str(start), "end": str(end), **more}
        answer = self.server.client.get("/loki/api/v1/query_range", params=parameters)
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def says_so(self, query: str, start: int = THEN - MINUTE, end: int = THEN + MINUTE, **more: str) -> bool:
        """Whether the object is named beside the answer to a query."""
        return any(self.key in warning for warning in self.answer(query, start, end, **more).get("warnings", []))


def damage(data: Path) -> str:
    """Stores the entries and damages those of `a`; the name of the object."""
    with server_process(data) as server:
        server.push({"app": "a"}, (THEN, "level=info of a"))
        (path,) = (data / "objects").rglob("*.parquet")
        server.push({"app": "b"}, (THEN, "level=info of b"))
        assert server.stop() == 0
    body = bytearray(path.read_bytes())
    body[40] ^= 0x55
    path.write_bytes(body)
    return path.stem


@contextmanager
def damaged(data: Path) -> Iterator[Damaged]:
    key = damage(data)
    with server_process(data) as server:
        yield Damaged(server, key)


def test_every_answer_that_lacks_entries_names_the_object(tmp_path: Path) -> None:
    with damaged(tmp_path) as store:
        for _ in range(3):
            assert store.says_so('{app="a"}')
            assert store.says_so('{app=~".+"} |= "of"')
            assert store.says_so('count_over_time({app="a"}[1m])', step="60")
        assert store.answer('{app=~".+"}')["data"]["result"][0]["stream"]["app"] == "b"
        assert store.server.stop() == 0
    with server_process(tmp_path) as server:
        again = Damaged(server, store.key)
        assert again.says_so('{app="a"}')
        assert again.says_so('sum(count_over_time({app=~".+"}[1m]))', step="60")


def test_answers_that_lack_nothing_say_nothing(tmp_path: Path) -> None:
    with damaged(tmp_path) as store:
        assert store.says_so('{app="a"}')
        for _ in range(2):
            assert not store.says_so('{app="b"}')
            assert not store.says_so('count_over_time({app="b"}[1m])', step="60")
            assert not store.says_so('{app="a"}', THEN + SECOND)
            assert not store.says_so('{app="a"}', THEN - HOUR, THEN)
            assert not store.says_so('count_over_time({app="a"}[1m])', THEN + HOUR, THEN + 2 * HOUR, step="60")


def test_an_answer_from_the_cache_names_the_object(tmp_path: Path) -> None:
    query, whole = 'count_over_time({app=~".+"}[5m])', {"start": THEN - HOUR, "end": THEN + HOUR}
    with damaged(tmp_path) as store:
        for _ in range(2):  # the first finds it
            assert store.says_so(query, **whole, step="60")
        cached = store.answer(query, **whole, step="60")
        assert cached["data"]["stats"]["cache"]["result"]["entriesFound"] > 0
        assert any(store.key in warning for warning in cached["warnings"])


def test_an_export_leaves_out_what_is_missing_only_if_that_is_allowed(tmp_path: Path) -> None:
    with damaged(tmp_path) as store:
        assert store.says_so('{app="a"}')
        asked = {"query": '{app=~".+"}', "start": str(THEN - MINUTE), "end": str(THEN + MINUTE)}
        refused = store.server.client.get("/sigyn/api/v1/export", params=asked)
        assert refused.status_code == 503
        assert store.key in refused.text
        assert "--allow-missing" in refused.text
        allowed = store.server.client.get("/sigyn/api/v1/export", params=asked | {"allow_missing": "true"})
        assert allowed.status_code == 200
        assert store.key in allowed.headers["X-Sigyn-Missing"]
        assert [json.loads(row)["line"] for row in allowed.text.splitlines()] == ["level=info of b"]
        command = [sys.executable, "-m", "sigyn.cli", "export", asked["query"], "--allow-missing"]
        command += ["--from", asked["start"], "--to", asked["end"], "--addr", str(store.server.client.base_url)]
        exported = subprocess.run(command, capture_output=True, text=True, check=True)
        assert exported.stdout == allowed.text
        assert store.key in exported.stderr


def test_the_object_is_named_until_it_is_whole_again(tmp_path: Path) -> None:
    with damaged(tmp_path) as store:
        assert store.says_so('{app="a"}')
        assert store.server.stop() == 0
    (path,) = (tmp_path / "objects").rglob(f"{store.key}.parquet")
    body = bytearray(path.read_bytes())
    body[40] ^= 0x55
    path.write_bytes(body)
    with server_process(tmp_path) as server:
        again = Damaged(server, store.key)
        deadline = time.monotonic() + 60
        while again.says_so('{app="a"}'):  # until it is looked at again
            assert time.monotonic() < deadline
            time.sleep(0.2)
        assert server.lines('{app="a"}', start=str(THEN - MINUTE), end=str(THEN + MINUTE)) == ["level=info of a"]
        assert "warnings" not in again.answer('{app="a"}')
