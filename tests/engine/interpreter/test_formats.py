"""`| line_format`, `| label_format`, `| drop` and `| keep`: what they do to labels of each origin."""

import pytest

from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.languages.logql import ast
from sigyn.languages.templates.errors import TemplateError
from tests.engine.interpreter.running import run

LINE = "tick=3 value=9"


@pytest.mark.parametrize(
    ("template", "line"),
    [
        ("{{.tick}}={{.value}}", "3=9"),
        ("{{.nosuch}}|{{.app}}|{{.trace}}", "|shop|t1"),
        ("{{ __line__ }}!", LINE + "!"),
        ('{{ __timestamp__ | date "15:04:05" }}', "00:00:01"),
    ],
)
def test_line_format(template: str, line: str) -> None:
    entry = run(f"| logfmt | line_format `{template}`", LINE, timestamp=1_000_000_000, trace="t1")
    assert entry is not None
    assert entry.line == line


def test_a_failing_template_leaves_the_line() -> None:
    entry = run("| logfmt | line_format `{{ div .value 0 }}`", LINE)
    assert entry is not None
    assert entry.line == LINE
    assert entry.parsed["__error__"] == "TemplateFormatErr"
    assert "divide by zero" in entry.parsed["__error_details__"]


def test_a_broken_template_is_refused() -> None:
    with pytest.raises(TemplateError, match="unclosed action"):
        Pipeline([ast.LineFormat("{{ .x")])


@pytest.mark.parametrize(
    ("stage", "stream", "metadata", "parsed"),
    [
        ("label_format t=tick", "app env", {"trace": "t1"}, {"t": "3", "value": "9"}),
        ("label_format t=nosuch", "app env", {"trace": "t1"}, {"tick": "3", "value": "9"}),
        ('label_format app="x"', "env", {"trace": "t1"}, {"tick": "3", "value": "9", "app": "x"}),
        ('label_format trace="x"', "app env", {}, {"tick": "3", "value": "9", "trace": "x"}),
        ("label_format id=trace", "app env", {"id": "t1"}, {"tick": "3", "value": "9"}),
        ("label_format app=tick", "env", {"trace": "t1"}, {"app": "3", "value": "9"}),
        ('label_format e="{{.nosuch}}"', "app env", {"trace": "t1"}, {"tick": "3", "value": "9", "e": ""}),
        ('label_format tick="{{.tick}}{{.value}}"', "app env", {"trace": "t1"}, {"tick": "39", "value": "9"}),
        ("drop tick, app, trace", "env", {}, {"value": "9"}),
        ('drop tick="4", value=~"[0-9]", env!="x"', "app", {"trace": "t1"}, {"tick": "3"}),
        ("drop nosuch", "app env", {"trace": "t1"}, {"tick": "3", "value": "9"}),
        ("keep tick, app", "app", {}, {"tick": "3"}),
        ('keep tick="4", value="9", trace', "", {"trace": "t1"}, {"value": "9"}),
    ],
)  # fmt: skip
def test_origins(stage: str, stream: str, metadata: dict[str, str], parsed: dict[str, str]) -> None:
    entry = run(f"| logfmt | {stage}", LINE, trace="t1")
    assert entry is not None
    assert list(entry.stream) == stream.split()
    assert entry.metadata == metadata
    assert entry.parsed == parsed


def test_templates_of_a_stage_do_not_see_each_other() -> None:
    entry = run('| logfmt | label_format a="{{.tick}}", b="{{.a}}"', LINE)
    assert entry is not None
    assert entry.parsed == {"tick": "3", "value": "9", "a": "3", "b": ""}


def test_a_renamed_stream_label_stays_one() -> None:
    entry = run("| label_format service=app", LINE)
    assert entry is not None
    assert entry.stream == {"env": "dev", "service": "shop"}


def test_errors_survive_keep_but_not_drop() -> None:
    kept = run("| json | keep app", "broken")
    assert kept is not None
    assert set(kept.parsed) == {"__error__", "__error_details__"}
    dropped = run('| json | drop __error__="JSONParserErr"', "broken")
    assert dropped is not None
    assert set(dropped.parsed) == {"__error_details__"}


def test_entries_of_a_stream_do_not_share_changes() -> None:
    pipeline = Pipeline(
        [ast.Drop((ast.LabelChoice("app"),)), ast.LabelFormat((ast.LabelAssignment("env", "e", True),))]
    )
    stream = (("app", "shop"), ("e", "dev"))
    first, second = pipeline.process(stream, 1, "a"), pipeline.process(stream, 2, "b")
    assert first is not None
    assert second is not None
    assert first.stream == second.stream == {"env": "dev"}


def test_metadata_of_a_stream_labels_name_gets_a_suffix() -> None:
    entry = run("", LINE, app="shadow", trace="t")
    assert entry is not None
    assert entry.metadata == {"app_extracted": "shadow", "trace": "t"}


def test_as_a_log_entry() -> None:
    entry = run("| logfmt --keep-empty b, a", "a= b=1", trace="t")
    assert entry is not None
    answer = entry.as_log_entry()
    assert answer.stream == (("app", "shop"), ("env", "dev"))
    assert answer.metadata == (("trace", "t"),)
    assert answer.parsed == (("a", ""), ("b", "1"))
