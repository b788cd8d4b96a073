"""The recorded answers of Loki, replayed through parser, interpreter and vectors without a server.

Runs only where the shared conformance folder lies beside the checkout.
"""

import gzip
import importlib.util
import json
import re
from collections.abc import Iterator
from datetime import datetime
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sigyn.engine.interpreter.extraction import Entry
from sigyn.engine.interpreter.pipeline import Pipeline
from sigyn.engine.interpreter.reference import evaluate
from sigyn.engine.interpreter.selectors import selector_matches
from sigyn.engine.vectors.block import SeriesBlock, matrix_of, vector_of
from sigyn.engine.vectors.grid import StepGrid
from sigyn.languages.durations import parse_duration
from sigyn.languages.go_numbers import format_short
from sigyn.languages.logql import ast, parse
from sigyn.model.errors import SigynError
from sigyn.model.labels import Labels, labels_of
from sigyn.model.time import SECOND
from sigyn.services.discovery import DETECTED_LEVEL, LevelRules, detect_level, with_service_name
from sigyn.wire.metadata import sanitize_name

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "conformance" / "logql"
MAXIMUM_SERIES = 500

pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason="the conformance folder is not beside the checkout")


@cache
def runner() -> ModuleType:
    """The conformance runner, for its comparison."""
    spec = importlib.util.spec_from_file_location("logql_conformance", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def dataset() -> list[Entry]:
    """All distinct entries in the order of the pushes, with what Loki finds out about them."""
    entries: dict[Entry, None] = {}
    rules = LevelRules()
    with gzip.open(FOLDER / "dataset.jsonl.gz", "rt", encoding="utf-8") as pushes:
        for push in pushes:
            for stream in json.loads(push)["streams"]:
                labels = with_service_name(tuple(sorted(stream["stream"].items())))
                for timestamp, line, *rest in stream["values"]:
                    sent = rest[0].items() if rest else ()
                    metadata = {sanitize_name(name): value for name, value in sent if value}
                    metadata[DETECTED_LEVEL] = detect_level(labels, metadata, line, rules)
                    entries[labels, int(timestamp), line, labels_of(metadata)] = None
    return list(entries)


def cases() -> Iterator[Any]:
    """The queries that Loki answered, and those that it refused for what they say."""
    if not FOLDER.exists():
        return
    for line in (FOLDER / "cases.jsonl").read_text(encoding="utf-8").splitlines():
        case = json.loads(line)
        # Recorded refusals that are not the query's fault, but its arguments', need a server.
        about_query = case["kind"] in ("query", "query_range") and "query" in case.get("params", {})
        if about_query and (case["expect"]["status"] == 200 or case["category"] not in ("api-params", "limits")):
            yield pytest.param(case, id=case["id"])


def instant(text: str) -> int:
    if re.fullmatch(r"[0-9]+", text):
        return int(text) if len(text) > 10 else int(text) * SECOND
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def width(text: str) -> int:
    return int(float(text) * SECOND) if re.fullmatch(r"[0-9.]+", text) else parse_duration(text)


def answer(case: dict[str, Any]) -> dict[str, Any]:
    """What a server would send for a case, as the runner normalises it."""
    parameters = case["params"]
    try:
        query = parse(parameters["query"])
        if case["kind"] == "query":
            return metric_answer(query, StepGrid.instant(instant(parameters["time"])), instant_query=True)
        end = instant(parameters["end"])
        start = instant(parameters["start"]) if "start" in parameters else end - width(parameters.get("since", "1h"))
        if end < start:
            return {"status": 400, "error": "end timestamp must not be before or equal to start time"}
        if isinstance(query, ast.LogQuery):
            return log_answer(query, start, end, case)
        step = width(parameters["step"]) if "step" in parameters else max(1, (end - start) // SECOND // 250) * SECOND
        if step <= 0:
            return {"status": 400, "error": "zero or negative query resolution step widths are not accepted"}
        return metric_answer(query, StepGrid.aligned(start, end, step), instant_query=False)
    except SigynError as error:
        return {"status": error.status, "error": str(error)}


def metric_answer(query: ast.Query, grid: StepGrid, *, instant_query: bool) -> dict[str, Any]:
    if isinstance(query, ast.LogQuery):
        return {"status": 400, "error": "log queries are not supported as an instant query type"}
    value = evaluate(query, dataset(), grid.start, grid.end, grid.step, strict=True).value
    if not instant_query:
        series = matrix_of(value, grid).series
        if len(series) > MAXIMUM_SERIES:
            return {"status": 400, "error": "maximum number of series reached"}
        return {
            "status": 200,
            "resultType": "matrix",
            "result": [
                {
                    "metric": dict(one.labels),
                    "values": [
                        [time / SECOND, format_short(number)]
                        for time, number in zip(one.timestamps.tolist(), one.values.tolist(), strict=True)
                    ],
                }
                for one in series
            ],
        }
    if not isinstance(value, SeriesBlock):
        return {"status": 200, "resultType": "scalar", "result": [grid.start / SECOND, format_short(value)]}
    samples = vector_of(value, grid).samples
    return {
        "status": 200,
        "resultType": "vector",
        "result": [
            {"metric": dict(one.labels), "value": [grid.start / SECOND, format_short(one.value)]} for one in samples
        ],
    }


def log_answer(query: ast.LogQuery, start: int, end: int, case: dict[str, Any]) -> dict[str, Any]:
    parameters = case["params"]
    forward = parameters.get("direction", "backward") == "forward"
    categorized = "categorize-labels" in case.get("headers", {}).get("X-Loki-Response-Encoding-Flags", "")
    pipeline = Pipeline(query.stages)
    selected = [
        entry
        for entry in dataset()
        if (start <= entry[1] < end or start == entry[1] == end) and selector_matches(query.selector, entry[0])
    ]
    selected.sort(key=lambda entry: entry[1])
    streams: dict[Labels, list[list[Any]]] = {}
    limit, every = int(parameters.get("limit", "100")), width(parameters.get("interval", "0"))
    last: int | None = None
    for entry in selected if forward else reversed(selected):
        processed = pipeline.process(*entry)
        if processed is None or (last is not None and abs(entry[1] - last) < every):
            continue
        last = entry[1]
        found = processed.as_log_entry()
        if categorized:
            origins = {"structuredMetadata": dict(found.metadata), "parsed": dict(found.parsed)}
            key, extra = found.stream, [{name: labels for name, labels in origins.items() if labels}]
        else:
            key, extra = tuple(sorted(found.stream + found.metadata + found.parsed)), []
        streams.setdefault(key, []).append([str(found.timestamp), found.line, *extra])
        limit -= 1
        if not limit:
            break
    result = [{"stream": dict(labels), "values": values} for labels, values in streams.items()]
    flags = {"encodingFlags": ["categorize-labels"]} if categorized else {}
    return {"status": 200, "resultType": "streams", "result": result, **flags}


@pytest.mark.parametrize("case", list(cases()))
def test_answers_as_loki_does(case: dict[str, Any]) -> None:
    reason = runner().compare(case, answer(case))
    assert reason is None, f"{case['params']['query']}\n{reason}"
