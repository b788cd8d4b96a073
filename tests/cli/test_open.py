"""The Python API."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest

import sigyn as api
from sigyn.client.table import to_table
from sigyn.model.errors import BadRequest, NotFound, ParseError, SigynError
from sigyn.model.results import LogEntry, LogResult, MatrixResult, ScalarResult
from tests.cli.commands import Sigyn
from tests.cli.server import RunningServer, running_server

START = datetime(2026, 1, 15, 10, tzinfo=UTC)


@pytest.fixture(params=["folder", "server"])
def target(request: pytest.FixtureRequest, tmp_path: Path, sigyn: Sigyn, app_log: Path, server: RunningServer) -> str:
    """What to open: the same stream in a folder, and behind a URL."""
    labels = f'{{job="open", test="{request.node.name}"}}'
    if request.param == "server":
        sigyn("push", str(app_log), "--labels", labels, "--addr", server.url)
        return server.url
    with running_server(tmp_path / "data") as own:
        sigyn("push", str(app_log), "--labels", labels, "--addr", own.url)
        own.stop()
    return str(tmp_path / "data")


def test_both_give_the_same_answers(target: str) -> None:
    with api.open(target) as store:
        lines = store.query(
            '{job="open"} | logfmt | level="error"', start=START, end=START + timedelta(hours=1), limit=1
        )
        assert lines.column_names == [
            "timestamp", "line", "detected_level", "job", "level", "ms", "msg", "service_name", "test",
        ]  # fmt: skip
        assert lines["ms"].to_pylist() == ["80"]
        assert lines.to_pandas()["timestamp"][0].isoformat() == "2026-01-15T10:01:01+00:00"
        instant = store.query(
            'sum by (level) (count_over_time({job="open"} | logfmt [1h]))', end="2026-01-15T10:30:00Z"
        )
        counts = dict(zip(instant["level"].to_pylist(), instant["value"].to_pylist(), strict=True))
        assert counts == {None: 1, "info": 1, "error": 2}
        matrix = store.query(
            'sum(count_over_time({job="open"}[1m]))',
            start="2026-01-15T10:01:00Z",
            end="2026-01-15T10:02:00Z",
            step="1m",
        )
        assert matrix["value"].to_pylist() == [2, 1]
        assert "open" in store.labels("job", start=0)
        assert {stream["job"] for stream in store.series('{job="open"}', start=0)} == {"open"}
        with pytest.raises(ParseError):
            store.query("{job=")
        with pytest.raises(BadRequest, match="is no time"):
            store.query("{}", start="yesterday")


def test_it_works_where_a_loop_runs(tmp_path: Path, sigyn: Sigyn, app_log: Path) -> None:
    with running_server(tmp_path / "data") as own:
        sigyn("push", str(app_log), "--labels", '{job="loop"}', "--addr", own.url)
        own.stop()

    async def in_a_notebook() -> pa.Table:
        with api.open(tmp_path / "data") as store:
            return store.query('{job="loop"}')

    assert asyncio.run(in_a_notebook()).num_rows == 4


def test_a_folder_that_is_none_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match=r"is no data folder of Sigyn: it has no catalog\.sqlite"):
        api.open(tmp_path / "typo")
    assert not (tmp_path / "typo").exists()


def test_a_folder_that_a_server_has(server: RunningServer) -> None:
    data = server.banner.split("data in")[1].split()[0]
    with pytest.raises(SigynError, match="is in use by process"):
        api.open(data)


def test_labels_that_clash_with_columns_get_a_name_of_their_own() -> None:
    entry = LogEntry(1, "text", (("line", "a"),), (), (("timestamp", "b"),))
    table = to_table(LogResult([entry], "forward"))
    assert table.column_names == ["timestamp", "line", "line_label", "timestamp_label"]
    assert table["line_label"].to_pylist() == ["a"]


def test_empty_answers_have_their_columns() -> None:
    assert to_table(LogResult([], "forward")).column_names == ["timestamp", "line"]
    assert to_table(MatrixResult([])).num_rows == 0
    assert to_table(ScalarResult(5, 2.0))["value"].to_pylist() == [2.0]
