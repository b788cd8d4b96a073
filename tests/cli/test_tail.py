"""`sigyn query --tail` and `store.tail`: lines as a server takes them in."""

import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import ServerConnection, serve

import sigyn as sigyn_package
from sigyn.client.push import PushClient, PushEntry
from sigyn.model.errors import BadRequest, ParseError, SigynError
from sigyn.model.time import SECOND, system_clock
from tests.cli.commands import Sigyn
from tests.cli.server import SIGYN, RunningServer, running_server


def push(url: str, job: str, *lines: str, ago: int = 0) -> None:
    """Lines of a stream, all at one moment, `ago` seconds before now."""
    entries = [PushEntry((("job", job),), system_clock() - ago * SECOND, line) for line in lines]
    with closing(PushClient(url)) as client:
        client.push(entries)


@contextmanager
def answering(*frames: str) -> Iterator[str]:
    """A server that sends these frames to each who connects, and then waits until they leave."""

    def handle(connection: ServerConnection) -> None:
        for frame in frames:
            connection.send(frame)
        try:
            connection.recv()
        except ConnectionClosed:
            return

    with serve(handle, "127.0.0.1", 0) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            host, port = server.socket.getsockname()[:2]
            yield f"http://{host}:{port}"
        finally:
            server.shutdown()
            thread.join()


def test_the_newest_lines_come_first_and_then_those_that_arrive(server: RunningServer) -> None:
    for number, line in enumerate(("one", "two", "three")):
        push(server.url, "newest", line, ago=10 - number)
    with sigyn_package.open(server.url) as store:
        tailed = store.tail('{job="newest"}', limit=2)
        assert [entry.line for entry in next(tailed).entries] == ["two", "three"]
        push(server.url, "newest", "four")
        (entry,) = next(tailed).entries
        assert (entry.line, dict(entry.stream)["job"]) == ("four", "newest")
        tailed.close()


def test_the_command_shows_lines_until_it_is_stopped(server: RunningServer) -> None:
    push(server.url, "shown", "GET / took=3", "POST / took=9", ago=5)
    command = [SIGYN, "query", "--tail", '{job="shown"} | logfmt | took > 5', "--addr", server.url]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    with process.stdout as out:
        first = out.readline()
        assert first.endswith(' {service_name="shown"} POST / took=9\n'), "what the selector says is not repeated"
        push(server.url, "shown", "GET / took=1", "PUT / took=7")
        assert out.readline().endswith("PUT / took=7\n")
        process.send_signal(signal.SIGINT)
        assert out.read() == ""
    assert process.wait(timeout=30) == 130


def test_a_tail_goes_on_where_it_was_when_the_server_was_killed(tmp_path: Path) -> None:
    broken: list[str] = []
    with running_server(tmp_path / "data") as first:
        push(first.url, "killed", "before", "also before", ago=5)
        address = first.url.removeprefix("http://")
        store = sigyn_package.open(first.url)
        tailed = store.tail('{job="killed"}', on_break=broken.append)
        assert {entry.line for entry in next(tailed).entries} == {"before", "also before"}
    with running_server(tmp_path / "data", "--http", address) as second:
        assert second.url == first.url
        push(second.url, "killed", "meanwhile")
        assert [entry.line for entry in next(tailed).entries] == ["meanwhile"]
        push(second.url, "killed", "after")
        assert [entry.line for entry in next(tailed).entries] == ["after"]
        tailed.close()
        store.close()
    assert broken
    assert broken[0] == f"the connection to {first.url} broke"


def test_lines_that_a_slow_reader_missed_are_told_of(sigyn: Sigyn) -> None:
    dropped = '{"labels":{"job":"x"},"timestamp":"1768471200000000000"}'
    frame = f'{{"streams":[],"dropped_entries":[{dropped},{dropped}]}}'
    with answering(frame, '{"neither":') as url:
        ended = sigyn("query", "--tail", '{job="x"}', "--addr", url)
    assert ended.code == 1
    assert "warning: 2 lines more came than were read here, and are not shown" in ended.err
    assert "the server does not send what Loki sends in a tail" in ended.err


@pytest.mark.parametrize(
    ("query", "error", "message"),
    [
        ('{job="x"', ParseError, "line 1, col 9"),
        ('rate({job="x"}[1m])', BadRequest, "only log queries can be tailed"),
    ],
)
def test_what_the_server_refuses_is_raised(
    server: RunningServer, query: str, error: type[Exception], message: str
) -> None:
    with sigyn_package.open(server.url) as store, pytest.raises(error, match=message):
        next(store.tail(query))


def test_who_asks_is_said(sigyn: Sigyn, tmp_path: Path) -> None:
    made = sigyn("auth", "--data", str(tmp_path / "data"), "add-token", "both", "--scope", "push", "--scope", "read")
    token = made.lines[0]
    with running_server(tmp_path / "data", variables=os.environ | {"SIGYN_AUTH_TYPE": "token"}) as running:
        with sigyn_package.open(running.url) as nobody, pytest.raises(SigynError, match="token"):
            next(nobody.tail('{job="x"}'))
        with closing(PushClient(running.url, bearer_token=token)) as client:
            client.push([PushEntry((("job", "x"),), system_clock(), "hello")])
        with sigyn_package.open(running.url, bearer_token=token) as reader, closing(reader.tail('{job="x"}')) as tailed:
            assert [entry.line for entry in next(tailed).entries] == ["hello"]


@pytest.mark.parametrize(
    ("flags", "code", "message"),
    [
        (("--data", "somewhere"), 2, "a tail has no --data: it shows what a server takes in, oldest first"),
        (("--instant",), 2, "a tail has no --instant"),
        (("--backward",), 2, "a tail has no --backward"),
        (("-o", "arrow"), 2, "an Arrow stream needs: take -o jsonl"),
        (("--addr", "localhost"), 2, "`localhost` is no address: write http://host:port"),
        (("--addr", "http://127.0.0.1:1"), 1, "no server answers at http://127.0.0.1:1"),
        (("--addr", "http://nobody.invalid"), 1, "the host of http://nobody.invalid can't be found"),
    ],
)
def test_what_is_no_tail_is_refused(sigyn: Sigyn, flags: Sequence[str], code: int, message: str) -> None:
    refused = sigyn("query", "--tail", '{job="x"}', *flags)
    assert (refused.code, refused.out) == (code, "")
    assert message in refused.err
