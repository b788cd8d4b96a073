"""LogQL over plain files, without a server."""

import gzip
import io
import json
from pathlib import Path

import pyarrow as pa
import pytest

from sigyn.cli.app import run
from tests.cli.commands import Sigyn


def test_lines_come_in_the_order_of_the_file(sigyn: Sigyn, app_log: Path) -> None:
    assert sigyn("query", "--file", str(app_log), "{}").lines == app_log.read_text().splitlines()


def test_a_pipeline_runs_over_every_line(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn("query", "-f", str(app_log), '{} | logfmt | level="error" | line_format "{{.msg}} {{.ms}}"')
    assert found.lines == ["boom 120", "boom again 80"]


def test_the_newest_come_first_when_asked_for(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn("query", "-f", str(app_log), "{} |= `boom`", "--backward", "--limit", "1")
    assert found.lines == ['2026-01-15T10:01:01Z level=error msg="boom again" ms=80']


def test_a_range_cuts_by_the_times_in_the_lines(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn("query", "-f", str(app_log), "{}", "--from", "2026-01-15T10:00:01Z", "--to", "2026-01-15T10:01:00Z")
    assert found.lines == app_log.read_text().splitlines()[1:3]  # the stack trace has the time of the error


def test_a_metric_query_spans_the_file(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn(
        "query", "-f", str(app_log), "sum by (level) (count_over_time({} | logfmt | level!=`` [1m]))", "--step", "1m"
    )
    assert found.lines == [
        '{level="error"}',
        "  2026-01-15T10:01:00Z  1",
        "  2026-01-15T10:02:00Z  1",
        "",
        '{level="info"}',
        "  2026-01-15T10:00:00Z  1",
    ]


def test_an_instant_query_looks_back_from_the_last_line(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn(
        "query", "-f", str(app_log), "sum by (level) (count_over_time({} | logfmt [1h]))", "--instant", "-o", "raw"
    )
    assert sorted(line.split("\t")[::2] for line in found.lines) == [
        ['{level="error"}', "2"],
        ['{level="info"}', "1"],
        ["{}", "1"],
    ]


def test_lines_that_are_repeated_are_counted_each(sigyn: Sigyn, tmp_path: Path) -> None:
    path = tmp_path / "syslog"
    path.write_text("Jan 15 10:00:00 host sshd[1]: refused\n" * 5)
    assert sigyn("query", "-f", str(path), "sum(count_over_time({}[1h]))", "--instant").lines == ["5  {}"]


def test_levels_are_detected_as_a_server_does(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn("query", "-f", str(app_log), '{} | detected_level="info"', "-o", "jsonl")
    assert json.loads(found.out) == {
        "timestamp": "2026-01-15T10:00:00.000000000Z",
        "labels": {"filename": str(app_log), "detected_level": "info"},
        "line": '2026-01-15T10:00:00Z level=info msg="hello" ms=12',
    }


def test_several_files_are_told_apart(sigyn: Sigyn, app_log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "old.log.gz"
    packed.write_bytes(gzip.compress(b"2026-01-14T10:00:00Z old\n"))
    both = ("query", "-f", str(packed), "-f", str(app_log))
    assert sigyn(*both, "{} |~ `old|hello`").lines == [
        f'{{filename="{packed}"}} 2026-01-14T10:00:00Z old',
        f'{{filename="{app_log}"}} 2026-01-15T10:00:00Z level=info msg="hello" ms=12',
    ]
    assert sigyn(*both, '{filename=~".*gz"}', "-o", "raw").lines == ["2026-01-14T10:00:00Z old"]


def test_standard_input_is_a_file_too(sigyn: Sigyn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"one\ntwo\n")))
    assert sigyn("query", "-f", "-", "{} |= `two`").lines == ["two"]


def test_arrow_has_a_column_per_label(app_log: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["query", "-f", str(app_log), "{} | logfmt | ms>=100", "-o", "arrow"]) == 0
    table = pa.ipc.open_stream(capfdbinary.readouterr().out).read_all()
    assert table.column_names == ["timestamp", "line", "detected_level", "filename", "level", "ms", "msg"]
    assert table["ms"].to_pylist() == ["120"]


def test_a_query_that_is_not_logql_is_pointed_at(sigyn: Sigyn, app_log: Path) -> None:
    refused = sigyn("query", "-f", str(app_log), "{} |= boom")
    assert refused.code == 2
    assert refused.err.splitlines()[:3] == [
        "error: parse error at line 1, col 7: syntax error: unexpected IDENTIFIER, expecting STRING or ip",
        "  {} |= boom",
        "        ^^^^",
    ]


def test_a_file_that_is_not_there(sigyn: Sigyn, tmp_path: Path) -> None:
    refused = sigyn("query", "-f", str(tmp_path / "none.log"), "{}")
    assert (refused.code, refused.err) == (2, f"error: {tmp_path}/none.log can't be read: No such file or directory\n")


def test_a_selector_that_no_file_has_is_named(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn("query", "-f", str(app_log), '{job="app"} |= `boom`')
    assert (found.code, found.out) == (0, "")
    assert found.err == (
        'warning: {job="app"} is in none of the files: their only label is filename, and {} is all of them\n'
    )
    assert sigyn("query", "-f", str(app_log), '{filename=~".+"} |= `no such text`').err == ""


def test_a_gzip_file_that_is_none(sigyn: Sigyn, tmp_path: Path) -> None:
    (tmp_path / "torn.gz").write_bytes(gzip.compress(b"line\n" * 1000)[:-20])
    refused = sigyn("query", "-f", str(tmp_path / "torn.gz"), "{} |= `nothing`")
    assert refused.code == 2
    assert "torn.gz can't be read" in refused.err
