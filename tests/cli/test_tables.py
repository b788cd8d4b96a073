"""Tables on the command line, and how a query would run."""

import json
from pathlib import Path

import pytest

from tests.cli.commands import Sigyn

LONG = ("--since", "10000d")
STATS = "| logfmt | stats count() as n, sum(ms) as total by level | sort by n desc"


@pytest.fixture
def job(asked: Sigyn, app_log: Path, request: pytest.FixtureRequest) -> str:
    """The selector of a stream with the lines of the log file."""
    name = request.node.name
    assert asked("push", str(app_log), "--labels", f'{{job="{name}"}}').code == 0
    return f'{{job="{name}"}}'


def test_columns_under_their_names(asked: Sigyn, job: str) -> None:
    found = asked("query", f'{job} | logfmt | level != "" | stats count() as n by level, msg', *LONG)
    assert [line.rstrip() for line in found.lines] == [
        "level  msg         n",
        "error  boom        1",
        "error  boom again  1",
        "info   hello       1",
    ]


def test_tabs_and_json_lines(asked: Sigyn, job: str) -> None:
    query = f'{job} | logfmt | level != "" | stats count() as n, uniq_values(msg) as what by level'
    assert asked("query", query, *LONG, "-o", "raw").lines == [
        "level\tn\twhat",
        'error\t2\t["boom","boom again"]',
        'info\t1\t["hello"]',
    ]
    rows = [json.loads(line) for line in asked("query", query, *LONG, "-o", "jsonl").lines]
    assert rows[0] == {"level": "error", "n": 2, "what": ["boom", "boom again"]}


def test_nothing_and_remarks(asked: Sigyn, job: str) -> None:
    nothing = asked("query", f"{job} | stats count() by nosuch | nosuch = `x`", *LONG)
    assert "no rows in this time" in nothing.err
    read = asked("query", f"sum(sum_over_time({job} | logfmt | ms [1h]))", "--instant", "--to", "2026-01-15T10:30:00Z")
    assert read.lines == ["212  {}"]
    assert "note: `| ms` in front of the range was read as `| unwrap ms`" in read.err


def test_tables_over_files(sigyn: Sigyn, app_log: Path) -> None:
    found = sigyn("query", "--file", str(app_log), f"{{}} {STATS}", "-o", "jsonl")
    rows = [json.loads(line) for line in found.lines]
    assert rows[0] == {"level": "error", "n": 2, "total": 200}


def test_how_a_query_would_run(asked: Sigyn, job: str) -> None:
    plan = asked("explain", f'{job} | logfmt | label_format x="{{{{ __timestamp__ }}}}" | stats count() by x', *LONG)
    assert plan.lines[0].startswith("log query with pipes: ")
    assert any("segments    1 read" in line for line in plan.lines)
    assert any(line.strip().startswith("| logfmt") and line.endswith("SQL") for line in plan.lines)
    assert any("interpreter (a template that asks for more than single labels)" in line for line in plan.lines)
    told = json.loads(asked("explain", f"rate({job}[5m])", "--instant", "-o", "json").out)
    assert told["kind"] == "instant metric query"
    assert told["reads"][0]["stages"][-1]["runs_in"] == "sql"


def test_a_slip_is_underlined(asked: Sigyn) -> None:
    refused = asked("query", '{job="x"} | json\n| sort count desc')
    assert refused.code == 2
    assert refused.err.splitlines() == [
        "error: parse error at line 2, col 8: `sort` needs `by`",
        "  | sort count desc",
        "         ^^^^^",
        "hint: write: | sort by count desc",
    ]
