"""The recorded behaviour of Promtail, replayed in process: pipelines, lines, what came of them."""

import importlib.util
import json
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sigyn.agent.configuration import load_configuration
from sigyn.agent.entry import TENANT_LABEL, AgentEntry
from sigyn.agent.errors import ConfigurationError
from sigyn.agent.metrics import StageMetrics
from sigyn.agent.stages import StagePipeline
from sigyn.languages.relabel import relabel, without_meta

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "conformance" / "promtail"
SECOND = 1_000_000_000

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the conformance suite is not beside the checkout")


def runner() -> ModuleType:
    spec = importlib.util.spec_from_file_location("promtail_run", FOLDER / "run.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cases() -> list[Any]:
    if not FOLDER.is_dir():
        return []
    text = (FOLDER / "cases.jsonl").read_text(encoding="utf-8")
    return [pytest.param(case, id=case["id"]) for case in map(json.loads, text.splitlines())]


class Clock:
    """Now plus what the case has waited for."""

    def __init__(self) -> None:
        self.now = time.time_ns()

    def __call__(self) -> int:
        return self.now


def replay(
    case: dict[str, Any], path: str, clock: Clock, metrics: StageMetrics, run: ModuleType
) -> Iterator[AgentEntry]:
    written = run.write_config(str(Path(path).parent), [case], 1, 2)
    configuration = load_configuration(Path(written).read_text(encoding="utf-8"))
    (scrape,) = configuration.scrape_configs
    (static,) = scrape.static_configs
    labels = relabel(static.labels, scrape.relabel_configs)
    if labels is None:
        return
    stream = {**without_meta(labels), "filename": path}
    pipeline = StagePipeline(scrape.pipeline_stages, scrape.job_name, metrics, clock, clock)
    at = 0.0
    for when, lines in run.inputs(case):
        clock.now += int((when - at) * SECOND)
        at = when
        yield from pipeline.flush(clock.now)
        for line in lines:
            yield from pipeline.process(AgentEntry(dict(stream), clock.now, line))
    clock.now += 5 * SECOND
    yield from pipeline.flush(clock.now)


@pytest.mark.parametrize("case", cases())
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    run = runner()
    clock = Clock()
    metrics = StageMetrics(clock)
    path = run.log_path(str(tmp_path), case)
    started = time.time()
    if case["expect"].get("rejected"):
        with pytest.raises(ConfigurationError):
            list(replay(case, path, clock, metrics, run))
        return
    entries = list(replay(case, path, clock, metrics, run))
    seen = [
        (
            {name: value for name, value in entry.labels.items() if name != TENANT_LABEL},
            entry.timestamp,
            entry.line,
            entry.metadata,
            entry.labels.get(TENANT_LABEL, ""),
        )
        for entry in entries
    ]
    ended = time.time() + 10
    samples = run.parse_metrics(metrics.render().decode())
    problems = run.judge(
        case,
        {
            "entries": [run.observed_entry(entry, path, started, ended) for entry in seen],
            "metrics": [
                {
                    **sample,
                    "labels": {
                        k: v.replace(path, run.FILE) for k, v in sample["labels"].items() if v and k != run.MARK
                    },
                }
                for sample in samples
                if any(run.selects(wanted, sample) for wanted in case.get("metrics_filter", []))
            ],
            "problem": None,
        },
    )
    assert problems == []
