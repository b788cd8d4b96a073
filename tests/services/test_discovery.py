"""service_name and detected_level: rules in a table, columns like single entries, recorded answers."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sigyn.model.known_names import LEVEL_FIELDS
from sigyn.model.labels import Labels, labels_of
from sigyn.services.detection import LEVEL_LOOPS, detect_levels, without_detected_level
from sigyn.services.discovery import (
    SPELLINGS,
    LevelRules,
    detect_level,
    level_from_line,
    with_service_name,
)
from sigyn.wire.metadata import metadata_text

RULES = LevelRules()
RECORDED = Path(__file__).parents[3] / "shared" / "conformance" / "logql"


@pytest.mark.parametrize(
    ("labels", "service"),
    [
        ({"service_name": "own", "app": "a"}, "own"),
        ({"service": "s", "app": "a"}, "s"),
        ({"job": "j", "container": "c"}, "c"),
        ({"k8s_job_name": "k", "job": "j"}, "j"),
        ({"env": "dev"}, "unknown_service"),
    ],
)
def test_service_names(labels: dict[str, str], service: str) -> None:
    assert dict(with_service_name(labels_of(labels)))["service_name"] == service


def test_labels_stay_sorted_with_the_service_name() -> None:
    assert with_service_name(labels_of({"zone": "z", "app": "a"})) == (
        ("app", "a"),
        ("service_name", "a"),
        ("zone", "z"),
    )


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ('{"level":"warn"}', "warn"),
        (' { "level" : "WARNING" , "x": 1}', "warn"),
        ('{"Level":"Information"}', "info"),
        ('{"severity":"CRITICAL"}', "critical"),
        ('{"lvl":"dbg"}', "debug"),
        ('{"SeverityText":"TRC"}', "trace"),
        ('{"log.level":"fatal"}', "fatal"),
        ('{"log":{"level":"err"}}', "error"),
        ('{"a":{"b":{"level":"inf"}}}', "unknown"),
        ('{"a":[{"level":"inf"}]}', "unknown"),
        ('{"level":30,"severity":"wrn"}', "warn"),
        ('{"level":"nonsense"}', "unknown"),
        ('{"level":"info","msg":"an error"}', "info"),
        ('{"msg":"an error","level":"info"}', "info"),
        ('{"msg":"an error"}', "error"),
        ('{"msg":"\\"level\\":\\"trc\\""}', "unknown"),
        ('{"level":"trc","broken', "trace"),
        ('{"level":"trc', "unknown"),
        ('{"x":1} {"level":"trc"}', "unknown"),
        ("level=warn msg=x", "warn"),
        ('ts=1 lvl="ERR" msg="level=info"', "error"),
        ('msg="level=inf"', "unknown"),
        ("msg=multi\nlevel=wrn", "warn"),
        ("level=other severity=dbg", "debug"),
        ('level="wrn', "unknown"),
        ("xlevel=wrn", "unknown"),
        ("fatal=1", "fatal"),
        ("this is an error, truly", "error"),
        ("[error] Error: fatal", "error"),
        ("WARNING something", "warn"),
        ("ERR: x", "error"),
        ("<info> x", "info"),
        ("(debug)", "debug"),
        ("trace", "trace"),
        ("misc:error", "unknown"),
        ("information only", "unknown"),
        ("warned", "unknown"),
        ("\x1b[33mWARN\x1b[0m", "unknown"),
        ("my_error error.go", "unknown"),
        ("", "unknown"),
    ],
)
def test_levels_of_lines(line: str, level: str) -> None:
    assert level_from_line(line, RULES) == level


@pytest.mark.parametrize(
    ("labels", "metadata", "line", "level"),
    [
        ({"level": "WARN"}, {}, "an error", "warn"),
        ({"level": "audit"}, {}, "an error", "audit"),
        ({"level": "warn"}, {"level": "error"}, "", "warn"),
        ({"level": "warn"}, {"detected_level": "ERR"}, "", "error"),
        ({}, {"detected_level": "loud"}, "", "loud"),
        ({}, {"level": "Error"}, "info", "error"),
        ({}, {"severity_text": "WARNING", "severity_number": "9"}, "", "warn"),
        ({}, {"log_level": "dbg"}, "", "debug"),
        ({}, {"severity_number": "1"}, "", "trace"),
        ({}, {"severity_number": "8"}, "", "debug"),
        ({}, {"severity_number": "12"}, "", "info"),
        ({}, {"severity_number": "13"}, "", "warn"),
        ({}, {"severity_number": "20"}, "", "error"),
        ({}, {"severity_number": "24"}, "", "fatal"),
        ({}, {"severity_number": "25"}, "info", "info"),
        ({}, {"severity_number": "many"}, "", "unknown"),
        ({}, {"severity_number": "1" * 5_000}, "", "unknown"),
        ({}, {"other": "error"}, "", "unknown"),
    ],
)
def test_what_goes_before_the_line(labels: dict[str, str], metadata: dict[str, str], line: str, level: str) -> None:
    assert detect_level(labels_of(labels), metadata, line, RULES) == level


def test_the_fields_are_those_of_the_configuration() -> None:
    rules = LevelRules(("priority",), 0)
    assert level_from_line('{"level":"trc","a":{"b":{"c":{"priority":"dbg"}}}}', rules) == "debug"
    assert detect_level((("level", "warn"),), {}, "", rules) == "unknown"


_pieces = st.sampled_from(
    [*LEVEL_FIELDS, *SPELLINGS, *map(str.upper, SPELLINGS), *'"\\{}[]:= ,;|()<>\n\t\x1b.xé1', '":"', '="', '\\"']
)
_lines = st.one_of(st.lists(_pieces, max_size=14).map("".join), st.text(max_size=20))


def by_columns(entries: list[tuple[int, dict[str, str], str]], streams: list[Labels], padding: str) -> list[str]:
    """Levels of entries (ordinal, metadata, line); `padding` makes the column long enough for the loops."""
    texts = [line.encode("utf-8", "replace").decode() for _, _, line in entries]
    found = detect_levels(
        streams,
        np.array([ordinal for ordinal, _, _ in entries] + [0], np.int32),
        pa.array([*texts, padding], pa.string()),
        pa.array([*(metadata_text(metadata.items()) for _, metadata, _ in entries), None], pa.string()),
        RULES,
    )
    return found.to_pylist()[:-1]


_labels = st.dictionaries(
    st.sampled_from(["level", "app", "severity", "lvl"]), st.sampled_from(["warn", "ERR", "audit", "x"]), max_size=2
).map(labels_of)
_metadata = st.dictionaries(
    st.sampled_from(["level", "detected_level", "severity_number", "severity_text", "k", "log_level"]),
    st.sampled_from(["warn", "ERR", "audit", "9", "99", "", '"level":"error"']),
    max_size=3,
)


@pytest.fixture(scope="module")
def level_loops() -> ModuleType:
    return LEVEL_LOOPS.warm()


@pytest.mark.usefixtures("level_loops")
@pytest.mark.parametrize("length", [1, 5_000], ids=["in Python", "compiled"])
def test_fields_may_have_any_name(length: int) -> None:
    rules = LevelRules(("", "lvl(", "@l*"))
    lines = pa.array(['{"":"warn"}', '{"@l*":"warn"}', "lvl(=debug", *["x" * 20] * length])
    metadata = pa.array(['{"k":"v"}'] * len(lines), pa.string())
    found = detect_levels([()], np.zeros(len(lines), np.int32), lines, metadata, rules).to_pylist()
    assert found == ["warn", "warn", "debug", *["unknown"] * length]


@pytest.mark.usefixtures("level_loops")
@pytest.mark.parametrize("padding", ["", "x" * (64 << 10)], ids=["in Python", "compiled"])
@settings(deadline=None)
@given(
    st.lists(_labels, min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), _metadata, _lines), max_size=6),
)
def test_columns_say_what_single_entries_say(
    padding: str, streams: list[Labels], entries: list[tuple[int, dict[str, str], str]]
) -> None:
    entries = [(ordinal % len(streams), metadata, line) for ordinal, metadata, line in entries]
    single = [
        detect_level(
            streams[ordinal],
            {name: value for name, value in metadata.items() if value},
            line.encode("utf-8", "replace").decode(),
            RULES,
        )
        for ordinal, metadata, line in entries
    ]
    assert by_columns(entries, streams, padding) == single


def test_the_loops_are_compiled_once(level_loops: ModuleType) -> None:
    detect_levels([()], np.zeros(1, np.int32), pa.array(["level=info " * 10_000]), pa.nulls(1, pa.string()), RULES)
    sliced = pa.array(["x", "level=info " * 10_000, "y"]).slice(1, 1)
    assert detect_levels([()], np.zeros(1, np.int32), sliced, pa.nulls(1, pa.string()), RULES).to_pylist() == ["info"]
    assert len(level_loops.find_levels.signatures) == 1


def test_a_level_that_was_sent_has_a_column_of_its_own() -> None:
    metadata = pa.array(
        ['{"a":"b"}', '{"detected_level":"warn"}', None, '{"a":"\\"detected_level\\":","detected_level":"x"}']
    )
    assert without_detected_level(metadata).to_pylist() == ['{"a":"b"}', None, None, '{"a":"\\"detected_level\\":"}']


def recorded_levels() -> Iterator[tuple[dict[str, str], dict[str, str], str, str]]:
    """Labels, metadata, line and level of every line in a recorded answer that shows its level."""
    sent: dict[str, list[tuple[dict[str, str], str, dict[str, str]]]] = {}
    with gzip.open(RECORDED / "dataset.jsonl.gz", "rt") as file:
        for push in map(json.loads, file):
            for stream in push["streams"]:
                for timestamp, line, *more in stream["values"]:
                    sent.setdefault(timestamp, []).append((stream["stream"], line, more[0] if more else {}))
    for case in map(json.loads, (RECORDED / "cases.jsonl").read_text().splitlines()):
        if case["expect"].get("resultType") != "streams":
            continue
        for answer in case["expect"]["result"]:
            shown = answer["stream"]
            for timestamp, _, *more in answer["values"]:
                level = shown.get("detected_level")
                if more and level is None:
                    level = more[0].get("structuredMetadata", {}).get("detected_level")
                for labels, line, metadata in sent.get(timestamp, []):
                    if level and all(
                        labels.get(name) == shown[name] for name in ("job", "app", "env") if name in shown
                    ):
                        yield labels, metadata, line, level


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded answers are not beside this checkout")
def test_recorded_levels() -> None:
    compared = 0
    for labels, metadata, line, level in recorded_levels():
        stored = json.loads(metadata_text(metadata.items()) or "{}")
        assert detect_level(labels_of(labels), stored, line, RULES) == level, line
        compared += 1
    assert compared > 400
