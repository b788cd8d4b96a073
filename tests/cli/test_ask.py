"""query, labels, series, push and export against a server."""

import io
import json
import socket
import subprocess
import threading
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.commands import Sigyn
from tests.cli.server import SIGYN, RunningServer

LONG = ("--since", "10000d")


@pytest.fixture
def job(asked: Sigyn, app_log: Path, request: pytest.FixtureRequest) -> str:
    """The selector of a stream with the lines of the log file."""
    name = request.node.name
    assert asked("push", str(app_log), "--labels", f'{{job="{name}", env="test"}}').code == 0
    return f'{{job="{name}"}}'


def test_lines_come_newest_first_with_what_tells_them_apart(asked: Sigyn, job: str) -> None:
    found = asked("query", f"{job} |= `boom`", *LONG)
    assert found.lines == [
        '2026-01-15T10:01:01.000Z 2026-01-15T10:01:01Z level=error msg="boom again" ms=80',
        '2026-01-15T10:00:01.000Z 2026-01-15T10:00:01Z level=error msg="boom" ms=120',
    ]
    assert "in every line: env=test, job=" in found.err


def test_oldest_first_and_a_limit(asked: Sigyn, job: str) -> None:
    found = asked("query", job, *LONG, "--forward", "--limit", "1", "-o", "raw")
    assert found.lines == ['2026-01-15T10:00:00Z level=info msg="hello" ms=12']


def test_json_lines_hold_all_labels(asked: Sigyn, job: str) -> None:
    found = asked("query", f"{job} | logfmt | ms=12", *LONG, "-o", "jsonl")
    labels = json.loads(found.out)["labels"]
    assert labels["env"] == "test"
    assert labels["level"] == "info"
    assert labels["detected_level"] == "info"


def test_metric_queries(asked: Sigyn, job: str) -> None:
    instant = asked("query", f"sum(count_over_time({job}[1h]))", "--instant", "--to", "2026-01-15T10:30:00Z")
    assert instant.lines == ["4  {}"]
    series = asked(
        "query", f"sum by (level) (sum_over_time({job} | logfmt | unwrap ms [2m]))",
        "--from", "2026-01-15T10:02:00Z", "--to", "2026-01-15T10:02:00Z", "--step", "1m", "-o", "jsonl",
    )  # fmt: skip
    assert [json.loads(line) for line in series.lines] == [
        {"timestamp": "2026-01-15T10:02:00.000000000Z", "labels": {"level": "error"}, "value": 200.0}
    ]


def test_nothing_found_is_said(asked: Sigyn) -> None:
    nothing = asked("query", '{job="nobody"}')
    assert (nothing.code, nothing.out) == (0, "")
    assert "no lines in this time; --since 24h looks further back" in nothing.err


def test_what_a_query_cost(asked: Sigyn, job: str) -> None:
    assert "4 lines and" in asked("query", job, *LONG, "--stats").err


def test_labels_and_series(asked: Sigyn, job: str) -> None:
    assert {"env", "job", "service_name"} <= set(asked("labels", *LONG).lines)
    assert asked("labels", "env", "--selector", job, *LONG).lines == ["test"]
    name = job[6:-2]
    assert asked("series", job, *LONG).lines == [f'{{env="test", job="{name}", service_name="{name}"}}']
    assert json.loads(asked("series", job, "--json", *LONG).out)["job"] == name
    assert asked("series", job, "--count-labels", *LONG).lines[0] == "1 streams"


def test_export_goes_on_where_it_stopped(asked: Sigyn, job: str) -> None:
    first = asked("export", job, *LONG, "--limit", "2")
    rows = [json.loads(line) for line in first.lines]
    rest = asked("export", job, *LONG, "--after", f"{rows[-1]['timestamp']}-{rows[-1]['id']}")
    lines = [row["line"] for row in rows] + [json.loads(line)["line"] for line in rest.lines]
    assert len(lines) == len(set(lines)) == 4


def test_export_to_parquet(asked: Sigyn, job: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    written = asked("export", job, *LONG, "--to-file", str(path))
    assert written.err == f"{path.stat().st_size} bytes of parquet in {path}\n"
    assert pq.read_table(path).num_rows == 4


def test_an_export_that_is_refused_leaves_the_file_as_it_was(asked: Sigyn, sigyn: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "rows.parquet"
    path.write_bytes(b"of yesterday")
    assert asked("export", '{job="x"', "--to-file", str(path)).code == 2
    assert sigyn("export", "{}", "--to-file", str(path), "--addr", "http://127.0.0.1:9").code == 1
    assert path.read_bytes() == b"of yesterday"


def test_an_export_that_finds_nothing_makes_an_empty_file(asked: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text("of yesterday")
    assert asked("export", '{job="no such job"}', "--to-file", str(path)).code == 0
    assert path.read_bytes() == b""


def test_exported_rows_can_be_pushed_again(asked: Sigyn, job: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    asked("export", job, *LONG, "-o", str(path))
    assert asked("push", str(path), "--json", "--labels", '{copy="of rows"}').code == 0
    again = asked("query", '{copy="of rows"} |= `hello`', *LONG, "-o", "jsonl")
    assert json.loads(again.out)["timestamp"] == "2026-01-15T10:00:00.000000000Z"


def test_lines_of_standard_input_are_of_now(asked: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"2020-01-01T00:00:00Z deployed\n")))
    assert asked("push", "--labels", '{job="deploys"}').code == 0
    assert asked("query", '{job="deploys"}', "-o", "raw").lines == ["2020-01-01T00:00:00Z deployed"]


def test_a_refused_push_is_told_and_fails(asked: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "long.log"
    path.write_text("short\n" + "x" * (300 << 10) + "\n")
    refused = asked("push", str(path), "--labels", '{job="long"}')
    assert refused.code == 1
    assert "max entry size" in refused.err.lower()
    assert asked("query", '{job="long"}', "-o", "raw").lines == ["short"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("{}", "--labels must name at least one label"),
        ('{a=~"b"}', '--labels takes name="value" pairs only, not `=~`'),
        ("job=x", "parse error at line 1, col 1"),
    ],
)
def test_labels_that_are_none(asked: Sigyn, app_log: Path, labels: str, message: str) -> None:
    refused = asked("push", str(app_log), "--labels", labels)
    assert refused.code == 2
    assert message in refused.err


def test_json_lines_that_are_none(asked: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text('{"line": "a"}\n{"line": 3}\n')
    refused = asked("push", str(path), "--json", "--labels", '{job="x"}')
    assert refused.code == 2
    assert f"{path}:2: Expected `str | null`, got `int` - at `$.line`" in refused.err


def test_json_lines_with_faults_that_a_server_takes(asked: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "rows.ndjson"
    path.write_text('{"line": "half \\ud800"}\n{"line": "raw\ttab"}\n{"line": "cut\n')
    stopped = asked("push", str(path), "--json", "--labels", '{job="faults"}')
    assert stopped.code == 2
    assert f"{path}:3: couldn't decode the JSON" in stopped.err
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:2]))
    assert asked("push", str(path), "--json", "--labels", '{job="mended"}').code == 0
    assert asked("query", '{job="mended"}', "--forward", "-o", "raw").lines == ["half \ufffd", "raw\ttab"]


def test_a_parse_error_of_the_server_is_pointed_at(asked: Sigyn) -> None:
    refused = asked("query", '{job="x"} | stat count()')
    assert refused.code == 2
    assert refused.err.splitlines()[1:] == [
        '  {job="x"} | stat count()',
        "                   ^^^^^",
        "hint: there is no stage `stat`; did you mean `stats`?",
    ]


def test_a_selector_of_series_is_pointed_at(asked: Sigyn) -> None:
    assert asked("series", "job").err.splitlines()[1:3] == ["  job", "  ^^^"]
    assert len(asked("series", "job", '{job="x"}').err.splitlines()) == 1  # which of them is not told


@pytest.mark.parametrize(("command", "since"), [("query", "1h"), ("cardinality", "24h")])
def test_help_tells_the_default_of_the_range(sigyn: Sigyn, command: str, since: str) -> None:
    assert f"range up to --to. [default: {since}]" in " ".join(sigyn(command, "--help").out.split())


def test_no_server(sigyn: Sigyn) -> None:
    refused = sigyn("query", "{}", "--addr", "http://127.0.0.1:9")
    assert refused.code == 1
    assert refused.err == "error: no server answers at http://127.0.0.1:9; `sigyn serve` starts one\n"


def test_a_server_without_tls(sigyn: Sigyn, server: RunningServer) -> None:
    address = server.url.replace("http://", "https://")
    refused = sigyn("query", "{}", "--addr", address)
    assert refused.code == 1
    assert refused.err == f"error: what answers at {address} speaks no TLS: write http:// for https://\n"


def test_a_server_that_wants_tls(sigyn: Sigyn) -> None:
    def hang_up(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)  # as a server with TLS, which finds no handshake in a request

    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=hang_up, args=(listener,))
        server.start()
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        refused = sigyn("query", "{}", "--addr", address)
        server.join()
    assert refused.code == 1
    assert refused.err.startswith(f"error: the connection to {address} broke: ")
    assert refused.err.endswith("; a server with TLS is at https://\n")


def test_a_host_that_nobody_knows(sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody_knows(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nobody_knows)
    refused = sigyn("query", "{}", "--addr", "http://logs.invalid:3100")
    assert refused.code == 1
    assert refused.err == "error: the host of http://logs.invalid:3100 can't be found\n"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (("--since", "1x"), 'unknown unit "x" in duration "1x"'),
        (("--from", "yesterday"), "`yesterday` is no time: write 2026-01-15T10:00:00Z"),
        (("--addr", "somewhere"), "`somewhere` is no address: write http://host:port"),
        (("--since", "1h", "--from", "2h"), "give either --since or --from, not both"),
        (("--from", "1h", "--to", "2h"), "the range ends before it starts"),
        (("--data", "/nowhere"), "/nowhere is no data folder of Sigyn"),
    ],
)
def test_wrong_flags(sigyn: Sigyn, flags: tuple[str, ...], message: str) -> None:
    refused = sigyn("query", "{}", *flags)
    assert refused.code in (1, 2)
    assert message in refused.err


def test_a_reader_that_has_had_enough_hears_no_complaint(asked: Sigyn, job: str) -> None:
    command = f"{SIGYN} query '{job}' --since 10000d -o raw --addr {asked.addr} | head -1"
    piped = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True)
    assert (len(piped.stdout.splitlines()), piped.stderr) == (1, "")


def test_every_command_teaches_by_example(sigyn: Sigyn) -> None:
    for command in ("serve", "query", "push", "labels", "series", "export"):
        assert f"  sigyn {command}" in sigyn(command, "--help").out


def test_version(sigyn: Sigyn) -> None:
    assert sigyn("--version").out == sigyn("version").lines[0] + "\n"


def test_an_unknown_command(sigyn: Sigyn) -> None:
    refused = sigyn("querry")
    assert refused.code == 2
    assert "No such command 'querry'. Did you mean 'query'?" in refused.err
